"""WordPress 6.8 and later: ``$wp$2y$``, bcrypt over an HMAC of the password."""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

import bcrypt

from app.core.password_schemes.base import ImportedHandler
from app.core.password_schemes.limits import (
    MAX_BCRYPT_LOG2,
    HashRefused,
    bcrypt_work,
    refuse_above,
)

_FORM = re.compile(r"\$wp(\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53})", re.ASCII)
_TRIMMED = b" \t\n\r\0\x0b"  # what PHP's trim() takes away


class WordPress(ImportedHandler):
    """The HMAC (SHA-384, 64 characters of base64) is what keeps it under 72 bytes."""

    name = "wordpress"
    pattern = re.compile(r"\$wp\$2")

    @classmethod
    def parse(cls, hashed: str) -> "_Stored":
        """Refuse a malformed form, or a cost above bcrypt's limit.

        Raises:
            HashRefused: Either of them.
        """
        form = _FORM.fullmatch(hashed)
        if form is None:
            raise HashRefused("malformed WordPress hash")
        refuse_above(int(form[2]), MAX_BCRYPT_LOG2, "bcrypt cost")
        return _Stored(form[1], int(form[2]))


@dataclass(frozen=True, slots=True)
class _Stored:
    inner: str
    log2: int

    def matches(self, secret: bytes) -> bool:
        """Trim as WordPress does when it stores and when it signs in, then verify."""
        digest = hmac.new(b"wp-sha384", secret.strip(_TRIMMED), hashlib.sha384)
        return bcrypt.checkpw(base64.b64encode(digest.digest()), self.inner.encode())

    def work(self, length: int) -> int:
        """Estimate; the HMAC is next to nothing."""
        return bcrypt_work(self.log2)
