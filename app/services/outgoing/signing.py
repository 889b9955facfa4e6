"""What signs for an endpoint (Standard Webhooks 1.0)."""

import logging
from datetime import datetime
from uuid import UUID

from app.core.secret_key import SealBroken
from app.models.outgoing.webhook import Webhook
from app.services.process.process import Process

_LOST = "the secret before does not open and signs no more: auth-serve key status"
_log = logging.getLogger("auth_serve.webhook")


def seal_context(webhook_id: UUID) -> str:
    """Return what a secret is bound to: in another row it does not open."""
    return f"webhooks:{webhook_id}"


def secrets_of(process: Process, row: Webhook, now: datetime) -> list[str]:
    """Return the secrets that sign now, the newest first.

    One of before that does not open keeps nothing back: receivers know the new one.

    Raises:
        SealBroken: The present one does not open.
    """
    context = seal_context(row.id)
    secrets = [process.secret_key.unseal(row.secret, context).decode()]
    if row.previous_secret and row.previous_until and now < row.previous_until:
        try:
            previous = process.secret_key.unseal(row.previous_secret, context)
            secrets.append(previous.decode())
        except SealBroken:
            _log.warning(_LOST, extra={"webhook_id": str(row.id)})
    return secrets
