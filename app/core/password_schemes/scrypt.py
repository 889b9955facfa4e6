"""scrypt (RFC 7914): as a PHC string, and as Django writes it.

The PHC string is ``$scrypt$ln=15,r=8,p=1$salt$digest``; what other products write is
converted to it. passlib's own handler knows digests of 32 bytes only. Django's
ScryptPasswordHasher writes ``scrypt$N$salt$r$p$hash``, the hash in base64.
"""

import re
from dataclasses import dataclass

from app.core.password_schemes.base import (
    ImportedHandler,
    b64,
    b64_loose,
    b64_text,
    same,
    scrypt_digest,
)
from app.core.password_schemes.limits import (
    MIN_DIGEST_BYTES,
    HashRefused,
    refuse_costly_scrypt,
    scrypt_work,
)

_FORM = re.compile(
    r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,5}),p=(\d{1,5})\$([\w./+=-]*)\$([\w./+=-]+)",
    re.ASCII,
)
_DJANGO_FORM = re.compile(
    r"scrypt\$(\d{1,10})\$([^$]+)\$(\d{1,5})\$(\d{1,5})\$([^$]+)", re.ASCII
)
_DJANGO_DIGEST_BYTES = 64


@dataclass(frozen=True, slots=True)
class Scrypt:
    """One hash, whatever its form was."""

    n: int
    r: int
    p: int
    salt: bytes
    digest: bytes

    def __post_init__(self) -> None:
        """Refuse what costs too much, or would be met by chance.

        Raises:
            HashRefused: Either of them.
        """
        refuse_costly_scrypt(self.n, self.r, self.p)
        if len(self.digest) < MIN_DIGEST_BYTES:
            raise HashRefused("scrypt digest is too short")

    def matches(self, secret: bytes) -> bool:
        """Derive as many bytes as are stored and compare."""
        length = len(self.digest)
        computed = scrypt_digest(
            secret, self.salt, n=self.n, r=self.r, p=self.p, length=length
        )
        return same(computed, self.digest)

    def work(self, length: int) -> int:
        """Estimate by the memory; the password is digested once."""
        return scrypt_work(self.n, self.r, self.p)

    def __str__(self) -> str:
        """Return the PHC string."""
        costs = f"ln={self.n.bit_length() - 1},r={self.r},p={self.p}"
        return f"$scrypt${costs}${b64_text(self.salt)}${b64_text(self.digest)}"


class PhcScrypt(ImportedHandler):
    """As passlib, Rust's password-hash and our own conversions write it."""

    name = "phc_scrypt"
    pattern = re.compile(r"\$scrypt\$ln=")

    @classmethod
    def parse(cls, hashed: str) -> Scrypt:
        """Refuse a malformed form, a short digest, or too much memory.

        Raises:
            HashRefused: One of them.
        """
        form = _FORM.fullmatch(hashed)
        if form is None:
            raise HashRefused("malformed scrypt hash")
        costs = 1 << int(form[1]), int(form[2]), int(form[3])
        return Scrypt(*costs, b64_loose(form[4]), b64_loose(form[5]))


class DjangoScrypt(ImportedHandler):
    """Another form, with parameters in another order, and a salt that is text."""

    name = "django_scrypt"
    pattern = re.compile(r"scrypt\$")

    @classmethod
    def parse(cls, hashed: str) -> Scrypt:
        """Refuse a malformed form, or too much memory; the salt is text to Django.

        Raises:
            HashRefused: Either of them.
        """
        form = _DJANGO_FORM.fullmatch(hashed)
        if form is None:
            raise HashRefused("malformed Django scrypt hash")
        digest = b64(form[5])
        if len(digest) != _DJANGO_DIGEST_BYTES:
            raise HashRefused("Django scrypt hash of another length")
        costs = int(form[1]), int(form[3]), int(form[4])
        return Scrypt(*costs, form[2].encode(), digest)
