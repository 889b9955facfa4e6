"""RFC 7662 §2 and §4: what a token is told to be, and to whom.

Whom the token was issued to may ask, and an API that it is for. For anybody else it is
inactive, the same as one that was made up: nobody learns here what others have.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from app.core import jose
from app.oauth.clients.client import Client
from app.oauth.errors import InvalidClient

_SHOWN = (
    *("iss", "sub", "aud", "client_id", "scope", "exp", "iat", "nbf", "jti"),
    *("auth_time", "acr", "amr", "sid", "act"),
)

TokenKind = Literal["access_token", "refresh_token"]


@dataclass(frozen=True, slots=True)
class KnownToken:
    """A token of ours, as its signature and the database have it.

    Attributes:
        claims: Named as in a JWT; at least ``client_id`` and ``exp``. For a refresh
            token the service puts them together from the grant.
        is_revoked: The token, its grant, its session or its account is over.
    """

    kind: TokenKind
    claims: Mapping[str, Any]
    is_revoked: bool = False


def introspect(
    token: KnownToken | None, caller: Client, *, now: datetime
) -> dict[str, Any]:
    """Return the answer (RFC 7662 §2.2): all that is due, or exactly that it is not.

    Args:
        token: What was found; None if it is no token of this server.
        caller: Whom ``authenticate_client`` found the request to come from.
        now: When it is asked.

    Raises:
        InvalidClient: The caller is a public client: a name alone would let anybody
            try tokens out (§2.1).
    """
    if caller.is_public:
        hint = f"{caller.client_id} is public and may not introspect"
        raise InvalidClient("client authentication failed", hint=hint)
    if token is None or not _may_ask(token, caller) or not _is_active(token, now):
        return {"active": False}
    answer = {name: token.claims[name] for name in _SHOWN if name in token.claims}
    if isinstance(answer.get("scope"), list):  # §2.2: a string, whatever the token has
        answer["scope"] = " ".join(answer["scope"])
    if token.kind == "access_token":  # no API shall take a refresh token for one
        answer["token_type"] = "Bearer"
    return {"active": True, **answer}


def _may_ask(token: KnownToken, caller: Client) -> bool:
    if token.claims.get("client_id") == caller.client_id:
        return True
    if token.kind != "access_token" or not caller.is_resource_server:
        return False
    return caller.audience is not None and jose.has_audience(
        token.claims, (caller.audience,)
    )


def _is_active(token: KnownToken, now: datetime) -> bool:
    instant = now.timestamp()
    expires, begins = token.claims.get("exp"), token.claims.get("nbf", 0)
    return (
        not token.is_revoked
        and type(expires) is int
        and type(begins) is int
        and begins <= instant < expires
    )
