"""Argon2id (RFC 9106), computed by the fastest engine installed.

The wheel of argon2-cffi is built for plain x86-64; libsodium, in PyNaCl, chooses AVX2
at run time and is faster (`make bench` says by how much). Where one that keeps its
memory was built, it comes before both (`kept_memory`). All write and read the same PHC
strings, and release the interpreter lock while they compute.
"""

import hmac
import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from argon2.low_level import Type, hash_secret_raw

from app.core.password_schemes.kept_memory import MODULE, KeptMemory
from app.core.password_schemes.limits import argon2_work
from app.core.randomness import SystemRandomness

SALT_BYTES = 16
DIGEST_BYTES = 32
VERSION = 0x13
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
        version=VERSION,
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
    """Return the engines that are always there by name, the fastest first."""
    engines: dict[str, Derive] = {"argon2-cffi": derive_with_argon2_cffi}
    if (libsodium := _libsodium()) is not None:
        engines = {"libsodium": libsodium, **engines}
    return engines


@dataclass(frozen=True, slots=True)
class Kept:
    """The engine that keeps its memory, if it may be used; else why it is not."""

    engine: KeptMemory | None
    problem: str | None = None

    @classmethod
    def found(cls, others: dict[str, Derive]) -> "Kept":
        """Look for it, and believe it only if it computes what another one does."""
        try:
            engine = KeptMemory.built()
        except ImportError as error:
            return cls(None, f"{MODULE} cannot be loaded: {error}")
        if engine is None or _agree(engine, next(iter(others.values()))):
            return cls(engine)
        return cls(None, f"{MODULE} computes other digests: build it anew")


def _agree(engine: Derive, other: Derive) -> bool:
    """Compare two engines, twice in the same memory; in less than a millisecond."""
    costs = {"memory_cost": 64, "time_cost": 2, "parallelism": 1, "length": 32}
    salts = [bytes([each]) * SALT_BYTES for each in range(2)]
    try:
        return all(
            engine(b"secret", salt, **costs) == other(b"secret", salt, **costs)
            for salt in salts
        )
    except ValueError:
        return False


ENGINES = installed_engines()
KEPT = Kept.found(ENGINES)
if KEPT.engine is not None:
    ENGINES = {"kept-memory": KEPT.engine, **ENGINES}


def engine_for(parallelism: int, salt_bytes: int = SALT_BYTES) -> str:
    """Name the fastest installed engine that can compute these parameters."""
    if parallelism == 1 and "kept-memory" in ENGINES:
        return "kept-memory"
    fits = parallelism == 1 and salt_bytes == SALT_BYTES
    return "libsodium" if fits and "libsodium" in ENGINES else "argon2-cffi"


class CurrentArgon2id:
    """Hashes with the parameters of new ones, as almost all are: without passlib."""

    def __init__(self, memory_cost: int, time_cost: int, parallelism: int) -> None:
        """Take the parameters of new hashes."""
        self._costs = {
            "memory_cost": memory_cost,
            "time_cost": time_cost,
            "parallelism": parallelism,
        }
        costs = f"m={memory_cost},t={time_cost},p={parallelism}"
        self.prefix = f"$argon2id$v={VERSION}${costs}$"
        self.work = argon2_work(memory_cost, time_cost)
        self._form = re.compile(re.escape(self.prefix) + _SALT_AND_DIGEST)

    def hash(self, secret: str | bytes) -> str:
        """Return a PHC string under a new salt."""
        salt = SystemRandomness().bytes(SALT_BYTES)
        return f"{self.prefix}{_b64(salt)}${_b64(self._derive(secret, salt))}"

    def owns(self, hashed: str) -> bool:
        """Tell whether a hash has the parameters of new ones."""
        return self._form.fullmatch(hashed) is not None

    def matches(self, secret: str | bytes, hashed: str) -> bool | None:
        """Tell whether the secret is right, or None if the hash is none of these."""
        found = self._form.fullmatch(hashed)
        if found is None:
            return None
        salt, digest = a2b_base64(found[1] + "=="), a2b_base64(found[2] + "=")
        return hmac.compare_digest(self._derive(secret, salt), digest)

    def _derive(self, secret: str | bytes, salt: bytes) -> bytes:
        derive = ENGINES[engine_for(self._costs["parallelism"])]
        raw = secret if isinstance(secret, bytes) else secret.encode()
        return derive(raw, salt, length=DIGEST_BYTES, **self._costs)


def _b64(raw: bytes) -> str:
    return b2a_base64(raw, newline=False).rstrip(b"=").decode()
