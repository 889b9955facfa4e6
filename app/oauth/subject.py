"""OIDC Core §8 and §8.1: under which name a client knows a person.

Public is the account's id. Pairwise is an HMAC of sector and id: the same at each
sign-in and for each client of the sector, and without the key neither to be computed,
nor to be turned back, nor to be compared between sectors. The session of a person is
named alike, or ``sid`` would tell two sectors that it is the same one.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from uuid import UUID

from app.oauth.clients.client import Client

_MIN_KEY = 32
# What a person is known by anywhere: a UUID in any spelling, or a pairwise subject.
_OF_PERSON = re.compile(
    r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}|[A-Za-z0-9_-]{43}", re.IGNORECASE
)
_CLIENT = "client:"


def subject_for(user_id: UUID, client: Client, *, key: bytes) -> str:
    """Return the ``sub`` of a person at a client.

    Args:
        user_id: The account.
        client: Whom it is told to; ``subject_type`` decides.
        key: Secret for pairwise subjects; with another one they all change.

    Raises:
        ValueError: The client is pairwise and has no sector, or the key is too short.
    """
    if client.subject_type == "public":
        return str(user_id)
    return pairwise_subject(user_id, _sector(client), key)


def subject_of_client(client_id: str) -> str:
    """Return the ``sub`` of a client that speaks for itself (RFC 9068 §2.2).

    It is the client's identifier, unless that could be a person's subject: then it is
    told apart by what no subject of a person has in it (RFC 9700 §4.15). No two clients
    get the same.
    """
    is_unclear = _OF_PERSON.fullmatch(client_id) or client_id.startswith(_CLIENT)
    return f"{_CLIENT}{client_id}" if is_unclear else client_id


def session_for(session_id: UUID, client: Client, *, key: bytes) -> str:
    """Return the ``sid`` of a session at a client. Arguments as above.

    Raises:
        ValueError: The client is pairwise and has no sector, or the key is too short.
    """
    if client.subject_type == "public":
        return str(session_id)
    # No sector begins like that, so this is never anybody's subject.
    return pairwise_subject(session_id, f"\0sid\0{_sector(client)}", key)


def _sector(client: Client) -> str:
    if not client.sector:
        raise ValueError(f"client {client.client_id} is pairwise without a sector")
    return client.sector


def pairwise_subject(user_id: UUID, sector: str, key: bytes) -> str:
    """Return the subject of a person in a sector: 43 characters of base64url.

    Args:
        user_id: The account; 16 bytes, so that sector and id cannot run together.
        sector: Host name; its case means nothing (RFC 3986 §3.2.2).
        key: At least 32 secret bytes.

    Raises:
        ValueError: The key is too short.
    """
    if len(key) < _MIN_KEY:
        raise ValueError(f"the key of pairwise subjects needs {_MIN_KEY} bytes")
    message = sector.lower().encode() + user_id.bytes
    digest = hmac.new(key, message, hashlib.sha256).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
