"""Hosts whose proxy asks here: made, changed, gone; who entered, and who may not."""

from typing import ClassVar
from uuid import UUID

from app.events.base import Event, event


@event
class ProtectedHostCreated(Event):
    """A host is protected from now on, by the client that is named."""

    name: ClassVar[str] = "protected_host.created"

    host: str
    client_id: str


@event
class ProtectedHostUpdated(Event):
    """A host's policy changed; names of what changed are kept, values are not."""

    name: ClassVar[str] = "protected_host.updated"

    host: str
    fields: tuple[str, ...]


@event
class ProtectedHostDeleted(Event):
    """A host is not known any more: its proxy lets nobody in."""

    name: ClassVar[str] = "protected_host.deleted"

    host: str


@event
class HostEntered(Event):
    """Somebody came in at a host, for the first time with this browser or again."""

    name: ClassVar[str] = "protected_host.entered"

    host: str
    session_id: UUID


@event
class HostRefused(Event):
    """Somebody who is signed in may not enter a host, or may not stay."""

    name: ClassVar[str] = "protected_host.refused"

    host: str
    session_id: UUID


@event
class HostLeft(Event):
    """Somebody signed out at a host; ``session_ended`` if everywhere."""

    name: ClassVar[str] = "protected_host.left"

    host: str
    session_id: UUID
    session_ended: bool
