"""Recovery codes: long enough to be stored as digests, read as people type them."""

import re
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.factors.base import Ceremony, Enrolled, FactorRefused
from app.factors.recovery_code import (
    CODE_BYTES,
    COUNT,
    RecoveryCode,
    code_of,
    read_code,
    stored_form,
)
from tests.factors.samples import DIGEST, NOW

_ME, _OTHER = UUID(int=1), UUID(int=2)
_CODE = code_of(bytes.fromhex("00443214c74254b635cf84653a56d7"))
_CHANCE = st.binary(min_size=CODE_BYTES, max_size=CODE_BYTES)


def _accepts(answer: str, user_id: UUID = _ME) -> bool:
    row = Enrolled(id=UUID(int=3), secret=stored_form(_CODE, _ME, DIGEST))
    ceremony = Ceremony(now=NOW, user_id=user_id, digest=DIGEST)
    try:
        RecoveryCode().verify([row], answer, ceremony)
    except FactorRefused:
        return False
    return True


def test_there_are_ten_of_112_bits_or_more() -> None:
    assert COUNT == 10
    assert CODE_BYTES * 8 >= 112  # ASVS 6.5.2: below, a password hash is needed


@settings(max_examples=40, deadline=None, database=None)
@given(one=_CHANCE, other=_CHANCE)
def test_a_code_is_all_of_its_chance_in_letters_that_nobody_mistakes(
    one: bytes, other: bytes
) -> None:
    code = code_of(one)

    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){5}", code)
    assert (code == code_of(other)) == (one == other)
    assert read_code(code) == code.replace("-", "")


@pytest.mark.parametrize(
    "typed",
    [
        _CODE,
        _CODE.lower(),
        _CODE.replace("-", ""),
        _CODE.replace("-", " "),
        _CODE.replace("-", "\u2013"),
        f"\u200b {_CODE}\n",
        _CODE.replace("0", "O").replace("1", "I"),
        _CODE.replace("0", "o").replace("1", "l"),
        "".join(chr(ord(char) + 0xFEE0) for char in _CODE),
    ],
)
def test_a_code_is_read_as_people_type_it(typed: str) -> None:
    assert {"0", "1"} < {*_CODE}
    assert _accepts(typed)


@pytest.mark.parametrize(
    "typed", [_CODE[:-1], _CODE + "0", _CODE[::-1], _CODE + "é", _CODE + "!", "----"]
)
def test_anything_else_is_refused(typed: str) -> None:
    assert not _accepts(typed)


def test_a_row_copied_to_another_account_works_for_nobody() -> None:
    assert _accepts(_CODE)
    assert not _accepts(_CODE, user_id=_OTHER)


def test_what_is_stored_is_no_plain_hash_of_the_code() -> None:
    stored = stored_form(_CODE, _ME, DIGEST)

    assert stored != stored_form(_CODE, _ME, lambda *parts: b"".join(parts))
    assert _CODE.encode() not in stored
