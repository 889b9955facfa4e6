"""Identity from elsewhere: connections, and who came by them."""

from typing import ClassVar
from uuid import UUID

from app.events.base import Event, event


@event
class ConnectionCreated(Event):
    """People may come from another service from now on."""

    name: ClassVar[str] = "connection.created"

    connection: str
    kind: str


@event
class ConnectionUpdated(Event):
    """What is known or believed of another service changed; values are not kept."""

    name: ClassVar[str] = "connection.updated"

    connection: str
    fields: tuple[str, ...]


@event
class ConnectionDeleted(Event):
    """Nobody comes from another service any more."""

    name: ClassVar[str] = "connection.deleted"

    connection: str
    identities: int  # how many people were known by it


@event
class ConnectionTested(Event):
    """Somebody had it tried whether a connection works."""

    name: ClassVar[str] = "connection.tested"

    connection: str
    ok: bool


@event
class UpstreamRefused(Event):
    """Somebody came from another service, and was not signed in by that.

    Attributes:
        reason: One of ``upstreams.protocol.Reason``, or of ``services.upstreams``.
        detail: What was seen; no secret, and nothing of the person.
    """

    name: ClassVar[str] = "upstream.refused"

    connection: str
    reason: str
    detail: str


@event
class UpstreamLinked(Event):
    """An account is known elsewhere from now on, and may be signed in to from there.

    Attributes:
        how: ``new_account``, ``trusted_address``, or ``proven`` by its owner.
    """

    name: ClassVar[str] = "upstream.linked"

    connection: str
    identity_id: UUID
    how: str


@event
class UpstreamUnlinked(Event):
    """An account is not signed in to from elsewhere any more."""

    name: ClassVar[str] = "upstream.unlinked"

    connection: str
    identity_id: UUID
