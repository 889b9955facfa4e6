"""What signs with a private key, wherever that is, and where keys live (ADR-0093)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from joserfc.jwk import Key

from app.core import jose
from app.core.circuit_breaker import CircuitOpen
from app.core.exceptions import Unavailable

DATABASE = "database"  # the store of keys that each process holds by itself


class SigningUnavailable(Unavailable):
    """What holds a key does not answer, or not to us; the hint says what to do."""

    code = "signing_unavailable"
    title = CircuitOpen.title


class Signer(Protocol):
    """Signs with one private key and one algorithm; it shows neither to anybody."""

    async def sign(self, message: bytes) -> bytes:
        """Return the signature of a JWS signing input (RFC 7518 section 3.1).

        Of ES256 it is R and S, 32 octets each (section 3.4).

        Raises:
            Unavailable: What holds the key does not answer; a later try may succeed.
        """
        ...

    def demand(self) -> None:
        """Refuse what could not be signed, as far as that is known without asking.

        Raises:
            Unavailable: What holds the key did not answer lately.
        """
        ...

    async def check(self) -> None:
        """Sign something that means nothing, and verify it.

        Raises:
            Unavailable: It cannot be done; the hint says what to do.
        """
        ...


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A key that a store has made.

    Attributes:
        key: The pair, where it is ours to keep; else the public half.
        reference: What the store calls it; None where it is ours to keep.
    """

    key: Key
    reference: str | None = None


class KeyStore(Protocol):
    """Makes keys and keeps them; a KMS is one more of these."""

    @property
    def name(self) -> str:
        """What the database calls it; 16 characters at most."""
        ...

    async def make(self, algorithm: str) -> MadeKey:
        """Make a key for a JWA algorithm; it signs only, and is never shown.

        Raises:
            Unavailable: The store does not answer, or makes no such keys.
        """
        ...

    def signer(self, key: Key, algorithm: str, reference: str | None) -> Signer:
        """Return what signs with a key that was made here; nothing is asked yet."""
        ...

    async def destroy(self, reference: str) -> None:
        """Destroy a key; one that is gone already is no failure.

        Raises:
            Unavailable: The store does not answer.
        """
        ...

    async def check(self) -> None:
        """Find out whether it lets us in.

        Raises:
            Unavailable: It does not; the hint says what to do.
        """
        ...

    async def close(self) -> None:
        """Give back what is held of it; does not fail, and takes a second at most."""
        ...


class OwnSigner:
    """Signs in this process, at once."""

    __slots__ = ("_key", "_algorithm")

    def __init__(self, key: Key, algorithm: str) -> None:
        """Sign with a private key.

        Args:
            key: As ``jose.generate_key`` made it.
            algorithm: JWA name.
        """
        self._key = key
        self._algorithm = algorithm

    async def sign(self, message: bytes) -> bytes:
        """Return the signature; nothing is waited for."""
        return jose.signature(message, self._key, self._algorithm)

    def demand(self) -> None:
        """Refuse nothing."""

    async def check(self) -> None:
        """Find nothing: an intact seal vouches for the key."""


class OwnKeys:
    """The store that is ours: keys stand in the database, under the secret key."""

    name: ClassVar[str] = DATABASE

    async def make(self, algorithm: str) -> MadeKey:
        """Make a pair, on a thread: an RSA key takes a while."""
        return MadeKey(await asyncio.to_thread(jose.generate_key, algorithm))

    def signer(self, key: Key, algorithm: str, reference: str | None) -> Signer:
        """Return what signs with a pair."""
        return OwnSigner(key, algorithm)

    async def destroy(self, reference: str) -> None:
        """Do nothing: its row is all that there is of a key."""

    async def check(self) -> None:
        """Find nothing: whether the database answers is asked elsewhere."""

    async def close(self) -> None:
        """Hold nothing."""


class AbsentSigner:
    """Stands in for a key whose store this process was told nothing of."""

    def __init__(self, kid: str, store: str) -> None:
        """Say which key it is, and where it lives."""
        self._hint = (
            f"the signing key {kid} lives in {store}, which this process does not "
            "know; give it the settings of the others (docs/operations.md, Keys in a "
            "PKCS#11 token)"
        )

    async def sign(self, message: bytes) -> bytes:
        """Refuse; the key verifies all the same."""
        raise SigningUnavailable(self._hint, retry_after=30)

    def demand(self) -> None:
        """Refuse."""
        raise SigningUnavailable(self._hint, retry_after=30)

    async def check(self) -> None:
        """Refuse."""
        raise SigningUnavailable(self._hint)


KeyStores = Mapping[str, KeyStore]
