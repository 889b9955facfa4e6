"""Argon2id behind passlib: hashes from elsewhere, and own ones of other parameters."""

import hmac
from typing import Any

from passlib.handlers.argon2 import argon2

from app.core.password_schemes.engines import (
    DIGEST_BYTES,
    ENGINES,
    SALT_BYTES,
    VERSION,
    engine_for,
    installed_engines,
)

__all__ = [
    "DIGEST_BYTES",
    "ENGINES",
    "SALT_BYTES",
    "Argon2id",
    "engine_for",
    "installed_engines",
]


class Argon2id(argon2):
    """passlib's argon2 with its parsing and policy; the digest comes from an engine."""

    @classmethod
    def hash(cls, secret: str | bytes, **settings: Any) -> str:
        """Return a PHC string under a new salt."""
        fresh: Any = cls(use_defaults=True)
        fresh.checksum = _digest(fresh, secret, DIGEST_BYTES)
        return str(fresh.to_string())

    @classmethod
    def verify(
        cls, secret: str | bytes, hash: str | bytes, **context: Any  # noqa: A002
    ) -> bool:
        """Verify; what is not Argon2id 1.3 (imported) is left to passlib's backend.

        Raises:
            ValueError: The hash is malformed or carries no digest.
        """
        stored: Any = cls.from_string(hash)  # the stubs type a raw digest as text
        if not stored.checksum:
            raise ValueError("argon2 hash without a digest")
        if stored.type != "id" or stored.version != VERSION or stored.data:
            backend: Any = super()
            return bool(backend.verify(secret, hash))
        computed = _digest(stored, secret, len(stored.checksum))
        return hmac.compare_digest(computed, stored.checksum)


def _digest(parsed: Any, secret: str | bytes, length: int) -> bytes:
    """Compute with the parameters that passlib parsed or chose."""
    raw = secret.encode() if isinstance(secret, str) else secret
    derive = ENGINES[engine_for(parsed.parallelism, len(parsed.salt))]
    return derive(
        raw,
        parsed.salt,
        memory_cost=parsed.memory_cost,
        time_cost=parsed.rounds,
        parallelism=parsed.parallelism,
        length=length,
    )
