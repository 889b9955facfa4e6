"""JSON of a column is read as Python's own reader has it."""

import json

import pytest

from app.database import _read_json

VALUES = (
    *(
        "{}",
        "[]",
        '["pwd"]',
        '{"a": {"b": [1, 2.5, null, true]}}',
        '"\\ud800"',
        "1e999",
    ),
    *(str(10**40), " {} ", "\n[1]\t", '{"a": 1, "a": 2}', "NaN", '"\\u20ac"'),
)
NONE = ("", " ", "{", "{} {}", "[1,]", "nothing", "\x00", '{"a": 1}x', "[" * 100_000)


@pytest.mark.parametrize("text", VALUES)
def test_a_value_is_read_as_ever(text: str) -> None:
    assert repr(_read_json(text)) == repr(json.loads(text))


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_value_is_refused_as_ever(text: str) -> None:
    with pytest.raises((ValueError, RecursionError)) as ours:
        _read_json(text)
    with pytest.raises((ValueError, RecursionError)) as theirs:
        json.loads(text)

    assert repr(ours.value) == repr(theirs.value)
