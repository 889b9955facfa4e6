"""Whether a foreign hash may be stored: its form is known and its cost bounded."""

from typing import Any

from passlib.context import CryptContext
from passlib.utils.handlers import PrefixWrapper

from app.core.password_schemes import SCHEMES, WEAK
from app.core.password_schemes.base import ImportedHandler
from app.core.password_schemes.foreign import name_of, unwrap
from app.core.password_schemes.limits import (
    MAX_BCRYPT_LOG2,
    MAX_DIGEST_ROUNDS,
    MAX_FOREIGN_CHARS,
    MAX_HASH_CHARS,
    MAX_PBKDF2_ROUNDS,
    MAX_PHPASS_LOG2,
    MAX_WORK,
    MIN_DIGEST_BYTES,
    USUAL_BYTES,
    HashRefused,
    argon2_work,
    bcrypt_work,
    iterated_work,
    pbkdf2_work,
    refuse_above,
    refuse_costly_argon2,
)
from app.core.password_schemes.reading import READINGS, Marked, read_mark
from app.core.password_schemes.source import SOURCES

_KNOWN = CryptContext(schemes=list(SCHEMES))
_MAX_ROUNDS = (
    ("bcrypt", MAX_BCRYPT_LOG2),
    ("pbkdf2", MAX_PBKDF2_ROUNDS),
    ("phpass", MAX_PHPASS_LOG2),
    ("sha1_crypt", MAX_DIGEST_ROUNDS),
)
_WRAPPERS = 3  # around each other: {CRYPT}$1$, :argon2:$argon2id$
_SHORT_WORK = 2_000  # of schemes whose cost is fixed and small: MD5 crypt, DES, LDAP


def scheme_of(hashed: str) -> str | None:
    """Name the scheme whose form the hash has, or None."""
    name: str | None = _KNOWN.identify(hashed)
    return name


def is_weak(stored: str) -> bool:
    """Tell whether whoever has the hash finds the password in minutes."""
    return scheme_of(read_hash(stored).hashed) in WEAK


def read_hash(stored: str) -> Marked:
    """Tell the mark from the hash, and the hash from what a product put around it.

    Raises:
        ValueError: The mark is not known, or the hash is malformed.
    """
    marked = read_mark(stored)
    for _ in range(_WRAPPERS):
        found = unwrap(marked.hashed)
        if found is None or found[0] == marked.hashed:
            break
        reading = READINGS[found[1]] if found[1] else read_mark(found[0]).reading
        if stored.startswith("@"):
            reading = marked.reading
        marked = Marked(reading, marked.cut, found[0])
    return marked


def check_importable(hashed: str) -> str | None:
    """Say why a hash may not be stored, or None when it may; computes nothing."""
    try:
        to_stored(hashed)
    except HashRefused as refusal:
        return str(refusal)
    return None


def to_stored(hashed: str, source: str | None = None) -> str:
    """Return what is stored of a hash from elsewhere; computes nothing.

    Args:
        hashed: As the other product wrote it.
        source: Which that was (`SOURCES`), if it was said.

    Raises:
        HashRefused: It may not be stored; the text says why without quoting it.
    """
    if len(hashed) > MAX_FOREIGN_CHARS or not hashed.isascii():
        raise HashRefused("not a password hash")
    try:
        marked = read_hash(hashed)
        name = SOURCES[source].reading if source else ""
        if name:
            marked = Marked(READINGS[name], marked.cut, marked.hashed)
        _check(marked)
    except HashRefused:
        raise
    except (ValueError, TypeError, KeyError, NotImplementedError):
        raise HashRefused("malformed hash") from None  # the libraries may quote it
    stored = marked.with_hash(marked.hashed)
    if len(stored) > MAX_HASH_CHARS:
        raise HashRefused("the hash is too long")
    return stored


def work_of(hashed: str, length: int) -> int:
    """Estimate the microseconds of one computation for a password of so many bytes.

    Raises:
        ValueError: The hash is malformed, or costs too much whatever is typed.
    """
    handler: Any = _KNOWN.identify(hashed, resolve=True)
    if handler is None:
        raise HashRefused(name_of(hashed))
    if isinstance(handler, type) and issubclass(handler, ImportedHandler):
        return handler.parse(hashed).work(length)
    name = handler.name
    if isinstance(handler, PrefixWrapper):
        hashed = handler.orig_prefix + hashed.removeprefix(handler.prefix)
        handler = handler.wrapped
    return _native_work(name, handler.from_string(hashed), length)


def _check(marked: Marked) -> None:
    work = work_of(marked.hashed, USUAL_BYTES)
    refuse_above(work // 1000, MAX_WORK // 1000, "milliseconds of work")


def _native_work(name: str, parsed: Any, length: int) -> int:
    """Bound what passlib parsed: LDAP's salted digests have no cost to bound."""
    if not parsed.checksum:
        raise HashRefused("hash without a digest")
    if name.endswith("argon2"):
        if len(parsed.checksum) < MIN_DIGEST_BYTES:
            raise HashRefused("argon2 digest is too short")
        refuse_costly_argon2(parsed.memory_cost, parsed.rounds, parsed.parallelism)
        return argon2_work(parsed.memory_cost, parsed.rounds)
    for family, limit in _MAX_ROUNDS:
        if family in name:
            refuse_above(parsed.rounds, limit, f"{family} rounds")
            return _family_work(family, name, parsed.rounds, length)
    return _SHORT_WORK + iterated_work(1000, length) - 1000


def _family_work(family: str, name: str, rounds: int, length: int) -> int:
    if family == "bcrypt":
        return bcrypt_work(rounds)
    if family == "phpass":
        return iterated_work(1 << rounds, length)
    if family == "sha1_crypt":
        return iterated_work(3 * rounds, 0)  # an HMAC, under a key made once
    return pbkdf2_work(rounds, name.rpartition("_")[2])
