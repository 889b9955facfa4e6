"""Verifying whatever hash is none of today's: other parameters, other schemes."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from passlib.context import CryptContext

from app.core.password_schemes import PEPPERED, TRUNCATED
from app.core.password_schemes.engines import CurrentArgon2id
from app.core.password_schemes.importable import read_hash, scheme_of, work_of
from app.core.password_schemes.limits import MAX_PASSWORD_BYTES, MAX_WORK
from app.core.password_schemes.reading import (
    PLAIN,
    READINGS,
    Marked,
    Spelling,
)

_WRAPS_AT = 256  # where a length of one byte starts again


@dataclass(frozen=True, slots=True)
class Peppers:
    """What other products put to each password, and kept apart from the hashes.

    Attributes:
        devise: ``config.pepper`` of Devise, appended.
        flask_security: ``SECURITY_PASSWORD_SALT`` of Flask-Security, key of an HMAC.
    """

    devise: str = field(default="", repr=False)
    flask_security: str = field(default="", repr=False)


class _Try(NamedTuple):
    """One secret to try, and what to hash anew if it is right; None: nothing."""

    secret: bytes
    kept: bytes | None
    cut: int | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of looking at a stored hash.

    Attributes:
        kept: The hash to store from now on if the password is right, or None.
        spent: The estimated microseconds of what was computed.
    """

    kept: str | None
    spent: int


class OtherHashes:
    """Every scheme of the list, as its writer may have used it."""

    def __init__(
        self, context: CryptContext, current: CurrentArgon2id, peppers: Peppers
    ) -> None:
        """Verify.

        Args:
            context: Knows every scheme of the list.
            current: Makes and knows today's own hashes.
            peppers: As the settings have them.
        """
        self._context = context
        self._current = current
        self._peppers = peppers

    def work(self, password: str, stored: str) -> int:
        """Estimate the microseconds of verifying a wrong password at most."""
        try:
            marked = read_hash(stored)
            return sum(work for _, work in self._affordable(password, marked))
        except (ValueError, TypeError, NotImplementedError):
            return 0

    def verify(self, password: str, stored: str) -> Outcome:
        """Look for a spelling that is right; say what was computed for it.

        The hash to keep is made of what was verified. Bytes that nobody looked at are
        no part of it, and count as little from then on: the owner's own may be others.
        """
        spent = 0
        try:
            marked = read_hash(stored)
            for attempt, work in self._affordable(password, marked):
                if self._is_right(attempt.secret, marked.hashed):
                    kept = self._renewed(password, stored, marked, attempt)
                    return Outcome(kept, spent + work)
                spent += work
        except (ValueError, TypeError, NotImplementedError):
            pass  # parsed, and still nothing that its library can verify
        return Outcome(None, spent)

    def _is_right(self, secret: bytes, hashed: str) -> bool:
        known = self._current.matches(secret, hashed)
        return self._context.verify(secret, hashed) if known is None else known

    def _renewed(
        self, password: str, stored: str, marked: Marked, attempt: _Try
    ) -> str:
        if attempt.kept is None or self._current.owns(marked.hashed):
            return stored
        text = attempt.kept.decode("utf-8", "replace")
        is_plain = marked.reading.is_plain(password, text)
        if attempt.cut is None and is_plain:
            return self._current.hash(PLAIN.spellings(password)[0].kept)
        reading = marked.reading if attempt.cut is None or not is_plain else PLAIN
        reading = READINGS["nfkc"] if reading.is_peppered else reading
        mark = Marked(reading, attempt.cut, marked.hashed)
        return mark.with_hash(self._current.hash(attempt.kept))

    def _affordable(self, password: str, marked: Marked) -> Iterator[tuple[_Try, int]]:
        """Yield what is tried, each with its work, until the work is too much."""
        spent = 0
        for attempt in self._tries(password, marked):
            work = work_of(marked.hashed, len(attempt.secret))
            spent += work
            if spent > MAX_WORK:
                return
            yield attempt, work

    def _tries(self, password: str, marked: Marked) -> Iterator[_Try]:
        scheme = scheme_of(marked.hashed) or ""
        is_own = scheme == "argon2" and marked.cut is not None
        cut = marked.cut or TRUNCATED.get(scheme)
        for spelling in marked.reading.spellings(password):
            if len(spelling.hashed.encode()) > MAX_PASSWORD_BYTES:
                continue
            if scheme in PEPPERED and self._peppers.devise and not is_own:
                yield _devise(spelling, self._peppers.devise, cut or MAX_PASSWORD_BYTES)
            yield self._plain(spelling, marked, scheme, cut)
        if cut and scheme in TRUNCATED and marked.hashed.startswith(("$2a$", "$2b$")):
            yield from _wrapped(password)

    def _plain(
        self, spelling: Spelling, marked: Marked, scheme: str, cut: int | None
    ) -> _Try:
        secret, kept = spelling.hashed.encode(), spelling.kept.encode()
        if marked.reading.is_peppered:
            key = self._peppers.flask_security.encode()
            mac = hmac.digest(key, secret, hashlib.sha512)
            return _Try(base64.b64encode(mac)[: cut or None], kept, None)
        if scheme == "des_crypt":
            secret = bytes(each & 0x7F for each in secret)
            kept = secret
        is_cut = cut is not None and len(secret) >= cut
        kept = kept[:cut] if is_cut else kept
        if marked.hashed.startswith("$2$"):
            secret = _repeated(secret)
        return _Try(secret[:cut], kept, cut if is_cut else None)


def _devise(spelling: Spelling, pepper: str, cut: int) -> _Try:
    raw = spelling.hashed.encode()
    is_cut = len(raw) >= cut
    secret = (raw + pepper.encode())[:cut]
    return _Try(secret, raw[:cut], cut if is_cut else None)


def _wrapped(password: str) -> Iterator[_Try]:
    """Yield a long password as bcrypt of OpenBSD before 5.5 and its heirs read it.

    They kept its length, with the final NUL, in one byte: of 300 bytes 45 counted. It
    is no password that anybody else would type, and none to hash anew.
    """
    raw = password.encode()
    length = (len(raw) + 1) % _WRAPS_AT
    if len(raw) + 1 >= _WRAPS_AT and 0 < length <= 72:
        yield _Try(_repeated(raw[:length]), None, None)


def _repeated(key: bytes) -> bytes:
    """Return the 72 bytes that Blowfish makes of a key without a NUL at its end."""
    return (key * 72)[:72]
