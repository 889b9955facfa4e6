"""Bodies of ``/api/v1/users/.../tokens``."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from app.schemas.base import GivenInstant, Input, Instant, Output
from app.schemas.role import Permission
from app.typed_text import shown_text

AccountScope = Literal["account:read", "account:write", "hosts:enter"]
HOSTS_ENTER = "hosts:enter"
TokenScope = Literal[AccountScope, Permission]


def _named(text: str) -> str:
    shown = shown_text(text)
    if not shown:
        raise ValueError("a name is required")
    return shown


def _once(scopes: list[TokenScope]) -> list[TokenScope]:
    wanted = set(scopes)
    if HOSTS_ENTER in wanted and len(wanted) > 1:
        # Programs behind a proxy may see it, and could use it for the rest.
        raise ValueError("hosts:enter has to be the only scope")
    return sorted(wanted)


class PersonalToken(Output):
    """A personal access token, without the secret."""

    id: UUID
    name: str
    scopes: list[str]
    created_at: Instant
    expires_at: Instant
    last_used_at: Instant | None
    last_used_ip: str | None


class PersonalTokenMade(PersonalToken):
    """A new token; this is the only time that it is shown."""

    token: str


class PersonalTokenCreate(Input):
    """A new token; the scopes are of what one may do oneself."""

    name: Annotated[str, Field(max_length=200), AfterValidator(_named)]
    scopes: Annotated[
        list[TokenScope], Field(min_length=1, max_length=50), AfterValidator(_once)
    ]
    expires_at: GivenInstant
