"""Passwords: which are acceptable, how they are hashed, how they are verified.

Everything here is synchronous and, where it hashes, slow on purpose: callers run it on
the `HashingPool`, never on the event loop.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from app.core.common_passwords import is_common
from app.core.password_pattern import is_from_context, is_simple, variants
from app.core.password_schemes.engines import KEPT, CurrentArgon2id, engine_for
from app.core.password_schemes.limits import (
    MAX_PASSWORD_BYTES,
    refuse_costly_argon2,
)

if TYPE_CHECKING:
    from app.core.password_schemes.verifying import OtherHashes

__all__ = [
    "MAX_BYTES",
    "MAX_LENGTH",
    "MIN_LENGTH",
    "PasswordHasher",
    "PasswordProblem",
    "Verification",
    "check_importable",
    "check_password",
    "normalise_password",
    "release_memory",
    "stored_form",
    "traits_of",
]

MIN_LENGTH = 8
MAX_LENGTH = 1024  # code points after NFC; bounds the work, not the choice
MAX_BYTES = MAX_PASSWORD_BYTES  # of the same in UTF-8

# OWASP Password Storage Cheat Sheet, the least that it accepts for Argon2id.
_LEAST_MEMORY_KIB = 19456
_LEAST_PASSES = 2
_LONGEST_DECOMPOSITION = 4  # code points that NFC may join into one


class PasswordProblem(StrEnum):
    """Why a new password is refused; the values are public error codes."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    TOO_COMMON = "too_common"
    TOO_SIMPLE = "too_simple"
    CONTAINS_CONTEXT = "contains_context"


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether a password is right.

    Attributes:
        ok: It is.
        replacement: The hash to store instead, if there is one.
        was_tried: Whether it was looked at; the work is done in either case.
    """

    ok: bool
    replacement: str | None = None
    was_tried: bool = True


def normalise_password(password: str) -> str:
    """Return the password in NFC, so that every keyboard types the same one."""
    return unicodedata.normalize("NFC", password)


def release_memory() -> None:
    """Give back what an engine keeps for this thread; there may be none."""
    if KEPT.engine is not None:
        KEPT.engine.release()


def check_importable(hashed: str) -> str | None:
    """Say why a hash may not be stored, or None when it may; computes nothing."""
    # Here, as in ``PasswordHasher``: it brings passlib.
    from app.core.password_schemes.importable import check_importable

    return check_importable(hashed)


def stored_form(hashed: str, source: str | None = None) -> str:
    """Return what is stored of a hash from elsewhere; computes nothing.

    Raises:
        HashRefused: It may not be stored; the text says why without quoting it.
    """
    from app.core.password_schemes.importable import to_stored  # here: as above

    return to_stored(hashed, source)


def traits_of(stored: str) -> frozenset[str]:
    """Return ``weak`` of a hash that is, ``peppered`` of one that needs a secret."""
    from app.core.password_schemes.importable import is_weak, read_hash  # as above

    peppered = {"peppered"} if read_hash(stored).reading.is_peppered else set()
    return frozenset(peppered | ({"weak"} if is_weak(stored) else set()))


def check_password(password: str, *, context: Iterable[str]) -> PasswordProblem | None:
    """Judge a new password by length, frequency and context (NIST SP 800-63B).

    Args:
        password: As it was typed.
        context: Words that belong to the account: the product's name, the address.
            Of an e-mail address the local part counts by itself as well.
    """
    if len(password) > MAX_LENGTH * _LONGEST_DECOMPOSITION:
        return PasswordProblem.TOO_LONG  # before the work of normalising it
    password = normalise_password(password)
    if len(password) < MIN_LENGTH:
        return PasswordProblem.TOO_SHORT
    if _is_too_long(password):
        return PasswordProblem.TOO_LONG
    if any(is_common(variant) for variant in variants(password)):
        return PasswordProblem.TOO_COMMON
    if is_simple(password):
        return PasswordProblem.TOO_SIMPLE
    if is_from_context(password, context):
        return PasswordProblem.CONTAINS_CONTEXT
    return None


class PasswordHasher:
    """Argon2id for new passwords; imported hashes are verified and then replaced."""

    def __init__(
        self,
        *,
        memory_cost: int = _LEAST_MEMORY_KIB,
        time_cost: int = _LEAST_PASSES,
        parallelism: int = 1,
        devise_pepper: str = "",
        flask_security_salt: str = "",
    ) -> None:
        """Take the parameters of new hashes.

        Args:
            memory_cost: KiB that one hash fills.
            time_cost: Passes over that memory.
            parallelism: Lanes; above one the faster engine cannot be used.
            devise_pepper: What the Devise application of imported bcrypt hashes
                appended to each password (``config.pepper``).
            flask_security_salt: The key of the HMAC that Flask-Security hashed instead
                (``SECURITY_PASSWORD_SALT``).

        Raises:
            ValueError: Less than OWASP's minimum, or more than an import may ask for.
        """
        if memory_cost < _LEAST_MEMORY_KIB or time_cost < _LEAST_PASSES:
            raise ValueError("Argon2id below the OWASP minimum of m=19456, t=2, p=1")
        if parallelism < 1:
            raise ValueError("Argon2id needs at least one lane")
        refuse_costly_argon2(memory_cost, time_cost, parallelism)
        self._parallelism = parallelism
        self._peppers = devise_pepper, flask_security_salt
        self._current = CurrentArgon2id(memory_cost, time_cost, parallelism)
        # Nobody knows a password of it: it is no digest, only its cost is real.
        self._decoy = f"{self._current.prefix}{'A' * 22}${'A' * 43}"

    @property
    def engine_name(self) -> str:
        """The engine that computes new hashes, by its name in ``ENGINES``."""
        return engine_for(self._parallelism)

    def hash(self, password: str) -> str:
        """Return a PHC string to store.

        Raises:
            ValueError: The password cannot be one: U+0000, a lone surrogate, or
                longer than ``MAX_LENGTH``.
        """
        if not _is_usable(password):
            raise ValueError("not a possible password")
        return self._current.hash(normalise_password(password))

    def verify(self, password: str, hashed: str | None) -> Verification:
        """Verify a password of any origin; never raises for what is stored or typed.

        Args:
            password: As it was typed.
            hashed: What is stored. None (no such account, no password) costs what a
                wrong password costs, and so does a hash that cannot be read, that is
                refused as too costly, or that is far cheaper than ours.
        """
        if not _is_usable(password):
            return self._decline("")
        normal = normalise_password(password)
        if hashed is None:
            return self._decline(password)
        matches = self._current.matches(normal, hashed)
        if matches:
            return Verification(ok=True)
        if matches is None:
            return self._verify_other(password, hashed)
        # Of today's cost, and perhaps from elsewhere, where nobody composed letters.
        if password != normal and self._current.matches(password, hashed):
            return Verification(True, self.hash(password))
        return Verification(ok=False)

    def foreign_work(self, password: str, hashed: str | None) -> int:
        """Estimate the microseconds of verifying a hash that is none of our own.

        It is 0 for our own, whose cost is the operator's and not a stranger's, and for
        what is refused without any work.
        """
        if hashed is None or self._current.owns(hashed) or not _is_usable(password):
            return 0
        return self._others.work(password, hashed)

    def _verify_other(self, password: str, hashed: str) -> Verification:
        """Verify what was imported, or made before the settings changed."""
        if check_importable(hashed) is not None:
            return self._decline(password)
        found = self._others.verify(password, hashed)
        if found.kept is not None:
            return Verification(True, None if found.kept == hashed else found.kept)
        if found.spent < self._current.work:
            return self._decline(password)  # cheap, or refused: as slow as a stranger's
        return Verification(ok=False)

    @cached_property
    def _others(self) -> "OtherHashes":
        # Here: passlib and its schemes are megabytes that few installations need.
        from passlib.context import CryptContext

        from app.core.password_schemes import SCHEMES
        from app.core.password_schemes.verifying import OtherHashes, Peppers

        context = CryptContext(schemes=list(SCHEMES))
        return OtherHashes(context, self._current, Peppers(*self._peppers))

    def _decline(self, password: str) -> Verification:
        """Say no at the price of a wrong password, which is two for some spellings."""
        self._current.matches("", self._decoy)
        if password and password != normalise_password(password):
            self._current.matches("", self._decoy)
        return Verification(ok=False)


def _is_usable(password: str) -> bool:
    """Tell whether somebody could have set this password here."""
    if len(password) > MAX_LENGTH * _LONGEST_DECOMPOSITION or "\0" in password:
        return False
    try:
        password.encode()
    except UnicodeEncodeError:
        return False  # half of a surrogate pair is no text
    return not _is_too_long(normalise_password(password))


def _is_too_long(normal: str) -> bool:
    return len(normal) > MAX_LENGTH or len(normal.encode()) > MAX_BYTES
