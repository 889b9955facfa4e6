"""How pages look on the way to an application: an accent of its own (ADR-0066)."""

from collections.abc import Mapping
from typing import Any

from app.core.context import current
from app.core.exceptions import FieldError, Unprocessable
from app.oauth.clients.client import Client
from app.utils.theme import colour

_ACCENTS = {"accent": colour.LIGHT, "accent_dark": colour.DARK}


def check_theme(theme: Mapping[str, Any]) -> None:
    """Refuse what cannot be read, or is no theme at all.

    Text on the accent needs no judging: it is black or white, whichever is read better,
    and one of them always is.

    Raises:
        Unprocessable: The colours at fault are named, with their contrast.
    """
    wrong = [
        FieldError(f"theme.{name}", "unknown_member", "is no part of a theme")
        for name in theme.keys() - _ACCENTS.keys()
    ]
    if theme.get("accent") is None:
        wrong.append(FieldError("theme.accent", "missing", "is required in a theme"))
    for name, grounds in _ACCENTS.items():
        accent = theme.get(name)
        flaw = None if accent is None else colour.flaw(str(accent), grounds)
        if flaw is not None:
            wrong.append(FieldError(f"theme.{name}", "unreadable_colour", flaw))
    if wrong:
        raise Unprocessable(wrong)


def wear(client: Client) -> None:
    """Have what this request shows look as the application does.

    Nobody looks like somebody else without somebody here who vouches for it.
    """
    if client.theme and client.is_vouched_for:
        current().worn = client.client_id, client.theme
