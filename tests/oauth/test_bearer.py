"""How an access token comes, and what a refusal says."""

import re

import pytest

from app.oauth import errors
from app.oauth.bearer import challenge, read_access_token
from app.oauth.errors import (
    InsufficientScope,
    InvalidRequest,
    InvalidToken,
    OAuthError,
)
from app.oauth.parameters import parse_form
from tests.oauth.token_support import parameters

TOKEN = "mF_9.B5f-4.1JqM"  # RFC 6750 §2.1


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER  "])
def test_a_token_in_the_field(scheme: str) -> None:
    """RFC 6750 §2.1: resource servers MUST support this."""
    assert read_access_token(scheme + TOKEN) == TOKEN


def test_a_token_in_a_form() -> None:
    """RFC 6750 §2.2: the example of the standard."""
    assert read_access_token(None, parse_form(b"access_token=mF_9.B5f-4.1JqM")) == TOKEN


def test_no_token_is_no_fault() -> None:
    """RFC 6750 §3.1: a request without authentication is told no error."""
    for field in (None, "", "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW", "Bearerx", "DPoP a"):
        assert read_access_token(field) is None
        assert read_access_token(field, parameters()) is None


def test_two_ways_are_one_too_many() -> None:
    """RFC 6750 §2: clients MUST NOT use more than one method; §3.1 has the error."""
    for field in (f"Bearer {TOKEN}", "Bearer"):
        with pytest.raises(InvalidRequest):
            read_access_token(field, parameters(access_token=TOKEN))


@pytest.mark.parametrize(
    "field",
    [
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer a,b",
        'Bearer "a"',
        "Bearer a=b",
        "Bearer =",
        "Bearer caf\xe9",
        "Bearer \x00",
        "Bearer a\nb",
    ],
)
def test_t145_a_malformed_token_is_a_401(field: str) -> None:
    """RFC 6750 §2.1: b64token, and nothing else."""
    with pytest.raises(InvalidToken) as refusal:
        read_access_token(field)

    assert refusal.value.status == 401
    with pytest.raises(InvalidToken):
        read_access_token(None, parameters(access_token="a b"))


def test_the_challenges_of_the_standard() -> None:
    """RFC 6750 §3: both examples, word for word."""
    expired = InvalidToken("The access token expired")

    assert challenge(realm="example") == 'Bearer realm="example"'
    assert challenge(expired, realm="example") == (
        'Bearer realm="example", error="invalid_token", '
        'error_description="The access token expired"'
    )


def test_what_is_missing_is_said() -> None:
    """RFC 6750 §3.1: insufficient_scope MAY name the scope that is needed."""
    answer = challenge(InsufficientScope(), realm="example", scope=["openid", "email"])

    assert answer == (
        'Bearer realm="example", error="insufficient_scope", scope="openid email"'
    )


def test_the_status_of_each_error() -> None:
    """RFC 6750 §3.1: 400, 401 and 403."""
    kinds = (InvalidRequest, InvalidToken, InsufficientScope)

    assert [kind.status for kind in kinds] == [400, 401, 403]


def test_nothing_breaks_out_of_a_challenge() -> None:
    """RFC 6750 §3: error_description MUST NOT have quotes, backslashes, controls."""
    nasty = InvalidToken('a"b\\c\r\nSet-Cookie: d=é')

    answer = challenge(nasty, realm="example")

    assert 'error_description="a?b?c??Set-Cookie: d=?"' in answer


def test_every_error_has_a_code_that_can_be_sent() -> None:
    """RFC 6750 §3: error is of the same characters."""
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, OAuthError)
    ]

    for kind in kinds:
        if hasattr(kind, "error"):
            assert re.fullmatch(r"[a-z_]+", kind.error)
            assert f'error="{kind.error}"' in challenge(kind(), realm="x")
