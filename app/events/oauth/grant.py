"""What applications were granted: ended, misused, refused."""

from typing import ClassVar
from uuid import UUID

from app.events.base import Event, event


@event
class GrantEnded(Event):
    """What a person granted to an application was ended before its time."""

    name: ClassVar[str] = "oauth.grant_ended"

    client_id: str
    grant_id: UUID
    reason: str


@event
class CodeReused(Event):
    """An authorization code came a second time: all that came of it was ended."""

    name: ClassVar[str] = "oauth.code_reused"

    client_id: str
    grant_id: UUID


@event
class GrantTokenReused(Event):
    """A refresh token came back after its successor was used: somebody holds a copy."""

    name: ClassVar[str] = "oauth.refresh_token_reused"

    client_id: str
    grant_id: UUID
    presented: int
    current: int


@event
class AccessTokenRevoked(Event):
    """An application gave one access token back; its grant lives on."""

    name: ClassVar[str] = "oauth.access_token_revoked"

    client_id: str
    jti: UUID


@event
class TokenExchanged(Event):
    """A client got a token for a person's that it was sent, to act at another API.

    Once for each token, audience and scope: what is exchanged again for the same says
    nothing new. ``acts`` is false where the new token does not name the client.
    """

    name: ClassVar[str] = "oauth.token_exchanged"

    client_id: str
    subject_client_id: str
    subject_jti: str
    audience: str
    scope: str
    acts: bool


@event
class TokenRequestRefused(Event):
    """A client was refused; ``client_id`` is what it said, ``hint`` why exactly."""

    name: ClassVar[str] = "oauth.token_refused"

    client_id: str
    endpoint: str
    error: str
    hint: str
