"""RFC 6749 §2.3.1 and §10.10, RFC 7591 §3.2.1: the secrets of clients.

A secret has 256 bits of chance in it, so that a plain SHA-256 is all that storing it
needs; nobody guesses such a value, and no client can choose its own. Two may live at a
time, so that a new one can be rolled out before the old one ends.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from datetime import datetime

from app.oauth.clients.client import ClientSecret

PREFIX = "as_cs_"  # what log redaction and secret scanners find it by
_BYTES = 32


def client_secret(chance: bytes) -> str:
    """Return a secret as it is shown, once.

    Args:
        chance: 32 fresh random bytes.

    Raises:
        ValueError: There is less or more of it.
    """
    if len(chance) != _BYTES:
        raise ValueError(f"a client secret is made of {_BYTES} random bytes")
    return PREFIX + urlsafe_b64encode(chance).rstrip(b"=").decode()


def secret_digest(secret: str) -> bytes:
    """Return what is stored of a secret, or compared with what is stored."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def find_secret(presented: str, known: Iterable[ClientSecret]) -> ClientSecret | None:
    """Return which of the secrets was presented, even if it has ended.

    Digests are compared, in constant time, and each of them, so that the time tells
    neither how much of a guess was right nor which of two was meant.
    """
    digest = secret_digest(presented)
    matching = [one for one in known if hmac.compare_digest(one.digest, digest)]
    return matching[0] if matching else None


def is_live(secret: ClientSecret, now: datetime) -> bool:
    """Tell whether a secret may still be used."""
    return secret.expires_at is None or now < secret.expires_at


def rotate(
    known: Iterable[ClientSecret], digest: bytes, *, now: datetime, ends_at: datetime
) -> tuple[ClientSecret, ...]:
    """Return the secrets of a client that was given a new one: two at most.

    Args:
        known: The secrets until now, the newest first.
        digest: Of the new secret, which has no end.
        now: Secrets that ended before are left out.
        ends_at: When the one until now ends, unless it ends sooner anyway; with
            ``now`` it ends at once.
    """
    kept = [
        ClientSecret(one.digest, min(one.expires_at or ends_at, ends_at))
        for one in known
        if is_live(one, now)
    ]
    live = [one for one in kept if is_live(one, now)]
    return (ClientSecret(digest), *live[:1])
