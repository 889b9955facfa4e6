"""Plain and iterated digests, in a form of our own that others are converted to.

    $digest$sha256,i=1$<before>$<after>$<digest>

It is H(before + password + after), and then i - 1 times the digest of the digest; with
``hmac-`` before the name, an HMAC under the key ``before``; with ``,pre=md5hex``, of
the hexadecimal MD5 of the password. Few rounds of it are weak: such a hash is found by
guessing in minutes, and is replaced at the first sign-in as every other is.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Literal

from app.core.password_schemes.base import ImportedHandler, b64_loose, b64_text, same
from app.core.password_schemes.limits import (
    MAX_DIGEST_ROUNDS,
    HashRefused,
    iterated_work,
    refuse_above,
)

ALGORITHMS = {"md5": 16, "sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48}
ALGORITHMS |= {"sha512": 64, "sha3-256": 32, "sha3-512": 64}
_FORM = re.compile(
    r"\$digest\$(hmac-)?([a-z0-9-]+),i=(\d{1,9})(,pre=md5hex)?"
    r"\$([\w+/]*)\$([\w+/]*)\$([\w+/]+)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Digest:
    """One hash, whatever its form was."""

    algorithm: str
    digest: bytes
    before: bytes = b""
    after: bytes = b""
    rounds: int = 1
    is_hmac: bool = False
    pre: Literal["", "md5hex"] = ""

    def __post_init__(self) -> None:
        """Refuse an unknown algorithm, another length, or too many rounds.

        Raises:
            HashRefused: One of them.
        """
        if ALGORITHMS.get(self.algorithm) != len(self.digest) or self.rounds < 1:
            raise HashRefused("digest of an unknown algorithm or another length")
        refuse_above(self.rounds, MAX_DIGEST_ROUNDS, "rounds of a digest")

    def matches(self, secret: bytes) -> bool:
        """Compute and compare."""
        if self.pre:
            secret = hashlib.md5(secret, usedforsecurity=False).hexdigest().encode()
        name = self.algorithm.replace("-", "_")
        if self.is_hmac:
            return same(hmac.digest(self.before, secret, name), self.digest)
        value = hashlib.new(name, self.before + secret + self.after).digest()
        for _ in range(self.rounds - 1):
            value = hashlib.new(name, value).digest()
        return same(value, self.digest)

    def work(self, length: int) -> int:
        """Estimate; the password is in the first round only."""
        return iterated_work(self.rounds, 0) + iterated_work(1, length) + 10

    def __str__(self) -> str:
        """Return our form."""
        kind = f"{'hmac-' if self.is_hmac else ''}{self.algorithm},i={self.rounds}"
        kind += f",pre={self.pre}" if self.pre else ""
        parts = [b64_text(raw) for raw in (self.before, self.after, self.digest)]
        return f"$digest${kind}${'$'.join(parts)}"


class PlainDigest(ImportedHandler):
    """Nobody else writes this form."""

    name = "digest"
    pattern = re.compile(r"\$digest\$")

    @classmethod
    def parse(cls, hashed: str) -> Digest:
        """Refuse a malformed form, or too many rounds.

        Raises:
            HashRefused: Either of them.
        """
        form = _FORM.fullmatch(hashed)
        if form is None:
            raise HashRefused("malformed digest")
        before, after, digest = (b64_loose(form[at]) for at in (5, 6, 7))
        return Digest(
            algorithm=form[2],
            digest=digest,
            before=before,
            after=after,
            rounds=int(form[3]),
            is_hmac=bool(form[1]),
            pre="md5hex" if form[4] else "",
        )
