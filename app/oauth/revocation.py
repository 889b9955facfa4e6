"""RFC 7009 §2: what ends when a client gives a token back.

``token_type_hint`` is not read: what a token is shows in its form, so the hint could
only mislead (§2.1 lets a server ignore it; §2.2 wants an unknown one ignored).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from app.oauth.clients.client import Client
from app.oauth.errors import Check, InvalidGrant, UnsupportedTokenType
from app.oauth.introspection import KnownToken


@dataclass(frozen=True, slots=True)
class EndGrant:
    """The grant ends, and with it each access and refresh token of it (§2.1)."""

    grant_id: UUID


@dataclass(frozen=True, slots=True)
class EndAccessToken:
    """One access token ends; it is remembered until it would have expired anyway."""

    token_id: str
    expires_at: datetime


def decide_revocation(
    token: KnownToken | None, caller: Client, *, is_other_jwt: bool = False
) -> EndGrant | EndAccessToken | None:
    """Return what ends; None if nothing is left to end, which is a success (§2.2).

    A refresh token ends its grant. An access token ends alone: a client that gives one
    back may go on refreshing (§2.1 leaves that open).

    Args:
        token: What was found; None if it is no access or refresh token of this server.
        caller: Whom ``authenticate_client`` found the request to come from.
        is_other_jwt: It is signed by this server and of another kind, as an ID token.

    Raises:
        UnsupportedTokenType: It is of a kind that cannot be revoked (§2.2.1).
        InvalidGrant: It was issued to another client, which §2.1 wants refused.
    """
    if is_other_jwt:
        raise UnsupportedTokenType("tokens of this type cannot be revoked")
    if token is None or token.is_revoked:
        return None
    owner = token.claims["client_id"]
    if owner != caller.client_id:
        hint = f"issued to {owner}, sent by {caller.client_id}"
        raise InvalidGrant(
            "the token was issued to another client",
            hint=hint,
            check=Check.TOKEN_OWNER,
        )
    if token.kind == "refresh_token":
        return EndGrant(UUID(token.claims["grant_id"]))
    expires_at = datetime.fromtimestamp(token.claims["exp"], UTC)
    return EndAccessToken(token.claims["jti"], expires_at)
