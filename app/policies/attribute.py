"""What an attribute may be of a person, judged by its definition (ADR-0088)."""

import json
import math
import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Protocol

from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema

from app.schemas.attribute import MAX_TEXT
from app.typed_text import shown_text

MAX_ATTRIBUTES = 50  # definitions of an installation
MAX_LISTED = 50  # texts of a list
MAX_BYTES = 8_192  # of all values of one person, as JSON
_RULES = ("pattern", "max_length", "allowed")
_TEXTS = frozenset({"string", "strings"})
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# I-JSON (RFC 7493 section 2.2): no reader is sure of whole numbers beyond.
_MAX_NUMBER = 2**53 - 1


class Definition(Protocol):
    """What of a definition judges values."""

    type: Any
    pattern: Any
    max_length: Any
    allowed: Any


def check_definition(definition: Definition) -> None:
    """Refuse a definition that no value could be judged by.

    Raises:
        ValueError: It is said which field (first argument), and why (second).
    """
    for name in _RULES:
        if getattr(definition, name) is not None and definition.type not in _TEXTS:
            raise ValueError(name, f"is for texts, not for a {definition.type}")
    if definition.pattern is not None:
        try:
            _matcher(definition.pattern)
        except SchemaError:
            message = "must be a regular expression without look-around and references"
            raise ValueError("pattern", message) from None
    for value in definition.allowed or ():
        try:
            _text(definition, value, among=False)
        except ValueError as error:
            raise ValueError("allowed", f"has a value that {error}") from None


def is_looser(definition: Definition, change: Mapping[str, Any]) -> bool:
    """Tell whether a change lets texts be values that were none before.

    Which texts two patterns have in common nobody can say; another one is looser.
    """
    new = {name: change.get(name, getattr(definition, name)) for name in _RULES}
    before = definition
    if before.pattern is not None and new["pattern"] != before.pattern:
        return True
    if before.allowed is not None and (
        new["allowed"] is None or not set(new["allowed"]) <= set(before.allowed)
    ):
        return True
    most = before.max_length or MAX_TEXT
    return bool((new["max_length"] or MAX_TEXT) > most)


def judged(definition: Definition, value: Any) -> Any:
    """Return a value as it is stored; None where it is empty.

    Raises:
        ValueError: It is not what the definition wants; the text says what that is.
    """
    if value is None or value == "" or value == []:
        return None
    if definition.type == "strings":
        return _listed(definition, value)
    if definition.type == "number":
        return _number(value)
    if definition.type == "boolean":
        if not isinstance(value, bool):
            raise ValueError("must be true or false")
        return value
    if definition.type == "date":
        return _date(value)
    return _text(definition, value) or None


def from_texts(definition: Definition, texts: list[str]) -> Any:
    """Return what texts mean, of a form or of a product that knows nothing else.

    What they cannot mean is returned as it is, for ``judged`` to refuse.
    """
    given = [text.strip() for text in texts if text.strip()]
    if definition.type == "strings" or len(given) > 1:
        return given
    text = given[0] if given else ""
    if definition.type == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    if definition.type == "number":
        return _read_number(text)
    return text


def size_of(values: Mapping[str, Any]) -> int:
    """Return how many bytes the values of a person are."""
    return len(json.dumps(dict(values), ensure_ascii=False).encode())


def _read_number(text: str) -> Any:
    try:
        return int(text) if re.fullmatch(r"-?[0-9]{1,16}", text) else float(text)
    except ValueError:
        return text


def _number(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # In this order: a whole number of a file may be beyond any float.
    if not is_number or abs(value) > _MAX_NUMBER or not math.isfinite(value):
        raise ValueError("must be a number")
    return value


def _date(value: Any) -> str:
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise ValueError("must be a day that there is, YYYY-MM-DD")


def _listed(definition: Definition, value: Any) -> list[str] | None:
    if not isinstance(value, list) or len(value) > MAX_LISTED:
        raise ValueError(f"must be a list of at most {MAX_LISTED} texts")
    texts = (_text(definition, each) for each in value)
    return list(dict.fromkeys(text for text in texts if text)) or None


def _text(definition: Definition, value: Any, *, among: bool = True) -> str:
    if not isinstance(value, str):
        kind = "a text" if definition.type == "string" else "a list of texts"
        raise ValueError(f"must be {kind}")
    most = definition.max_length or MAX_TEXT
    if len(value) > MAX_TEXT or len(text := shown_text(value)) > most:
        raise ValueError(f"must have at most {most} characters")
    if definition.pattern is not None and not _matches(definition.pattern, text):
        raise ValueError("must match the pattern of the attribute")
    if among and definition.allowed is not None and text not in definition.allowed:
        raise ValueError("must be one of the allowed values")
    return text


def _matches(pattern: str, text: str) -> bool:
    try:
        _matcher(pattern).validate_python(text)
    except ValidationError:
        return False
    return True


@lru_cache(maxsize=MAX_ATTRIBUTES)
def _matcher(pattern: str) -> SchemaValidator:
    """Return what matches all of a text in linear time, whatever the pattern is.

    The engine of Rust knows no backtracking; Python's own could be kept busy for
    minutes by a pattern and a text of thirty letters.
    """
    alone = core_schema.str_schema(pattern=pattern, regex_engine="rust-regex")
    SchemaValidator(alone)  # a parenthesis too many would close ours
    whole = rf"\A(?:{pattern})\z"
    schema = core_schema.str_schema(pattern=whole, regex_engine="rust-regex")
    return SchemaValidator(schema)
