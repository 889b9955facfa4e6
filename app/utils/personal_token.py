"""Personal access tokens: how they look, and what is stored of them.

``as_pat_`` and 48 characters: 32 random bytes and their CRC-32, as base64url. Scanners
of secrets know them by the prefix and tell by the sum whether one is real, without
asking; so it is no secret of ours, and a typing error costs the database nothing.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from zlib import crc32

PREFIX = "as_pat_"
CHANCE = 32  # bytes
_SUM = 4
_FORM = re.compile(PREFIX + r"([A-Za-z0-9_-]{48})")


def personal_token(chance: bytes) -> str:
    """Return the token that is made of 32 random bytes."""
    return PREFIX + urlsafe_b64encode(chance + _sum(chance)).decode()


def is_personal(token: str) -> bool:
    """Tell whether somebody meant one, be it real or not."""
    return token.startswith(PREFIX)


def digest_of(token: str) -> bytes | None:
    """Return what a token is stored and found as, or None for what was never one.

    A plain hash does: nobody guesses 256 bits of chance, and unlike a keyed one it
    outlives a change of the secret key.
    """
    form = _FORM.fullmatch(token)
    if form is None:
        return None
    raw = urlsafe_b64decode(form[1])
    if raw[CHANCE:] != _sum(raw[:CHANCE]):
        return None
    return sha256(token.encode()).digest()


def _sum(chance: bytes) -> bytes:
    return crc32(chance).to_bytes(_SUM, "big")
