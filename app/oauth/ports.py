"""What the engine needs from outside: each a Protocol that a service satisfies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from app.oauth.clients.client import Client
from app.oauth.trust.issuer import TrustedIssuer


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """How and when the person signed in (OIDC Core §2)."""

    user_id: UUID
    session_id: UUID
    authenticated_at: datetime
    acr: str
    amr: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCode:
    """What was granted when the code was issued (RFC 6749 §4.1.2).

    Attributes:
        grant_id: The grant that all tokens of this code belong to.
        redirect_uri: As it was sent; None when it was left out.
        code_challenge: S256 challenge, if one was sent (RFC 7636 §4.4).
        claims: The ``claims`` parameter, parsed (OIDC Core §5.5).
        resources: Identifiers of what was granted (RFC 8707 §2.1).
    """

    grant_id: UUID
    client_id: str
    authentication: Authentication
    scope: tuple[str, ...]
    redirect_uri: str | None
    code_challenge: str | None
    nonce: str | None
    claims: Mapping[str, Any]
    resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshedGrant:
    """A grant whose refresh token was just rotated (RFC 6749 §6)."""

    grant_id: UUID
    client_id: str
    authentication: Authentication
    scope: tuple[str, ...]
    claims: Mapping[str, Any]
    counter: int
    resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedDeviceCode:
    """What was granted to a device (RFC 8628 §3.5)."""

    grant_id: UUID
    client_id: str
    authentication: Authentication
    scope: tuple[str, ...]
    resources: tuple[str, ...] = ()


class DevicePoll(StrEnum):
    """Why a device gets no tokens, or none yet (RFC 8628 §3.5)."""

    PENDING = "pending"
    TOO_SOON = "too_soon"
    DENIED = "denied"
    EXPIRED = "expired"
    INVALID = "invalid"


class Clients(Protocol):
    """Registered clients."""

    async def by_client_id(self, client_id: str) -> Client | None:
        """Return a client that is registered and may be used now, or None."""
        ...


class Codes(Protocol):
    """Authorization codes, each redeemed once."""

    async def redeem(self, code: str, client_id: str) -> IssuedCode | None:
        """Use a code of this client up, in one step; None if it cannot be used.

        A second use ends every token of its grant before this returns
        (RFC 6749 §4.1.2, RFC 9700 §4.2.4).
        """
        ...


class RefreshTokens(Protocol):
    """Refresh tokens: counters of grants."""

    async def rotate(self, token: str, client_id: str) -> RefreshedGrant | None:
        """Count a grant of this client on; None if the token does not hold.

        A spent token that is no retry ends the grant before this returns
        (RFC 9700 §4.14.2).
        """
        ...


class DeviceCodes(Protocol):
    """Codes that devices poll with, each redeemed once."""

    async def redeem(
        self, device_code: str, client_id: str
    ) -> IssuedDeviceCode | DevicePoll:
        """Use a code of this client up, in one step; or say why that is not possible.

        A second use ends every token of its grant before this returns, as with codes.
        """
        ...


class AssertionIds(Protocol):
    """``jti`` values that were seen."""

    async def first_use(self, issuer: str, jti: str, expires_at: datetime) -> bool:
        """Remember an assertion's id; False when it was there already."""
        ...


class TrustedIssuers(Protocol):
    """Issuers whose tokens are believed (RFC 7521 §5.2)."""

    async def by_issuer(self, issuer: str) -> TrustedIssuer | None:
        """Return the issuer of exactly this name, if it is trusted now, or None."""
        ...

    def keys(self, trusted: TrustedIssuer) -> Mapping[str, Any] | None:
        """Return its keys that may be used now; None if none are known."""
        ...

    async def refresh(self, trusted: TrustedIssuer) -> bool:
        """Ask for its keys; True if others may be used than some time ago.

        It is left in peace for a while after each question.
        """
        ...


class Assertions(Protocol):
    """Tokens of trusted issuers, brought as a grant (RFC 7523 §2.1)."""

    async def believe(self, assertion: str, client_id: str) -> "SpokenFor | None":
        """Return for whom a token speaks; None if it does not for this client."""
        ...

    async def use(
        self, scope: tuple[str, ...], lives: Callable[[int], int]
    ) -> "Begun | None":
        """Use that token up; None if it was used before, or nobody is there.

        Args:
            scope: What for.
            lives: Seconds that the new token lives, of what is usual.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenFor:
    """What a token of a trusted issuer lets a client have.

    Attributes:
        scope: What it may ask for; None is all that it has for itself.
        resources: What its token may be for; None is whatever the client may ask for.
    """

    client_id: str
    scope: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What a token was used up for.

    Attributes:
        grant_id: What new tokens end with; None if the client speaks for itself.
    """

    grant_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedToken:
    """An access token of ours that somebody brings, and that holds now.

    Attributes:
        client_id: Whom it was issued to.
        lives: Seconds that are left of it.
        grant_id: What it ends with; None if it is about its client alone.
        authentication: How the person signed in whom it is about; None if it says
            nothing of that.
    """

    client_id: str
    claims: Mapping[str, Any]
    scope: tuple[str, ...]
    lives: int
    grant_id: UUID | None = None
    authentication: Authentication | None = None


class PresentedTokens(Protocol):
    """Access tokens that come back (RFC 8693)."""

    async def find(self, token: str) -> PresentedToken | None:
        """Return what an access token says that holds now; None if it does not.

        Its signature is ours, and neither it nor its grant, session, account or client
        is over.
        """
        ...
