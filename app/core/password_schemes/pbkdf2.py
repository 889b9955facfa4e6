"""PBKDF2 as passlib writes it, ``$pbkdf2-sha256$rounds$salt$digest``.

What other products write is converted to it. passlib's own handlers know digests of
one length only; others (Ory Kratos) keep 32 bytes of SHA-512.
"""

import hashlib
import re
from dataclasses import dataclass

from app.core.password_schemes.base import ImportedHandler, b64_loose, same
from app.core.password_schemes.limits import (
    MAX_PBKDF2_ROUNDS,
    MIN_DIGEST_BYTES,
    HashRefused,
    pbkdf2_work,
    refuse_above,
)

DIGEST_BYTES = {"sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}
_FORM = re.compile(
    r"\$pbkdf2(?:-(sha(?:1|224|256|384|512)))?\$(\d{1,9})\$([\w./+=-]*)\$([\w./+=-]+)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class _Stored:
    algorithm: str
    rounds: int
    salt: bytes
    digest: bytes

    def matches(self, secret: bytes) -> bool:
        """Derive as many bytes as are stored and compare."""
        length = len(self.digest)
        derived = hashlib.pbkdf2_hmac(
            self.algorithm, secret, self.salt, self.rounds, length
        )
        return same(derived, self.digest)

    def work(self, length: int) -> int:
        """Estimate; the password is digested once."""
        return pbkdf2_work(self.rounds, self.algorithm)


class Pbkdf2(ImportedHandler):
    """One block at most: what is beyond the first is dropped at import."""

    name = "pbkdf2"
    pattern = re.compile(r"\$pbkdf2(-sha\d+)?\$\d")

    @classmethod
    def parse(cls, hashed: str) -> _Stored:
        """Refuse a malformed form, a digest of another length, or too many rounds.

        Raises:
            HashRefused: One of them.
        """
        form = _FORM.fullmatch(hashed)
        if form is None:
            raise HashRefused("malformed PBKDF2 hash")
        algorithm, rounds, digest = form[1] or "sha1", int(form[2]), b64_loose(form[4])
        if not MIN_DIGEST_BYTES <= len(digest) <= DIGEST_BYTES[algorithm]:
            raise HashRefused("PBKDF2 digest of a length that is not known")
        if rounds < 1:
            raise HashRefused("malformed PBKDF2 hash")
        refuse_above(rounds, MAX_PBKDF2_ROUNDS, "pbkdf2 rounds")
        return _Stored(algorithm, rounds, b64_loose(form[3]), digest)
