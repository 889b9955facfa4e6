"""Whether a foreign hash may be stored: its form is known and its cost bounded."""

from typing import Any

from passlib.context import CryptContext
from passlib.utils.handlers import PrefixWrapper

from app.core.password_schemes import SCHEMES
from app.core.password_schemes.base import ImportedHandler
from app.core.password_schemes.limits import (
    MAX_BCRYPT_LOG2,
    MAX_HASH_CHARS,
    MAX_PBKDF2_ROUNDS,
    MAX_PHPASS_LOG2,
    MAX_SHA_CRYPT_ROUNDS,
    MIN_DIGEST_BYTES,
    HashRefused,
    refuse_above,
    refuse_costly_argon2,
)

_KNOWN = CryptContext(schemes=list(SCHEMES))
_MAX_ROUNDS = (
    ("bcrypt", MAX_BCRYPT_LOG2),
    ("pbkdf2", MAX_PBKDF2_ROUNDS),
    ("phpass", MAX_PHPASS_LOG2),
    ("crypt", MAX_SHA_CRYPT_ROUNDS),  # sha256_crypt and sha512_crypt; after bcrypt
)


def scheme_of(hashed: str) -> str | None:
    """Name the scheme whose form the hash has, or None."""
    name: str | None = _KNOWN.identify(hashed)
    return name


def check_importable(hashed: str) -> str | None:
    """Say why a hash may not be stored, or None when it may; computes nothing."""
    try:
        _check(hashed)
    except HashRefused as refusal:
        return str(refusal)
    except (ValueError, TypeError, NotImplementedError):
        return "malformed hash"  # what the libraries say may quote it
    return None


def _check(hashed: str) -> None:
    if len(hashed) > MAX_HASH_CHARS or not hashed.isascii():
        raise HashRefused("not a password hash")
    handler: Any = _KNOWN.identify(hashed, resolve=True)
    if handler is None:
        raise HashRefused("unknown scheme")
    if isinstance(handler, type) and issubclass(handler, ImportedHandler):
        handler.check(hashed)
        return
    name = handler.name
    if isinstance(handler, PrefixWrapper):
        hashed = handler.orig_prefix + hashed.removeprefix(handler.prefix)
        handler = handler.wrapped
    _check_native(name, handler.from_string(hashed))


def _check_native(name: str, parsed: Any) -> None:
    """Bound what passlib parsed: LDAP's salted digests have no cost to bound."""
    if not parsed.checksum:
        raise HashRefused("hash without a digest")
    if name.endswith("argon2"):
        if len(parsed.checksum) < MIN_DIGEST_BYTES:
            raise HashRefused("argon2 digest is too short")
        refuse_costly_argon2(parsed.memory_cost, parsed.rounds, parsed.parallelism)
        return
    for family, limit in _MAX_ROUNDS:
        if family in name:
            refuse_above(parsed.rounds, limit, f"{family} rounds")
            return
