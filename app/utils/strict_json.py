"""JSON as RFC 8259 and I-JSON (RFC 7493) have it, and nothing looser.

Parsers disagree about duplicate keys, NaN, lone surrogates and U+0000, and databases
about the last; what is nested too deeply one reads and another one cannot write. What
they disagree about is refused, wherever it was written: in the body of a request, in a
document that somebody publishes, or in the field of a form.
"""

import json
from math import isfinite
from typing import Any

MAX_DEPTH = 16


class NotStrict(ValueError):
    """It is not JSON that every parser reads alike; the text says why, and no value."""


def parse(text: bytes | str) -> Any:
    """Return what JSON says.

    Raises:
        NotStrict: It is none, or parsers would read it differently.
    """
    try:
        content = json.loads(
            text.decode() if isinstance(text, bytes) else text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_integer,
        )
    except NotStrict:
        raise
    except (ValueError, RecursionError) as error:
        raise NotStrict(_flaw(error)) from None
    _check_strings(content, 0)
    return content


def _flaw(error: Exception) -> str:
    """Name the kind of flaw and its place; what stands there may be a secret."""
    if isinstance(error, json.JSONDecodeError):
        kind = error.msg.partition(":")[0].removesuffix(" at")
        return f"{kind}, line {error.lineno} column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 at byte {error.start}"
    return "nested too deeply" if isinstance(error, RecursionError) else "a long number"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise NotStrict("a key twice")
    return content


def _constant(name: str) -> Any:
    raise NotStrict(f"{name} is no JSON")


def _integer(text: str) -> int:
    """Refuse what not every writer of JSON writes again (RFC 7493 section 2.2)."""
    number = int(text)
    if not -(2**63) <= number < 2**63:
        raise NotStrict("a long number")
    return number


def _float(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise NotStrict("a long number")
    return number


def _check_strings(content: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise NotStrict("nested too deeply")
    if isinstance(content, str):
        _check_string(content)
    elif isinstance(content, dict):
        for key, value in content.items():
            _check_string(key)
            _check_strings(value, depth + 1)
    elif isinstance(content, list):
        for value in content:
            _check_strings(value, depth + 1)


def _check_string(text: str) -> None:
    if "\0" in text:
        raise NotStrict("U+0000")
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise NotStrict("a lone surrogate")
