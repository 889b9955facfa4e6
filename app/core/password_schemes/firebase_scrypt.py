"""Firebase Authentication's scrypt, in a form that carries the project's parameters.

    $fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=<signer key>$<salt>$<hash>

``n`` is the project's memory cost (log2 of N), ``r`` its rounds, ``ss`` its salt
separator; all bytes are standard base64. Other importers know the same form. The
signer key leaves the database with each account's first sign-in.
"""

import re
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from app.core.password_schemes.base import ImportedHandler, b64, same, scrypt_digest
from app.core.password_schemes.limits import (
    MIN_DIGEST_BYTES,
    HashRefused,
    refuse_costly_scrypt,
    scrypt_work,
)

_FORM = re.compile(
    r"\$fbscrypt\$v=1,n=(\d{1,2}),r=(\d{1,5}),p=1,ss=([^,$]*),sk=([^,$]+)"
    r"\$([^$]+)\$([^$]+)",
    re.ASCII,
)


class FirebaseScrypt(ImportedHandler):
    """scrypt gives an AES-256 key; the hash is the signer key under it (CTR, zero)."""

    name = "firebase_scrypt"
    pattern = re.compile(r"\$fbscrypt\$")

    @classmethod
    def parse(cls, hashed: str) -> "_Account":
        """Refuse a malformed form, a short signer key, or too much memory.

        Raises:
            HashRefused: One of them.
        """
        return _parse(hashed)


@dataclass(frozen=True, slots=True)
class _Account:
    log2_n: int
    r: int
    salt: bytes
    signer_key: bytes
    digest: bytes

    def matches(self, secret: bytes) -> bool:
        """Encrypt the signer key and compare."""
        n = 1 << self.log2_n
        key = scrypt_digest(secret, self.salt, n=n, r=self.r, length=32)
        encryptor = Cipher(algorithms.AES256(key), modes.CTR(bytes(16))).encryptor()
        return same(encryptor.update(self.signer_key), self.digest)

    def work(self, length: int) -> int:
        """Estimate by the memory."""
        return scrypt_work(1 << self.log2_n, self.r, 1)


def _parse(hashed: str) -> _Account:
    form = _FORM.fullmatch(hashed)
    if form is None:
        raise HashRefused("malformed Firebase hash")
    log2_n, r = int(form[1]), int(form[2])
    refuse_costly_scrypt(1 << log2_n, r, 1)
    separator, signer_key, salt, digest = (b64(form[at]) for at in (3, 4, 5, 6))
    if len(signer_key) < MIN_DIGEST_BYTES or len(digest) != len(signer_key):
        raise HashRefused("Firebase hash and signer key do not belong together")
    return _Account(log2_n, r, salt + separator, signer_key, digest)
