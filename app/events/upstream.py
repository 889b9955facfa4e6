"""Identity from elsewhere: connections, and who came by them."""

from typing import ClassVar
from uuid import UUID

from app.events.base import Event, MailedEvent, event


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
class ConnectionSyncRequested(Event):
    """Somebody asked for a directory to be read as a whole."""

    name: ClassVar[str] = "connection.sync_requested"

    connection: str
    dry_run: bool
    accept_missing: bool


@event
class ConnectionSynced(Event):
    """A directory was read, and something came of it; what changed nothing is not told.

    Attributes:
        outcome: ``complete``, ``cut_off``, ``empty``, ``changed`` or ``failed``.
        detail: What was seen; no secret, and nothing of a person.
        kept: How many people are missing or disabled there and were not withdrawn.
    """

    name: ClassVar[str] = "connection.synced"

    connection: str
    outcome: str
    detail: str
    dry_run: bool
    entries: int
    made: int
    linked: int
    changed: int
    withdrawn: int
    returned: int
    left_out: int
    kept: int


@event
class ConnectionDomainAdded(Event):
    """People of a domain are to be led by a connection; nobody is yet."""

    name: ClassVar[str] = "connection.domain_added"

    connection: str
    domain: str


@event
class ConnectionDomainVerified(Event):
    """People of a domain are led by a connection from now on.

    Attributes:
        how: ``dns``, or ``administrator`` by somebody's word.
    """

    name: ClassVar[str] = "connection.domain_verified"

    connection: str
    domain: str
    how: str


@event
class ConnectionDomainMissing(Event):
    """The record that verified a domain is gone; its people are led all the same."""

    name: ClassVar[str] = "connection.domain_missing"

    connection: str
    domain: str


@event
class ConnectionDomainRemoved(Event):
    """People of a domain are led by a connection no more."""

    name: ClassVar[str] = "connection.domain_removed"

    connection: str
    domain: str


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
class UpstreamSignedOut(Event):
    """Another service signed somebody out, and so are they here."""

    name: ClassVar[str] = "upstream.signed_out"

    connection: str
    identity_id: UUID
    sessions: int


@event
class UpstreamWithdrawn(Event):
    """Asked again, another service said that somebody is not let in any more.

    Attributes:
        reason: One of ``upstreams.protocol.Reason``, or ``missing``: nobody in a
            directory that was read to its end.
        detail: What was seen; no secret.
        sessions: How many ended here.
    """

    name: ClassVar[str] = "upstream.withdrawn"

    connection: str
    identity_id: UUID
    reason: str
    detail: str
    sessions: int


@event
class UpstreamReturned(Event):
    """Somebody whom another service had withdrawn is let in there again."""

    name: ClassVar[str] = "upstream.returned"

    connection: str
    identity_id: UUID


@event
class UpstreamImported(Event):
    """An account is known elsewhere since a directory was read; no mail tells of it.

    Its owner is told with the first sign-in by it, unless it was made for them.

    Attributes:
        how: ``new_account`` or ``trusted_address``.
    """

    name: ClassVar[str] = "upstream.imported"

    connection: str
    identity_id: UUID
    how: str


@event
class UpstreamLogoutRefused(Event):
    """A logout token of another service, or of who claimed to be it, ended nothing.

    Attributes:
        reason: One of ``upstreams.protocol.Reason``, or of ``services.upstreams``.
        detail: What was seen; no secret, and nothing of the person.
    """

    name: ClassVar[str] = "upstream.logout_refused"

    connection: str
    reason: str
    detail: str


@event
class UpstreamLinked(MailedEvent):
    """An account is known elsewhere from now on, and may be signed in to from there.

    Its owner is told, but of the link that a new account was made with.

    Attributes:
        service: What people call the connection.
        how: ``new_account``, ``trusted_address``, or ``proven`` by its owner.
    """

    name: ClassVar[str] = "upstream.linked"
    template: ClassVar[str] = "upstream_linked"

    connection: str
    service: str
    identity_id: UUID
    how: str


@event
class UpstreamUnlinked(MailedEvent):
    """An account is not signed in to from elsewhere any more; its owner is told.

    Attributes:
        service: What people call the connection.
        was_last: Whether nobody gets in any more, as an administrator wanted it.
    """

    name: ClassVar[str] = "upstream.unlinked"
    template: ClassVar[str] = "upstream_unlinked"

    connection: str
    service: str
    identity_id: UUID
    was_last: bool = False


@event
class UpstreamPasswordKept(MailedEvent):
    """A password that a directory found right is the account's own from now on.

    Its owner is told.

    Attributes:
        service: What people call the connection.
    """

    name: ClassVar[str] = "upstream.password_kept"
    template: ClassVar[str] = "password_kept"

    connection: str
    service: str
