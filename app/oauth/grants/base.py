"""RFC 6749 §4 and §5: what a grant is, and what comes of one that holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from app.oauth.clients.client import Client
from app.oauth.parameters import Parameters
from app.oauth.ports import Authentication, Codes, RefreshTokens
from app.oauth.scopes import OPENID


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What tokens are made of.

    Attributes:
        scope: Of the access token; may be less than the grant has.
        authentication: Who signed in; None if the client speaks for itself.
        nonce: For the ID token; none when refreshed (OIDC Core §12.2).
        claims: The ``claims`` parameter of the authorization request.
        grant_id: What all tokens of one authorization belong to and end with.
        refresh_counter: Of the refresh token that is due; None if none is. A grant
            begins at 0.
    """

    client: Client
    scope: tuple[str, ...]
    authentication: Authentication | None = None
    nonce: str | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)
    grant_id: UUID | None = None
    refresh_counter: int | None = None

    @property
    def has_id_token(self) -> bool:
        """Whether an ID token is due (OIDC Core §3.1.2.1: ``openid`` asks for it)."""
        return self.authentication is not None and OPENID in self.scope

    @property
    def has_refresh_token(self) -> bool:
        """Whether a refresh token is due."""
        return self.refresh_counter is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What grants are redeemed from."""

    codes: Codes
    refresh_tokens: RefreshTokens


class Grant(Protocol):
    """A grant type; one file each, listed in ``__init__.py``."""

    @property
    def name(self) -> str:
        """Its ``grant_type``."""
        ...

    async def redeem(
        self, parameters: Parameters, client: Client, stores: Stores
    ) -> Granted:
        """Return what the client is given.

        The client is authenticated, and registered for this grant. A store that was
        asked has changed something: after ``InvalidGrant`` the caller keeps that.

        Raises:
            OAuthError: Nothing, as RFC 6749 §5.2 says it.
        """
        ...


def still_assigned(scope: tuple[str, ...], client: Client) -> tuple[str, ...]:
    """Return what of a granted scope the client may have now.

    A scope that was taken from the client since is in no new token of it.
    """
    return tuple(token for token in scope if token in client.scope)
