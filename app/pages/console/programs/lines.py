"""Lists that are typed in lines, and shown in lines again."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from app.core.language import N_, gettext
from app.pages.parts.form import refused
from app.schemas.client import ClaimMapping
from app.setting_types import SCOPE_TOKEN
from app.utils import strict_json
from app.utils.strict_json import NotStrict

_SCOPE = re.compile(SCOPE_TOKEN)
_UNREAD = N_("This line cannot be read: %(line)s")


def lines_of(text: str) -> list[str]:
    """Return the lines that have anything in them."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def number_of(text: str) -> int | str | None:
    """Return a number that was typed; what is none is for its field to refuse."""
    return int(text) if text.isdecimal() and len(text) < 10 else text or None


def unread(field: str, line: str) -> Exception:
    """Return the refusal of a form for a line that says nothing that is understood."""
    return refused(field, "unread_line", gettext(_UNREAD) % {"line": line})


def json_of(field: str, text: str) -> Any:
    """Return what JSON that somebody typed says.

    Raises:
        Unprocessable: It is none.
    """
    try:
        return strict_json.parse(text)
    except NotStrict:
        said = N_("This cannot be read as JSON.")
        raise refused(field, "unread_json", said) from None


def read_pairs(field: str, text: str) -> dict[str, str]:
    """Return scopes and what each means: ``read = See your orders``.

    Raises:
        Unprocessable: A line has no scope before its sign, or one that is there twice.
    """
    found: dict[str, str] = {}
    for line in lines_of(text):
        sign = " = " if " = " in line else "="  # a scope may have a sign in it
        name, _, said = (part.strip() for part in line.partition(sign))
        if not _SCOPE.fullmatch(name) or name in found:
            raise unread(field, line)
        found[name] = said
    return found


def read_claims(field: str, text: str) -> list[dict[str, Any]]:
    """Return mappings: ``teams = groups``, or one as the API has it, in JSON.

    Raises:
        Unprocessable: A line is neither.
    """
    return [_claim(field, line) for line in lines_of(text)]


def _claim(field: str, line: str) -> dict[str, Any]:
    if not line.startswith("{"):
        claim, sign, source = (part.strip() for part in line.partition("="))
        if not (claim and sign and source):
            raise unread(field, line)
        line = json.dumps({"claim": claim, "source": source})
    try:
        return ClaimMapping.model_validate_json(line).model_dump()
    except ValidationError:
        raise unread(field, line) from None


def typed_claims(mappings: Sequence[Mapping[str, Any]]) -> str:
    """Return mappings as they are typed."""
    return "\n".join(_line(each) for each in mappings)


def _line(mapping: Mapping[str, Any]) -> str:
    usual = {"values": [], "format": "flat", "prefix": ""}
    said = {name: value for name, value in mapping.items() if value != usual.get(name)}
    claim, source = str(mapping["claim"]), str(mapping["source"])
    is_plain = said.keys() == {"claim", "source"} and "=" not in claim
    if is_plain and not claim.startswith("{"):
        return f"{claim} = {source}"
    return json.dumps(said, ensure_ascii=False)
