"""What signs for an endpoint: its secrets, and the keys of those that have them.

Standard Webhooks 1.0: ``v1`` is HMAC-SHA-256 under a secret that both know, ``v1a`` an
Ed25519 signature (RFC 8032) whose public key is no secret: whoever has it can check an
event, and make none.
"""

import logging
from base64 import b64encode
from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.core.secret_key import SealBroken
from app.models.outgoing.webhook import Webhook
from app.services.process.process import Process

PUBLIC_PREFIX = "whpk_"
SEED = 32  # bytes of a private half
_LOST = "what signed before does not open and signs no more: auth-serve key status"
_log = logging.getLogger("auth_serve.webhook")


def seal_context(webhook_id: UUID) -> str:
    """Return what a secret is bound to: in another row it does not open."""
    return f"webhooks:{webhook_id}"


def key_context(webhook_id: UUID) -> str:
    """Return what a private half is bound to: as a secret it does not open."""
    return f"webhooks.signing_key:{webhook_id}"


def new_key(process: Process, webhook_id: UUID) -> bytes:
    """Return a new private half, sealed; of Ed25519 any 32 bytes are one."""
    chance = process.randomness.bytes
    return process.secret_key.seal(chance(SEED), chance(12), key_context(webhook_id))


def secrets_of(process: Process, row: Webhook, now: datetime) -> list[str]:
    """Return the secrets that sign now, the newest first.

    One of before that does not open keeps nothing back: receivers know the new one.

    Raises:
        SealBroken: The present one does not open.
    """
    sealed = row.secret, row.previous_secret
    opened = _opened(process, row, now, seal_context(row.id), *sealed)
    return [each.decode() for each in opened]


def keys_of(process: Process, row: Webhook, now: datetime) -> list[bytes]:
    """Return the private halves that sign now, the newest first; often there is none.

    Raises:
        SealBroken: The present one does not open.
    """
    sealed = row.signing_key, row.previous_signing_key
    return _opened(process, row, now, key_context(row.id), *sealed)


def public_keys_of(process: Process, row: Webhook, now: datetime) -> list[str]:
    """Return the public halves as the specification writes them, the newest first.

    They are made of what is sealed: who writes the database alone has nobody told a key
    of theirs. One that does not open is left out.
    """
    try:
        keys = keys_of(process, row, now)
    except SealBroken:
        return []
    return [public_key(each) for each in keys]


def public_key(seed: bytes) -> str:
    """Return the public half of a key."""
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    return PUBLIC_PREFIX + b64encode(public.public_bytes_raw()).decode()


def _opened(
    process: Process,
    row: Webhook,
    now: datetime,
    context: str,
    present: bytes | None,
    previous: bytes | None,
) -> list[bytes]:
    """Return what is sealed, as far as it signs at this moment."""
    if present is None:
        return []
    opened = [process.secret_key.unseal(present, context)]
    if previous and row.previous_until and now < row.previous_until:
        try:
            opened.append(process.secret_key.unseal(previous, context))
        except SealBroken:
            _log.warning(_LOST, extra={"webhook_id": str(row.id)})
    return opened
