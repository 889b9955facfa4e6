"""What tests of the token endpoint share: a time, clients, stores in memory."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from app.core import jose
from app.oauth.client_auth.base import Surroundings
from app.oauth.clients.client import Client, ClientSecret
from app.oauth.clients.resource import Resource
from app.oauth.clients.secrets import secret_digest
from app.oauth.grants.base import Granted, Stores
from app.oauth.parameters import Parameters
from app.oauth.ports import (
    Authentication,
    Begun,
    DevicePoll,
    IssuedCode,
    IssuedDeviceCode,
    PresentedToken,
    RefreshedGrant,
    SpokenFor,
)
from app.oauth.trust.issuer import TrustedIssuer

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
ISSUER = "https://server.example.com"
TOKEN_ENDPOINT = f"{ISSUER}/oauth2/token"
USER = UUID(int=7)
SESSION = UUID(int=8)
GRANT = UUID(int=9)
REDIRECT_URI = "https://client.example.com/cb"
# RFC 6749 §2.3.1
CLIENT_ID = "s6BhdRkqt3"
SECRET = "gX1fBat3bV"
AUTHENTICATION = Authentication(
    user_id=USER,
    session_id=SESSION,
    authenticated_at=NOW - timedelta(minutes=5),
    acr="aal1",
    amr=("pwd",),
)


def client(**members: Any) -> Client:
    """Return a confidential client; a test states only what it is about."""
    usual: dict[str, Any] = {
        "client_id": CLIENT_ID,
        "secrets": (ClientSecret(secret_digest(SECRET)),),
        "redirect_uris": (REDIRECT_URI,),
        "scope": frozenset({"openid", "email", "offline_access", "orders"}),
        "grant_types": frozenset({"authorization_code", "refresh_token"}),
    }
    return Client(**(usual | members))


def parameters(*resources: str, **values: str) -> Parameters:
    """Return the body of a request, with the resources that it names."""
    return Parameters(values, {"resource": resources})


def issued_code(**members: Any) -> IssuedCode:
    """Return what the person agreed to."""
    usual: dict[str, Any] = {
        "grant_id": GRANT,
        "client_id": CLIENT_ID,
        "authentication": AUTHENTICATION,
        "scope": ("openid", "email"),
        "redirect_uri": REDIRECT_URI,
        "code_challenge": None,
        "nonce": "n-0S6_WzA2Mj",
        "claims": {"id_token": {"email": {}}},
    }
    return IssuedCode(**(usual | members))


def granted(**members: Any) -> Granted:
    """Return what a code was redeemed for."""
    usual: dict[str, Any] = {
        "client": client(),
        "scope": ("openid", "email"),
        "authentication": AUTHENTICATION,
        "grant_id": GRANT,
    }
    return Granted(**(usual | members))


@dataclass
class CodesInMemory:
    """Codes of clients, each used up by its first redemption."""

    codes: dict[str, IssuedCode] = field(default_factory=dict)
    careless: bool = False  # hands codes to other clients too

    async def redeem(self, code: str, client_id: str) -> IssuedCode | None:
        """Use a code up."""
        issued = self.codes.get(code)
        if issued is None or (issued.client_id != client_id and not self.careless):
            return None
        return self.codes.pop(code)


@dataclass
class RefreshTokensInMemory:
    """Grants by their one refresh token that holds."""

    grants: dict[str, RefreshedGrant] = field(default_factory=dict)
    careless: bool = False

    async def rotate(self, token: str, client_id: str) -> RefreshedGrant | None:
        """Count a grant on."""
        grant = self.grants.get(token)
        if grant is None or (grant.client_id != client_id and not self.careless):
            return None
        del self.grants[token]
        rotated = replace(grant, counter=grant.counter + 1)
        self.grants[f"{token}+"] = rotated
        return rotated


@dataclass
class ResourcesInMemory:
    """Registered resources."""

    known: tuple[Resource, ...] = ()

    async def find(self, names: Collection[str]) -> dict[str, Resource]:
        """Return those that get tokens now."""
        named = (one for one in self.known if one.identifier in names)
        return {one.identifier: one for one in named if one.is_live}


@dataclass
class DeviceCodesInMemory:
    """Device codes, by what a poll of each is told; used up by what grants."""

    codes: dict[str, IssuedDeviceCode | DevicePoll] = field(default_factory=dict)

    async def redeem(
        self, device_code: str, client_id: str
    ) -> IssuedDeviceCode | DevicePoll:
        """Use a code up."""
        found = self.codes.get(device_code, DevicePoll.INVALID)
        if not isinstance(found, DevicePoll):
            del self.codes[device_code]
        return found


@dataclass
class ClientsInMemory:
    """Registered clients."""

    known: tuple[Client, ...] = ()

    async def by_client_id(self, client_id: str) -> Client | None:
        """Return a client."""
        return next((one for one in self.known if one.client_id == client_id), None)


@dataclass
class AssertionIdsInMemory:
    """Assertions that were seen."""

    seen: dict[tuple[str, str], datetime] = field(default_factory=dict)

    async def first_use(self, issuer: str, jti: str, expires_at: datetime) -> bool:
        """Remember one."""
        if (issuer, jti) in self.seen:
            return False
        self.seen[issuer, jti] = expires_at
        return True


@dataclass
class IssuersInMemory:
    """Trusted issuers, and what asking for their keys again would give."""

    trusted: tuple[TrustedIssuer, ...] = ()
    held: Mapping[str, Any] | None = None
    next_keys: Mapping[str, Any] | None = None
    asked: int = 0

    async def by_issuer(self, issuer: str) -> TrustedIssuer | None:
        """Return one."""
        return next((one for one in self.trusted if one.issuer == issuer), None)

    def keys(self, trusted: TrustedIssuer) -> Mapping[str, Any] | None:
        """Return its keys."""
        return trusted.jwks or self.held

    async def refresh(self, trusted: TrustedIssuer) -> bool:
        """Ask again."""
        self.asked += 1
        is_other, self.held = self.next_keys is not None, self.next_keys or self.held
        self.next_keys = None
        return is_other


@dataclass
class AssertionsInMemory:
    """Tokens of workloads by what they say, each used up by its first use."""

    known: dict[str, SpokenFor] = field(default_factory=dict)
    grant_id: UUID | None = None
    careless: bool = False
    used: list[tuple[str, ...]] = field(default_factory=list)

    async def believe(self, assertion: str, client_id: str) -> SpokenFor | None:
        """Return for whom a token speaks."""
        spoken = self.known.get(assertion)
        if spoken is None or (spoken.client_id != client_id and not self.careless):
            return None
        return spoken

    async def use(
        self, scope: tuple[str, ...], lives: Callable[[int], int]
    ) -> Begun | None:
        """Use it up."""
        assert lives(300) <= 300
        if self.used:
            return None
        self.used.append(scope)
        return Begun(grant_id=self.grant_id)


@dataclass
class PresentedTokensInMemory:
    """Access tokens that hold."""

    known: Mapping[str, PresentedToken] = field(default_factory=dict)

    async def find(self, token: str) -> PresentedToken | None:
        """Return one."""
        return self.known.get(token)


def stores(
    codes: Mapping[str, IssuedCode] | None = None,
    grants: Mapping[str, RefreshedGrant] | None = None,
    *,
    devices: Mapping[str, IssuedDeviceCode | DevicePoll] | None = None,
    careless: bool = False,
    resources: Collection[Resource] = (),
    assertions: AssertionsInMemory | None = None,
    presented: Mapping[str, PresentedToken] | None = None,
) -> Stores:
    """Return stores that hold these."""
    return Stores(
        codes=CodesInMemory(dict(codes or {}), careless),
        refresh_tokens=RefreshTokensInMemory(dict(grants or {}), careless),
        resources=ResourcesInMemory(tuple(resources)),
        device_codes=DeviceCodesInMemory(dict(devices or {})),
        assertions=assertions or AssertionsInMemory(),
        presented_tokens=PresentedTokensInMemory(presented or {}),
    )


def surroundings(
    ids: AssertionIdsInMemory | None = None, issuers: IssuersInMemory | None = None
) -> Surroundings:
    """Return what credentials are judged by."""
    return Surroundings(
        now=NOW,
        audiences=frozenset({ISSUER, TOKEN_ENDPOINT}),
        assertion_ids=ids or AssertionIdsInMemory(),
        issuers=issuers or IssuersInMemory(),
    )


@dataclass(frozen=True)
class KeyPair:
    """A key that signs, and what is published of it."""

    algorithm: str
    kid: str
    key: Any

    @property
    def jwk(self) -> dict[str, Any]:
        """Return the public half."""
        return jose.public_jwk(self.key, self.kid, self.algorithm)

    def sign(self, claims: Mapping[str, Any], typ: str = "JWT") -> str:
        """Return a token."""
        return jose.sign(
            claims, self.key, kid=self.kid, algorithm=self.algorithm, typ=typ
        )


KEYS = {
    algorithm: KeyPair(algorithm, f"key-{algorithm}", jose.generate_key(algorithm))
    for algorithm in jose.ALGORITHMS
}
