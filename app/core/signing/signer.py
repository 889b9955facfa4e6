"""What signs with a private key, wherever that is (ADR-0093)."""

from typing import Protocol

from joserfc.jwk import Key

from app.core import jose


class Signer(Protocol):
    """Signs with one private key and one algorithm; it shows neither to anybody."""

    async def sign(self, message: bytes) -> bytes:
        """Return the signature of a JWS signing input (RFC 7518 section 3.1).

        Of ES256 it is R and S, 32 octets each (section 3.4).

        Raises:
            Unavailable: What holds the key does not answer; a later try may succeed.
        """
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
