"""Argon2id (RFC 9106) behind passlib, computed by the fastest engine installed.

The wheel of argon2-cffi is built for plain x86-64; libsodium, in PyNaCl, chooses AVX2
at run time and is faster (`make bench` says by how much). Both write and read the same
PHC strings, and both release the interpreter lock while they compute.
"""

import hmac
import re
from binascii import a2b_base64
from collections.abc import Callable
from typing import Any, Protocol

from argon2.low_level import Type, hash_secret_raw
from passlib.handlers.argon2 import argon2

SALT_BYTES = 16
DIGEST_BYTES = 32
_VERSION = 0x13
# Of 16 and 32 bytes in base64 without padding.
_SALT_AND_DIGEST = "([A-Za-z0-9+/]{22})[$]([A-Za-z0-9+/]{43})"


class Derive(Protocol):
    """One engine: secret, salt and parameters to digest."""

    def __call__(
        self,
        secret: bytes,
        salt: bytes,
        *,
        memory_cost: int,
        time_cost: int,
        parallelism: int,
        length: int,
    ) -> bytes:
        """Return ``length`` bytes; memory is in KiB."""
        ...


def derive_with_argon2_cffi(
    secret: bytes,
    salt: bytes,
    *,
    memory_cost: int,
    time_cost: int,
    parallelism: int,
    length: int,
) -> bytes:
    """Compute Argon2id by the reference implementation: any parameters."""
    return hash_secret_raw(
        secret,
        salt,
        time_cost=time_cost,
        memory_cost=memory_cost,
        parallelism=parallelism,
        hash_len=length,
        type=Type.ID,
        version=_VERSION,
    )


def _libsodium() -> Derive | None:
    """Return the engine of PyNaCl, or None where it is not installed."""
    try:
        from nacl.bindings import crypto_pwhash_alg, crypto_pwhash_ALG_ARGON2ID13
    except ImportError:
        return None
    compute: Callable[..., bytes] = crypto_pwhash_alg

    def derive_with_libsodium(
        secret: bytes,
        salt: bytes,
        *,
        memory_cost: int,
        time_cost: int,
        parallelism: int,
        length: int,
    ) -> bytes:
        if parallelism != 1 or len(salt) != SALT_BYTES:
            raise ValueError("libsodium knows one lane and salts of 16 bytes")
        return compute(
            length,
            secret,
            salt,
            time_cost,
            memory_cost * 1024,
            crypto_pwhash_ALG_ARGON2ID13,
        )

    return derive_with_libsodium


def installed_engines() -> dict[str, Derive]:
    """Return the engines by name, the fastest first."""
    engines: dict[str, Derive] = {"argon2-cffi": derive_with_argon2_cffi}
    if (libsodium := _libsodium()) is not None:
        engines = {"libsodium": libsodium, **engines}
    return engines


ENGINES = installed_engines()


def engine_for(parallelism: int, salt_bytes: int = SALT_BYTES) -> str:
    """Name the fastest installed engine that can compute these parameters."""
    fits = parallelism == 1 and salt_bytes == SALT_BYTES
    return "libsodium" if fits and "libsodium" in ENGINES else "argon2-cffi"


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
        if stored.type != "id" or stored.version != _VERSION or stored.data:
            backend: Any = super()
            return bool(backend.verify(secret, hash))
        computed = _digest(stored, secret, len(stored.checksum))
        return hmac.compare_digest(computed, stored.checksum)


class CurrentArgon2id:
    """Hashes with the parameters of new ones, verified without passlib."""

    def __init__(self, memory_cost: int, time_cost: int, parallelism: int) -> None:
        """Take the parameters of new hashes."""
        self._costs = {
            "memory_cost": memory_cost,
            "time_cost": time_cost,
            "parallelism": parallelism,
        }
        costs = f"m={memory_cost},t={time_cost},p={parallelism}"
        self.prefix = f"$argon2id$v={_VERSION}${costs}$"
        self._form = re.compile(re.escape(self.prefix) + _SALT_AND_DIGEST)

    def matches(self, secret: str, hashed: str) -> bool | None:
        """Tell whether the secret is right, or None if the hash is none of these."""
        found = self._form.fullmatch(hashed)
        if found is None:
            return None
        salt, digest = a2b_base64(found[1] + "=="), a2b_base64(found[2] + "=")
        derive = ENGINES[engine_for(self._costs["parallelism"])]
        computed = derive(secret.encode(), salt, length=DIGEST_BYTES, **self._costs)
        return hmac.compare_digest(computed, digest)


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
