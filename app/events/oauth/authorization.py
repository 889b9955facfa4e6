"""What applications asked of people, and what people said."""

from typing import ClassVar
from uuid import UUID

from app.events.base import Event, event


@event
class AuthorizationRefused(Event):
    """An application's request was refused; ``hint`` is the concrete difference."""

    name: ClassVar[str] = "oauth.authorization_refused"

    client_id: str | None
    error: str
    hint: str


@event
class AuthorizationGranted(Event):
    """An application was given a code."""

    name: ClassVar[str] = "oauth.authorization_granted"

    client_id: str
    session_id: UUID
    scope: tuple[str, ...]


@event
class ConsentGranted(Event):
    """A person agreed to what an application asked for."""

    name: ClassVar[str] = "oauth.consent_granted"

    client_id: str
    scope: tuple[str, ...]
    claims: tuple[str, ...]


@event
class ConsentDenied(Event):
    """A person said no to an application."""

    name: ClassVar[str] = "oauth.consent_denied"

    client_id: str
    scope: tuple[str, ...]


@event
class ConsentRevoked(Event):
    """A person took back what an application had; all its grants ended."""

    name: ClassVar[str] = "oauth.consent_revoked"

    client_id: str
    grants: int
