"""``$5$`` and ``$6$``: crypt's SHA-256 and SHA-512, with any salt that crypt takes.

passlib's handlers refuse salts with ``-`` or ``_``, and none at all; crypt(3) writes
what it is given. The computation is passlib's, or the machine's crypt, which does not
hold the interpreter lock meanwhile.
"""

import re
from dataclasses import dataclass
from typing import Any

from passlib.handlers import sha2_crypt

from app.core.password_schemes.base import ImportedHandler, same
from app.core.password_schemes.limits import (
    MAX_SHA_CRYPT_ROUNDS,
    HashRefused,
    refuse_above,
    sha_crypt_work,
)
from app.core.password_schemes.system_crypt import MAX_PHRASE, system_crypt

_FORM = re.compile(
    r"\$([56])\$(?:rounds=(\d{1,9})\$)?([^$:\n]{0,16})\$([./0-9A-Za-z]{43,86})",
    re.ASCII,
)
_RAW: Any = sha2_crypt._raw_sha2_crypt  # type: ignore[attr-defined] # untyped
_DEFAULT_ROUNDS, _LEAST_ROUNDS = 5_000, 1_000
_DIGITS = {"5": 43, "6": 86}


@dataclass(frozen=True, slots=True)
class _Stored:
    hashed: str
    is_512: bool
    rounds: int
    salt: str
    digest: str

    def matches(self, secret: bytes) -> bool:
        """Compute and compare."""
        crypt = system_crypt()
        if crypt is not None and len(secret) <= MAX_PHRASE:
            computed = crypt(secret, self.hashed.encode())
            return same(computed.rpartition(b"$")[2], self.digest.encode())
        text = _RAW(secret, self.salt, self.rounds, self.is_512)
        return same(text.encode(), self.digest.encode())

    def work(self, length: int) -> int:
        """Estimate; the password is in every round."""
        return sha_crypt_work(self.rounds, length)


class ShaCrypt(ImportedHandler):
    """Bytes times rounds is what it costs."""

    name = "sha_crypt"
    pattern = re.compile(r"\$[56]\$")

    @classmethod
    def parse(cls, hashed: str) -> _Stored:
        """Refuse a malformed form, or too many rounds.

        Raises:
            HashRefused: Either of them.
        """
        form = _FORM.fullmatch(hashed)
        if form is None or len(form[4]) != _DIGITS[form[1]]:
            raise HashRefused("malformed $5$ or $6$ hash")
        rounds = int(form[2] or _DEFAULT_ROUNDS)
        refuse_above(rounds, MAX_SHA_CRYPT_ROUNDS, "crypt rounds")
        rounds = max(rounds, _LEAST_ROUNDS)
        return _Stored(hashed, form[1] == "6", rounds, form[3], form[4])
