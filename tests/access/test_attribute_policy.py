"""What an attribute may be, judged by its definition: no database, no request."""

from typing import Any

import pytest

from app.models import Attribute
from app.policies.attribute import check_definition, from_texts, judged


def defined(**rules: Any) -> Attribute:
    """Return a definition of a text, unless it says otherwise."""
    usual = {"type": "string", "pattern": None, "max_length": None, "allowed": None}
    return Attribute(name="x", **usual | rules)


@pytest.mark.parametrize(
    ("field", "rules"),
    [
        ("pattern", {"pattern": "a)|(b"}),
        ("pattern", {"pattern": r"(a)\1"}),
        ("pattern", {"pattern": "a(?=b)"}),
        ("pattern", {"pattern": "[0-9]", "type": "number"}),
        ("max_length", {"max_length": 7, "type": "date"}),
        ("allowed", {"allowed": ["true"], "type": "boolean"}),
        ("allowed", {"allowed": ["abc"], "max_length": 2}),
        ("allowed", {"allowed": ["A"], "pattern": "[a-z]"}),
    ],
)
def test_what_could_judge_nothing_is_no_definition(
    field: str, rules: dict[str, Any]
) -> None:
    with pytest.raises(ValueError) as refused:
        check_definition(defined(**rules))

    assert refused.value.args[0] == field


@pytest.mark.parametrize(
    ("rules", "good", "bad"),
    [
        ({}, "Zürich", 7),
        ({}, "x" * 1_000, "x" * 1_001),
        ({}, "a b", "a\u202eb"),
        ({"type": "number"}, 4.5, "4.5"),
        ({"type": "number"}, -7, True),
        ({"type": "number"}, 2**53 - 1, 2**53),
        ({"type": "number"}, 0, float("nan")),
        ({"type": "number"}, 1, 10**400),
        ({"type": "boolean"}, False, "false"),
        ({"type": "boolean"}, True, 1),
        ({"type": "date"}, "2024-02-29", "2023-02-29"),
        ({"type": "date"}, "1999-12-31", "31.12.1999"),
        ({"type": "strings"}, ["b", "a"], "b"),
        ({"type": "strings"}, ["a"], [["a"]]),
        ({"type": "strings"}, [str(n) for n in range(50)], ["a"] * 51),
        ({"type": "strings", "pattern": "[a-z]"}, ["a", "b"], ["a", "B"]),
        ({"pattern": "[a-z]+"}, "abc", "abc1"),
        ({"pattern": "a|b"}, "b", "bc"),
        ({"pattern": "(a+)+b"}, "aab", "a" * 1_000),  # others try for years
        ({"max_length": 3}, "abc", "abcd"),
        ({"allowed": ["ops"]}, "ops", "Ops"),
    ],
)
def test_values_are_what_their_definition_wants(
    rules: dict[str, Any], good: Any, bad: Any
) -> None:
    definition = defined(**rules)

    assert judged(definition, good) == good
    assert type(judged(definition, good)) is type(good)
    with pytest.raises(ValueError):
        judged(definition, bad)


@pytest.mark.parametrize("empty", [None, "", "  ", [], [" "]])
def test_nothing_is_no_value(empty: Any) -> None:
    kind = "strings" if isinstance(empty, list) else "string"

    assert judged(defined(type=kind), empty) is None


def test_a_list_names_each_text_once() -> None:
    assert judged(defined(type="strings"), ["b", "a", " b"]) == ["b", "a"]


@pytest.mark.parametrize(
    ("kind", "texts", "meant"),
    [
        ("string", ["7"], "7"),
        ("string", [" "], ""),
        ("string", ["a", "b"], ["a", "b"]),
        ("strings", ["a"], ["a"]),
        ("number", ["7"], 7),
        ("number", ["7.5"], 7.5),
        ("number", ["seven"], "seven"),
        ("boolean", ["True"], True),
        ("boolean", ["yes"], "yes"),
        ("date", ["2024-02-29"], "2024-02-29"),
    ],
)
def test_texts_mean_what_their_type_says(
    kind: str, texts: list[str], meant: Any
) -> None:
    read = from_texts(defined(type=kind), texts)

    assert read == meant and type(read) is type(meant)
