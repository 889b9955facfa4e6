"""Single values of what strangers sent, read without trusting their form."""

from collections.abc import Mapping
from typing import Any

import orjson

from app.upstreams.protocol import Reason, Refused
from app.utils.helpers import printable

MAX_SUBJECT = 255  # OIDC Core §2: MUST NOT exceed 255 ASCII characters in length
MAX_TOKEN = 16_384  # characters of a token; Entra puts 200 groups into one
MAX_EMAIL = 320
_MAX_WORD = 255
_MOST_WORDS = 20


def shown(value: Any) -> str:
    """Return a value for the audit trail: short, printable, and ASCII if no text."""
    return printable(value if isinstance(value, str) else ascii(value), 200)


def text(members: Mapping[str, Any], name: str, longest: int) -> str | None:
    """Return a member that is a text which can be kept, or None."""
    value = members.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        return None
    return value if value.isprintable() else None


def token(members: Mapping[str, Any], name: str) -> str | None:
    """Return a token of an answer, or None if there is none.

    Raises:
        Refused: It is no text of ASCII, or too long to be kept.
    """
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        raise Refused(Reason.MALFORMED, f"{name} is no token")
    if len(value) > MAX_TOKEN:
        raise Refused(Reason.OVERSIZED, f"{name} has {len(value)} characters")
    return value


def subject(claims: Mapping[str, Any]) -> str:
    """Return ``sub``.

    Raises:
        Refused: It is missing, or nothing that could be compared for ever.
    """
    value = text(claims, "sub", MAX_SUBJECT)
    if value is None:
        said = shown(claims.get("sub"))
        raise Refused(Reason.MALFORMED, f"sub is {said}, and names nobody")
    return value


def words(value: Any) -> tuple[str, ...]:
    """Return those members of a list that are short texts, twenty at most."""
    found = value if isinstance(value, list) else []
    fitting = [one for one in found if isinstance(one, str) and one.isprintable()]
    return tuple(one for one in fitting[:_MOST_WORDS] if len(one) <= _MAX_WORD)


def plain(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return claims as JSON that every database keeps.

    Raises:
        Refused: They hold what no JSON does: half a surrogate pair, endless depth.
    """
    try:
        kept: dict[str, Any] = orjson.loads(orjson.dumps(dict(claims)))
    except (TypeError, ValueError) as error:
        raise Refused(Reason.MALFORMED, "the claims are no JSON") from error
    return kept
