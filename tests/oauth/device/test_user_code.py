"""RFC 8628 §6.1: what a person types."""

import math

import pytest

from app.oauth.device.user_code import (
    ALPHABET,
    CHANCE,
    LENGTH,
    new_user_code,
    read_user_code,
    shown_user_code,
)


def test_it_has_the_entropy_of_the_standard() -> None:
    """RFC 8628 §6.1: the example has eight of twenty characters, 34.5 bits."""
    assert LENGTH * math.log2(len(set(ALPHABET))) >= 34.5


def test_no_letters_look_alike_or_make_words() -> None:
    """RFC 8628 §6.1: no digits beside letters, no vowels."""
    assert ALPHABET.isalpha()
    assert ALPHABET.isupper()
    assert set("AEIOUY").isdisjoint(ALPHABET)


def test_each_letter_is_as_likely() -> None:
    """Bytes above the last whole round are thrown away."""
    everything = bytes(range(256))
    taken = [byte for byte in everything if byte < 240]
    codes = [new_user_code(bytes([byte] * LENGTH)) for byte in taken]

    counts = {letter: codes.count(letter * LENGTH) for letter in ALPHABET}
    assert set(counts.values()) == {12}
    assert new_user_code(bytes([255] * 10 + [0] * LENGTH)) == "B" * LENGTH


def test_too_little_chance_is_no_code() -> None:
    """Rather none than one that could be guessed."""
    with pytest.raises(ValueError, match="chance"):
        new_user_code(bytes([255] * CHANCE))


def test_it_is_shown_in_two_groups() -> None:
    """RFC 8628 §6.1: dashes make it readable."""
    assert shown_user_code("WDJBMJHT") == "WDJB-MJHT"


@pytest.mark.parametrize(
    "typed",
    [
        "WDJBMJHT",
        "WDJB-MJHT",
        "wdjb-mjht",
        " wdjb mjht ",
        "Wd-Jb-Mj-Ht",
        "WDJB\N{EN DASH}MJHT",
        "\N{FULLWIDTH LATIN CAPITAL LETTER W}djb\N{IDEOGRAPHIC SPACE}mjht",
    ],
)
def test_case_and_dashes_do_not_matter(typed: str) -> None:
    """RFC 8628 §6.1: case counts for nothing, nor what is no such character."""
    assert read_user_code(typed) == "WDJBMJHT"


@pytest.mark.parametrize(
    "typed",
    ["", "-", "WDJB-MJH", "WDJB-MJHTT", "WDJA-MJHT", "WDJ1-MJHT", "WDJ\0-MJHTт", "ß"],
)
def test_anything_else_is_no_code(typed: str) -> None:
    """What nobody was given is not looked up."""
    assert read_user_code(typed) is None


def test_a_long_text_is_cut_before_it_is_read() -> None:
    """A megabyte of letters costs no more than a line."""
    assert read_user_code("WDJB-MJHT" + "-" * 1_000_000 + "X") == "WDJBMJHT"
