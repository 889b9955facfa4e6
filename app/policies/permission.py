"""Permissions ``<area>:<read|write>``, built-in roles, and who holds what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, get_args
from uuid import UUID

from app.schemas.role import Permission

ALL = "*"
PERMISSIONS: tuple[str, ...] = get_args(Permission)
MEANINGS: Mapping[str, str] = {
    "users:read": "See accounts, their roles and claims",
    "users:write": "Make, change, disable and delete accounts; end their sessions",
    "roles:read": "See roles and what they may do",
    "roles:write": "Make, change and delete roles",
    "groups:read": "See groups, who is in them and which roles they carry",
    "groups:write": "Make, change and delete groups; put people in and take them out",
    "attributes:read": "See how attributes of people are defined",
    "attributes:write": "Define, change and delete attributes",
    "audit:read": "Read the audit trail",
    "settings:read": "See the settings, without secrets",
    "keys:read": "See the keys that sign tokens",
    "keys:write": "Rotate the keys that sign tokens",
    "outbox:read": "See messages that wait or failed",
    "outbox:write": "Have such a message tried again",
    "clients:read": "See applications",
    "clients:write": "Make, change and delete applications and their secrets",
    "trusted-issuers:read": "See whose tokens of workloads are believed",
    "trusted-issuers:write": "Let others speak for any application, and for users",
    "resources:read": "See the APIs that tokens are for",
    "resources:write": "Make, change and delete the APIs that tokens are for",
    "connections:read": "See who else may say who people are",
    "connections:write": "Let others say who people are, and so sign in as anybody",
    "webhooks:read": "See where events are sent, and what became of each",
    "webhooks:write": "Have events sent to others; reading the audit trail as well",
}
ADMIN_ROLE = "admin"
USER_ROLE = "user"
# Who works at the command line has no account here; the audit trail names them so.
OPERATOR_ID = UUID("00000000-0000-8000-8000-000000000001")


def covers(held: Iterable[str], wanted: Iterable[str]) -> bool:
    """Tell whether permissions contain all of others; ``*`` contains everything."""
    own = set(held)
    return ALL in own or set(wanted) <= own


def permissions_of(roles: Iterable[Any]) -> frozenset[str]:
    """Return what roles allow together."""
    return frozenset(name for role in roles for name in role.permissions)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is asking: a live session of an active account, as the database has it.

    Attributes:
        permissions: Loaded only where a permission is asked for; else empty.
        grant_id: Of the application that acts for them; it may do no more than that.
        token_id: Of their personal access token; ``session_id`` is of no session then.
        scope: What that token was made for.
    """

    user_id: UUID
    session_id: UUID
    authenticated_at: datetime
    roles: tuple[str, ...]
    permissions: frozenset[str] = frozenset()
    grant_id: UUID | None = None
    token_id: UUID | None = None
    scope: frozenset[str] = frozenset()

    def may(self, permission: str) -> bool:
        """Tell whether the actor holds a permission."""
        return covers(self.permissions, (permission,))

    def signed_in_within(self, ttl: timedelta, now: datetime) -> bool:
        """Tell whether the sign-in is recent enough to prove presence."""
        return now - self.authenticated_at <= ttl


def operator(now: datetime) -> Actor:
    """Return whoever runs a command: they hold the database, and so everything."""
    return Actor(
        user_id=OPERATOR_ID,
        session_id=OPERATOR_ID,
        authenticated_at=now,
        roles=(ADMIN_ROLE,),
        permissions=frozenset({ALL}),
    )
