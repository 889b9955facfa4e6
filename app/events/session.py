"""Ends of sessions."""

from typing import ClassVar
from uuid import UUID

from app.events.base import Event, event


@event
class SessionRevoked(Event):
    """A session was ended before its time."""

    name: ClassVar[str] = "session.revoked"

    session_id: UUID
    reason: str


@event
class SessionsRevoked(Event):
    """Several sessions of one account were ended at once."""

    name: ClassVar[str] = "session.all_revoked"

    count: int
    reason: str


@event
class RefreshTokenReused(Event):
    """A spent refresh token came back after its successor was used: there is a copy."""

    name: ClassVar[str] = "session.refresh_token_reused"

    session_id: UUID
    presented: int
    current: int
