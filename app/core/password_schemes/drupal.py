"""Drupal 7: ``$S$``, phpass' construction with SHA-512, cut to 55 characters."""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from passlib.utils.binary import h64

from app.core.password_schemes.base import CRYPT_DIGITS, ImportedHandler, same
from app.core.password_schemes.limits import (
    MAX_PHPASS_LOG2,
    HashRefused,
    iterated_work,
    refuse_above,
)

_FORM = re.compile(r"(U?)\$S\$([./0-9A-Za-z])([./0-9A-Za-z]{8})([./0-9A-Za-z]{43})")
_H64: Any = h64  # untyped in the stubs


class Drupal(ImportedHandler):
    """``U$S$`` marks accounts of Drupal 6: the same, over the hex MD5 they had."""

    name = "drupal"
    pattern = re.compile(r"U?\$S\$")

    @classmethod
    def parse(cls, hashed: str) -> "_Stored":
        """Refuse a malformed form, or more rounds than allowed.

        Raises:
            HashRefused: Either of them.
        """
        form = _FORM.fullmatch(hashed)
        if form is None:
            raise HashRefused("malformed Drupal hash")
        log2 = CRYPT_DIGITS.index(form[2])
        refuse_above(log2, MAX_PHPASS_LOG2, "Drupal rounds (log2)")
        salt, digest = form[3].encode(), form[4].encode()
        return _Stored(bool(form[1]), 1 << log2, salt, digest)


@dataclass(frozen=True, slots=True)
class _Stored:
    from_md5: bool
    rounds: int
    salt: bytes
    digest: bytes

    def matches(self, secret: bytes) -> bool:
        """Iterate SHA-512 over digest and password, and compare the kept part."""
        if self.from_md5:
            secret = hashlib.md5(secret, usedforsecurity=False).hexdigest().encode()
        value = hashlib.sha512(self.salt + secret).digest()
        for _ in range(self.rounds):
            value = hashlib.sha512(value + secret).digest()
        return same(bytes(_H64.encode_bytes(value))[: len(self.digest)], self.digest)

    def work(self, length: int) -> int:
        """Estimate; the password is in every round."""
        return iterated_work(self.rounds, length)
