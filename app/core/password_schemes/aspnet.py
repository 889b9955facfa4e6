"""ASP.NET Core Identity version 3: base64 of a header, salt and PBKDF2 subkey."""

import hashlib
import re
from dataclasses import dataclass

from app.core.password_schemes.base import ImportedHandler, b64, same
from app.core.password_schemes.limits import (
    MAX_PBKDF2_ROUNDS,
    MIN_DIGEST_BYTES,
    HashRefused,
    pbkdf2_work,
    refuse_above,
)

_DIGESTS = {0: "sha1", 1: "sha256", 2: "sha512"}  # KeyDerivationPrf
_HEADER_BYTES = 13


class AspNetIdentity(ImportedHandler):
    """0x01, then PRF, rounds and salt length as big-endian words, salt, subkey."""

    name = "aspnet_identity"
    # 0x01 and a PRF below 256, in base64.
    pattern = re.compile(r"AQAAAA[A-Za-z0-9+/]+={0,2}\Z")

    @classmethod
    def parse(cls, hashed: str) -> "_Blob":
        """Refuse a malformed blob, a short salt or subkey, or too many rounds.

        Raises:
            HashRefused: One of them.
        """
        return _parse(hashed)


@dataclass(frozen=True, slots=True)
class _Blob:
    digest: str
    rounds: int
    salt: bytes
    subkey: bytes
    blocks: int

    def matches(self, secret: bytes) -> bool:
        """Derive a subkey of the stored length and compare."""
        length = len(self.subkey)
        derived = hashlib.pbkdf2_hmac(
            self.digest, secret, self.salt, self.rounds, length
        )
        return same(derived, self.subkey)

    def work(self, length: int) -> int:
        """Estimate; the password is digested once."""
        return pbkdf2_work(self.rounds, self.digest, self.blocks)


def _parse(hashed: str) -> _Blob:
    raw = b64(hashed)
    prf, rounds, salt_bytes = (
        int.from_bytes(raw[at : at + 4], "big") for at in (1, 5, 9)
    )
    salt = raw[_HEADER_BYTES : _HEADER_BYTES + salt_bytes]
    subkey = raw[_HEADER_BYTES + salt_bytes :]
    if raw[:1] != b"\x01" or prf not in _DIGESTS or rounds < 1:
        raise HashRefused("malformed ASP.NET Identity hash")
    if len(salt) < MIN_DIGEST_BYTES or len(subkey) < MIN_DIGEST_BYTES:
        raise HashRefused("ASP.NET Identity hash with a short salt or subkey")
    blocks = -(-len(subkey) // hashlib.new(_DIGESTS[prf]).digest_size)
    refuse_above(rounds * blocks, MAX_PBKDF2_ROUNDS, "PBKDF2 rounds")
    return _Blob(_DIGESTS[prf], rounds, salt, subkey, blocks)
