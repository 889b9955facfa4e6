"""What APIs that check tokens by themselves are told to refuse (ADR-0084).

A document of type ``revoked-tokens+jwt``, which no reader of another kind of JWT takes
(RFC 8725 §3.11). It names neither people nor tokens: entries are digests, cut short.
"""

import hashlib
import math
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

REVOKED_TYPE = "revoked-tokens+jwt"
REVOKED_TTL = 1_200  # seconds; it is signed anew when half of them are over
# 10,000 entries take 89 KB; one of 110 million other ids looks like one of them.
DIGEST_LENGTH = 5
_CLIENTS = UUID("8a6d2c5e-6f0b-5c0e-9d53-0f7c7f1f6b1e")


def client_entry(client_id: str) -> UUID:
    """Return what a client is called where ids stand: a UUID (RFC 9562 §5.5)."""
    return uuid5(_CLIENTS, client_id)


def past_entry(client_id: str) -> UUID:
    """Return what the past of a client is called that lives again (RFC 9562 §5.8)."""
    return _with_version(client_entry(client_id), 8)


def entry_of_past(entry: UUID) -> UUID | None:
    """Return the client's entry of what ``past_entry`` returned; None for others."""
    return _with_version(entry, 5) if entry.version == 8 else None


def _with_version(entry: UUID, version: int) -> UUID:
    return UUID(int=entry.int & ~(0xF << 76) | version << 76)


def entry_digest(entry: UUID) -> bytes:
    """Return how an entry is told: the first bytes of SHA-256 over its text."""
    return hashlib.sha256(str(entry).encode("ascii")).digest()[:DIGEST_LENGTH]


def revoked_claims(
    *,
    issuer: str,
    digests: Collection[bytes],
    not_before: datetime | None,
    clients: Mapping[bytes, datetime],
    now: datetime,
) -> dict[str, Any]:
    """Return the claims of the document.

    Args:
        issuer: Identifier of this server.
        digests: Of grants (``grant_id``), tokens (``jti``) and clients that ended.
        not_before: Whatever was issued until then is over, in so many words: all of it
            was ended at once, or too much to be listed.
        clients: Digests of clients that live again, and since when: what was issued to
            them until then is over.
        now: When it is published.
    """
    issued = int(now.timestamp())
    listed = b"".join(sorted(digests))
    claims: dict[str, Any] = {
        "iss": issuer,
        "iat": issued,
        "exp": issued + REVOKED_TTL,
        "digest_length": DIGEST_LENGTH,
        "revoked": _told(listed),
    }
    if clients:
        claims["clients_not_before"] = {
            _told(digest): int(since.timestamp())
            for digest, since in sorted(clients.items())
        }
    if not_before is not None:
        claims["tokens_not_before"] = math.ceil(not_before.timestamp())
    return claims


def _told(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
