"""Keys that sign tokens."""

from typing import ClassVar

from app.events.base import Event, event


@event
class SigningKeyCreated(Event):
    """A key was made and is published; it signs once all had time to learn it."""

    name: ClassVar[str] = "signing_key.created"

    kid: str
    algorithm: str
    activates_at: str
    store: str = "database"


@event
class SigningKeyWithdrawn(Event):
    """A key ended at once, since it may be in wrong hands; what it signed is void."""

    name: ClassVar[str] = "signing_key.withdrawn"

    kid: str
    algorithm: str
    store: str
