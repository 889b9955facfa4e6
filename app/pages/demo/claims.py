"""What tokens say, claim by claim, for whoever sees one for the first time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.core.language import N_

MEANING: Mapping[str, str] = {
    "iss": N_("Who issued it: the address of this service."),
    "sub": N_(
        "Who signed in. It never changes, so find your own account by it and iss."
    ),
    "aud": N_("Whom it is for. Refuse a token that is not for you."),
    "exp": N_("When it ends. Refuse it from then on."),
    "iat": N_("When it was issued."),
    "auth_time": N_("When the person signed in."),
    "acr": N_("How strong the sign-in was."),
    "amr": N_("What was proven: pwd is a password, mfa two factors."),
    "sid": N_("The session here. A sign-out names it."),
    "nonce": N_("What the application sent along: the token answers this request."),
    "at_hash": N_("Binds the access token that came with it."),
    "client_id": N_("Which application it was given to."),
    "jti": N_("The token's own identifier."),
    "scope": N_("What it may be used for."),
    "grant_id": N_("What the person allowed. When that is taken back, it ends too."),
    "name": N_("The person's name."),
    "given_name": N_("The given name."),
    "family_name": N_("The family name."),
    "picture": N_("The address of a picture."),
    "locale": N_("The language of the person."),
    "zoneinfo": N_("The time zone of the person."),
    "updated_at": N_("When the profile was changed last."),
    "email": N_("The email address. It may change: it is no key of an account."),
    "email_verified": N_("Whether it was confirmed."),
}
_INSTANTS = frozenset({"exp", "iat", "nbf", "auth_time", "updated_at"})


@dataclass(frozen=True, slots=True)
class Claim:
    """A line of the table.

    Attributes:
        at: The value as an instant, where it is one.
        meaning: A message; empty for claims that nobody explained.
    """

    name: str
    value: str
    at: datetime | None
    meaning: str


def explained(claims: Mapping[str, Any]) -> list[Claim]:
    """Return claims in the order in which they stand in the token."""
    return [
        Claim(name, _text(value), _instant(name, value), MEANING.get(name, ""))
        for name, value in claims.items()
    ]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def _instant(name: str, value: Any) -> datetime | None:
    if name in _INSTANTS and isinstance(value, int):
        return datetime.fromtimestamp(value, UTC)
    return None
