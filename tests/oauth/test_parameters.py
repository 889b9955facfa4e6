"""The parameters of a protocol request, as one parser reads them."""

import pytest

from app.oauth.errors import InvalidRequest, error_codes
from app.oauth.parameters import (
    MAX_LENGTH,
    MAX_PARAMETERS,
    Parameters,
    parse_form,
    parse_query,
)


def test_a_form_is_read_as_the_standard_says() -> None:
    """RFC 6749 appendix B: the example of the form encoding, verbatim."""
    read = parse_form(b"value=+%25%26%2B%C2%A3%E2%82%AC")

    assert dict(read) == {"value": " %&+\u00a3\u20ac"}


@pytest.mark.parametrize(
    "raw",
    [b"a=b c", b"a=b=c&=&b", b"a=\xc3\xa4&&b=1", b"a", b"", b"a=1&a=2&b=3", b"=&a=;"],
)
def test_what_is_not_encoded_is_read_as_if_it_were(raw: bytes) -> None:
    encoded = b"".join(
        bytes([each]) if each in b"&=" else b"%%%02X" % each for each in raw
    )

    assert parse_query(raw) == parse_query(encoded)
    assert parse_query(raw.replace(b" ", b"+")) == parse_query(encoded)


def test_a_parameter_without_a_value_is_absent() -> None:
    """RFC 6749 §3.1, §3.2: sent without a value is as if omitted."""
    read = parse_form(b"a=&b&&c=1&=x")

    assert dict(read) == {"c": "1", "": "x"}
    assert len(read) == 2
    with pytest.raises(InvalidRequest) as refused:
        read.need("a")
    assert refused.value.description == "a is missing"
    assert read.need("c") == "1"


@pytest.mark.parametrize("raw", [b"a=1&a=2", b"a=1&%61=2", b"a=&a=1", b"a&a"])
def test_trap_21_a_parameter_that_is_there_twice_is_refused(raw: bytes) -> None:
    """RFC 6749 §3.1, §3.2: parameters must not be included more than once."""
    with pytest.raises(InvalidRequest):
        parse_form(raw)


def test_trap_21_what_is_there_twice_is_named_and_never_read() -> None:
    """RFC 6749 §3.1: the client is told, at an address that is there once."""
    read, repeated = parse_query(b"a=1&b=2&%61=3&c=&c&a=4")

    assert dict(read) == {"b": "2"}
    assert repeated == {"a", "c"}


@pytest.mark.parametrize(
    "raw",
    [
        b"a=%ff",
        b"a=\xff",
        b"%ff=a",
        b"a=%00",
        b"%00=a",
        b"a=%ed%a0%80",
        b"a=" + b"x" * MAX_LENGTH,
        b"&".join(b"a%d=1" % n for n in range(MAX_PARAMETERS + 1)),
    ],
)
def test_trap_11_what_is_no_text_is_refused(raw: bytes) -> None:
    """RFC 6749 appendix B: names and values are UTF-8."""
    with pytest.raises(InvalidRequest):
        parse_form(raw)


def test_known_values_need_no_parsing() -> None:
    assert dict(Parameters({"a": "1", "b": ""})) == {"a": "1"}


def test_a_code_of_ours_is_told_from_any_other_word() -> None:
    """A browser brings ``error`` back, and may bring whatever it likes."""
    assert {"access_denied", "login_required", "slow_down"} <= error_codes()
    assert error_codes().isdisjoint({"", "ada@example.com", "Access_Denied"})
