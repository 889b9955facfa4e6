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
