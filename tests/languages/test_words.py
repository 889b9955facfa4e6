"""Instants and numbers, as each language writes them."""

from datetime import UTC, datetime

import pytest

from app.core.language import speaking
from app.core.language.words import (
    spoken_date,
    spoken_day,
    spoken_instant,
    spoken_number,
)

_AT = datetime(2026, 3, 5, 7, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tag", "day", "date", "instant", "number"),
    [
        ("en", "5 March 2026", "03-05", "5 March 2026, 07:04 UTC", "1,234,567"),
        ("de", "5. März 2026", "05.03.", "5. März 2026, 07:04 UTC", "1.234.567"),
    ],
)
def test_instants_and_numbers_are_said_in_the_language(
    tag: str, day: str, date: str, instant: str, number: str
) -> None:
    with speaking(tag):
        assert spoken_day(_AT) == day
        assert spoken_date(_AT) == date
        assert spoken_instant(_AT) == instant
        assert spoken_number(1_234_567) == number
        assert spoken_number(999) == "999"
