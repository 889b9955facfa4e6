"""Signing out of applications."""

from typing import ClassVar
from uuid import UUID

from app.events.base import Event, event


@event
class LogoutRefused(Event):
    """An application's request to sign somebody out was refused; nothing ended.

    Attributes:
        client_id: Who asked, as far as it is known.
        error: The public reason.
        difference: What was sent, what is registered, and what does not match.
    """

    name: ClassVar[str] = "oauth_logout.refused"

    client_id: str | None
    error: str
    difference: str


@event
class LogoutByHint(Event):
    """An application signed somebody out with an ID token, without their browser.

    Attributes:
        grants: How many of its own grants ended.
        is_session_over: Whether the session ended too; otherwise it goes on.
    """

    name: ClassVar[str] = "oauth_logout.by_hint"

    client_id: str
    session_id: UUID
    grants: int
    is_session_over: bool


@event
class LogoutNoticeFailed(Event):
    """An application could not be told that a session ended; it may still go on there.

    The message stays in the outbox as failed, and can be tried again.
    """

    name: ClassVar[str] = "oauth_logout.notice_failed"

    client_id: str
    session_id: UUID
    reason: str
