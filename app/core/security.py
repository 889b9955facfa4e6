"""Access tokens (RFC 9068) and the keys that sign them; passwords stand beside.

`passwords.py` hashes, `jose.py` wraps the JOSE library, `secret_key.py` holds what
stands under the secret key. This module puts tokens together from them.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
from joserfc.jwk import Key

from app.core import jose
from app.core.jose import InvalidToken
from app.core.passwords import PasswordHasher, Verification
from app.core.signing.signer import DATABASE, Signer

__all__ = [
    "AccessTokens",
    "Caller",
    "InvalidToken",
    "KeyRing",
    "LoadedKey",
    "PasswordHasher",
    "TokenOfApplication",
    "Verification",
    "Verified",
    "VerifiedTokens",
]

ACCESS_TOKEN_TYPE = "at+jwt"  # RFC 9068 section 2.1
FIRST_PARTY_CLIENT = "auth-serve"
_REMEMBERED = 4_096  # verified tokens, some 400 bytes each


@dataclass(frozen=True, slots=True)
class LoadedKey:
    """A signing key as the process holds it: parsed once, kept.

    Attributes:
        kid: Its RFC 7638 thumbprint.
        algorithm: JWA name.
        key: What verifies; it need not have the private half.
        signer: What signs.
        public_jwk: As it is published.
        activates_at: When it signs, if none is newer.
        expires_at: When it verifies nothing any more.
        store: Where its private half lives.
    """

    kid: str
    algorithm: str
    key: Key
    signer: Signer
    public_jwk: Mapping[str, Any]
    activates_at: datetime
    expires_at: datetime | None
    store: str = DATABASE

    async def sign(self, claims: Mapping[str, Any], typ: str) -> str:
        """Return a token of these claims.

        Raises:
            Unavailable: The key is elsewhere and cannot be reached.
        """
        message = self.signing_input(claims, typ)
        return jose.compact(message, await self.signer.sign(message))

    def signing_input(self, claims: Mapping[str, Any], typ: str) -> bytes:
        """Return what is signed of such a token; of many claims it takes a while."""
        return jose.signing_input(
            claims, kid=self.kid, algorithm=self.algorithm, typ=typ
        )


class TokenOfApplication(InvalidToken):
    """It was issued to an application, so this is not where it is judged."""


class KeyRing:
    """The keys known to this process, replaced as a whole when they change."""

    def __init__(self) -> None:
        """Start empty; nothing can be signed or verified yet."""
        self._keys: dict[str, LoadedKey] = {}
        self.stale_at = 0.0  # monotonic: whoever publishes it later looks again first
        self.jwks = b'{"keys":[]}'
        self.etag = ""
        self.is_elsewhere = False  # whether a private half is not in this process

    def replace(self, keys: Sequence[LoadedKey]) -> None:
        """Hold these keys, and build what is published once."""
        self._keys = {key.kid: key for key in keys}
        self.is_elsewhere = any(key.store != DATABASE for key in keys)
        document = {"keys": [dict(key.public_jwk) for key in keys]}
        self.jwks = orjson.dumps(document)
        self.etag = f'"{hashlib.sha256(self.jwks).hexdigest()[:32]}"'

    def by_kid(self, kid: str, now: datetime) -> LoadedKey | None:
        """Return a published key; one past its end verifies nothing any more."""
        key = self._keys.get(kid)
        if key is None or (key.expires_at is not None and now >= key.expires_at):
            return None
        return key

    def newest(self, algorithm: str) -> LoadedKey:
        """Return the key of the algorithm that signs in the end.

        Raises:
            LookupError: There is none.
        """
        keys = [key for key in self._keys.values() if key.algorithm == algorithm]
        if not keys:
            raise LookupError(f"there is no {algorithm} key")
        return max(keys, key=lambda key: key.activates_at)

    def signing(self, algorithm: str, now: datetime) -> LoadedKey:
        """Return the newest key of the algorithm that was announced long enough.

        If all begin later, as when the database moved to a machine whose clock is
        behind, the first of them: nobody has to wait for it, for it was the only one.

        Raises:
            LookupError: There is none; start-up makes one, so this is a defect.
        """
        keys = [key for key in self._keys.values() if key.algorithm == algorithm]
        if not keys:
            raise LookupError(f"there is no {algorithm} key")
        ready = [key for key in keys if key.activates_at <= now]
        if not ready:
            return min(keys, key=lambda key: key.activates_at)
        return max(ready, key=lambda key: key.activates_at)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom an access token speaks for, before anybody asked the database."""

    user_id: UUID
    session_id: UUID


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Verified(Generic[T]):
    """What need not be computed twice: this key signed a token that says this."""

    key: LoadedKey
    said: T
    expires: int


class VerifiedTokens(Generic[T]):
    """Remembers the outcome of a signature check by the token's digest.

    Nothing that can change is: the key's place in the ring and the expiry are looked
    at each time, and the database decides about session, grant and account anyway.
    """

    def __init__(
        self, ring: KeyRing, check: Callable[[str, datetime], Verified[T]]
    ) -> None:
        """Remember nothing yet.

        Args:
            ring: Where keys are found.
            check: Verifies a token, or raises ``InvalidToken``.
        """
        self._ring = ring
        self._check = check
        self._kept: dict[bytes, Verified[T]] = {}

    def __len__(self) -> int:
        """Return how many are remembered."""
        return len(self._kept)

    def read(self, token: str, now: datetime) -> T:
        """Return what a token says.

        Raises:
            InvalidToken: It does not hold, or not any more.
        """
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._kept.get(digest)
        if known is not None and self._ring.by_kid(known.key.kid, now) is known.key:
            if now.timestamp() >= known.expires:
                raise InvalidToken("expired")
            return known.said
        verified = self._check(token, now)
        if len(self._kept) >= _REMEMBERED:
            del self._kept[next(iter(self._kept))]  # the oldest
        self._kept[digest] = verified
        return verified.said


class AccessTokens:
    """Issues and verifies the access tokens of this service's own API."""

    def __init__(self, ring: KeyRing, *, issuer: str, algorithm: str, ttl: int) -> None:
        """Bind tokens to an issuer.

        Args:
            ring: Where keys are found.
            issuer: The public URL; the audience is its API.
            algorithm: JWA name of the signature.
            ttl: Seconds that a token lives.
        """
        self._ring = ring
        self._issuer = issuer
        self.audience = f"{issuer}/api/v1"
        self._algorithm = algorithm
        self._verified = VerifiedTokens(ring, self._check)
        self.ttl = ttl

    async def issue(
        self,
        *,
        user_id: UUID,
        session_id: UUID,
        roles: Sequence[str],
        token_id: UUID,
        now: datetime,
    ) -> str:
        """Return a signed access token (RFC 9068 section 2.2).

        Raises:
            Unavailable: The key is elsewhere and cannot be reached.
        """
        issued = int(now.timestamp())
        claims = {
            "iss": self._issuer,
            "sub": str(user_id),
            "aud": self.audience,
            "client_id": FIRST_PARTY_CLIENT,
            "exp": issued + self.ttl,
            "iat": issued,
            "jti": str(token_id),
            "sid": str(session_id),
            "scope": "api",
            "roles": list(roles),
        }
        key = self._ring.signing(self._algorithm, now)
        return await key.sign(claims, ACCESS_TOKEN_TYPE)

    def verify(self, token: str, now: datetime) -> Caller:
        """Return whom a token speaks for.

        Raises:
            InvalidToken: Any check of RFC 9068 section 4 failed; the text says which.
        """
        return self._verified.read(token, now)

    def _check(self, token: str, now: datetime) -> Verified[Caller]:
        header = jose.unverified_header(token)
        key = self._ring.by_kid(header["kid"], now)
        if key is None:
            raise InvalidToken("the key is unknown")
        # Before the signature, which is judged where such a token may be good.
        client_id = jose.unverified_claims(token).get("client_id")
        if client_id != FIRST_PARTY_CLIENT:
            raise TokenOfApplication("issued to an application")
        claims = jose.verify(
            token, key.key, algorithm=key.algorithm, typ=ACCESS_TOKEN_TYPE
        )
        jose.check_claims(claims, issuer=self._issuer, audience=self.audience, now=now)
        try:
            caller = Caller(UUID(claims["sub"]), UUID(claims["sid"]))
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise InvalidToken("sub or sid is missing or malformed") from error
        return Verified(key, caller, claims["exp"])
