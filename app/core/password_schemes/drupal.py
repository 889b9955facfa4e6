"""Drupal 7: ``$S$``, phpass' construction with SHA-512, cut to 55 characters."""

import hashlib
import re
from typing import Any

from passlib.utils.binary import h64

from app.core.password_schemes.base import ImportedHandler, same
from app.core.password_schemes.limits import MAX_PHPASS_LOG2, HashRefused, refuse_above

_FORM = re.compile(r"(U?)\$S\$([./0-9A-Za-z])([./0-9A-Za-z]{8})([./0-9A-Za-z]{43})")
_H64: Any = h64  # untyped in the stubs
_DIGITS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Drupal(ImportedHandler):
    """``U$S$`` marks accounts of Drupal 6: the same, over the hex MD5 they had."""

    name = "drupal"
    pattern = re.compile(r"U?\$S\$")

    @classmethod
    def check(cls, hashed: str) -> None:
        """Refuse a malformed form, or more rounds than allowed.

        Raises:
            HashRefused: Either of them.
        """
        _parse(hashed)

    @classmethod
    def matches(cls, secret: bytes, hashed: str) -> bool:
        """Iterate SHA-512 over digest and password, and compare the kept part."""
        from_md5, rounds, salt, digest = _parse(hashed)
        if from_md5:
            secret = hashlib.md5(secret, usedforsecurity=False).hexdigest().encode()
        value = hashlib.sha512(salt + secret).digest()
        for _ in range(rounds):
            value = hashlib.sha512(value + secret).digest()
        return same(bytes(_H64.encode_bytes(value))[: len(digest)], digest)


def _parse(hashed: str) -> tuple[bool, int, bytes, bytes]:
    form = _FORM.fullmatch(hashed)
    if form is None:
        raise HashRefused("malformed Drupal hash")
    log2 = _DIGITS.index(form[2])
    refuse_above(log2, MAX_PHPASS_LOG2, "Drupal rounds (log2)")
    return bool(form[1]), 1 << log2, form[3].encode(), form[4].encode()
