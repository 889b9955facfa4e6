"""Django's ScryptPasswordHasher: ``scrypt$N$salt$r$p$hash``, the hash in base64."""

import re
from dataclasses import dataclass

from app.core.password_schemes.base import ImportedHandler, b64, same, scrypt_digest
from app.core.password_schemes.limits import HashRefused, refuse_costly_scrypt

_FORM = re.compile(
    r"scrypt\$(\d{1,10})\$([^$]+)\$(\d{1,5})\$(\d{1,5})\$([^$]+)", re.ASCII
)
_DIGEST_BYTES = 64


class DjangoScrypt(ImportedHandler):
    """passlib's own scrypt has another form (``$scrypt$ln=``)."""

    name = "django_scrypt"
    pattern = re.compile(r"scrypt\$")

    @classmethod
    def check(cls, hashed: str) -> None:
        """Refuse a malformed form, or too much memory.

        Raises:
            HashRefused: Either of them.
        """
        _parse(hashed)

    @classmethod
    def matches(cls, secret: bytes, hashed: str) -> bool:
        """Derive, the salt being text to Django, and compare."""
        it = _parse(hashed)
        length = len(it.digest)
        computed = scrypt_digest(secret, it.salt, n=it.n, r=it.r, p=it.p, length=length)
        return same(computed, it.digest)


@dataclass(frozen=True, slots=True)
class _Stored:
    n: int
    r: int
    p: int
    salt: bytes
    digest: bytes


def _parse(hashed: str) -> _Stored:
    form = _FORM.fullmatch(hashed)
    if form is None:
        raise HashRefused("malformed Django scrypt hash")
    n, r, p = int(form[1]), int(form[3]), int(form[4])
    refuse_costly_scrypt(n, r, p)
    digest = b64(form[5])
    if len(digest) != _DIGEST_BYTES:
        raise HashRefused("Django scrypt hash of another length")
    return _Stored(n, r, p, form[2].encode(), digest)
