"""Applications that sign people in here: registered, changed, gone."""

from typing import ClassVar
from uuid import UUID

from app.events.base import Event, event


@event
class OAuthClientRegistered(Event):
    """A client was made by an administrator, or registered itself."""

    name: ClassVar[str] = "oauth_client.registered"

    client_id: str
    is_self_registered: bool


@event
class OAuthClientVouchedFor(Event):
    """A client registered itself with a token whose holders are vouched for."""

    name: ClassVar[str] = "oauth_client.vouched_for"

    client_id: str
    vouched_by: str


@event
class OAuthClientUpdated(Event):
    """A client changed; names of what changed are kept, values are not."""

    name: ClassVar[str] = "oauth_client.updated"

    client_id: str
    fields: tuple[str, ...]


@event
class OAuthClientSecretRotated(Event):
    """A client was given a new secret; the one until now ends after the overlap."""

    name: ClassVar[str] = "oauth_client.secret_rotated"

    client_id: str
    secret_id: UUID


@event
class OAuthClientSecretRevoked(Event):
    """A secret of a client ended at once."""

    name: ClassVar[str] = "oauth_client.secret_revoked"

    client_id: str
    secret_id: UUID


@event
class OAuthClientDeleted(Event):
    """A client is gone, and all that people granted to it."""

    name: ClassVar[str] = "oauth_client.deleted"

    client_id: str
    reason: str


@event
class RegistrationTokenIssued(Event):
    """An initial access token was made: its holders may register clients."""

    name: ClassVar[str] = "registration_token.issued"

    registration_token: UUID
    ttl: int
    vouches: bool


@event
class RegistrationTokenRevoked(Event):
    """An initial access token ended before its time; without one named, all did."""

    name: ClassVar[str] = "registration_token.revoked"

    registration_token: UUID | None = None
