"""Personal access tokens: made, and revoked."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from app.events.base import Event, MailedEvent, event


@event
class PersonalTokenCreated(MailedEvent):
    """Somebody made a token for a script; the owner of the account is told."""

    name: ClassVar[str] = "personal_token.created"
    template: ClassVar[str] = "personal_token_created"

    personal_token_id: UUID
    token_name: str
    scopes: tuple[str, ...]
    until: datetime

    def data(self) -> dict[str, Any]:
        """Return the same with the instant as text."""
        return MailedEvent.data(self) | {"until": f"{self.until:%Y-%m-%dT%H:%M:%SZ}"}


@event
class PersonalTokenRevoked(Event):
    """A token opens nothing any more."""

    name: ClassVar[str] = "personal_token.revoked"

    personal_token_id: UUID
    token_name: str


@event
class PersonalTokensRevoked(Event):
    """Every token of an account was ended together with its sessions.

    Attributes:
        reason: What ended them, as it is told of the sessions.
        count: How many there were.
    """

    name: ClassVar[str] = "personal_token.all_revoked"

    reason: str
    count: int
