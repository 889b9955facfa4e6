"""Webhooks as API and commands show them."""

from typing import Any

from app.models.outgoing.webhook import Webhook as Row
from app.models.outgoing.webhook import WebhookDelivery as DeliveryRow
from app.schemas.webhook import Webhook, WebhookDelivery, WebhookWithSecret
from app.services.outgoing.signing import public_keys_of
from app.services.process.process import Process


def shown(process: Process, row: Row) -> Webhook:
    """Return an endpoint, without any secret."""
    return Webhook.model_validate(_members(process, row))


def shown_with(process: Process, row: Row, secret: str) -> WebhookWithSecret:
    """Return an endpoint with the secret that was made a moment ago."""
    members = {**_members(process, row), "secret": secret}
    return WebhookWithSecret.model_validate(members)


def _members(process: Process, row: Row) -> dict[str, Any]:
    own = (name for name in Webhook.model_fields if hasattr(row, name))
    members = {name: getattr(row, name) for name in own}
    members["public_keys"] = public_keys_of(process, row, process.clock.now())
    return {**members, "secret_overlaps_until": row.previous_until}


def shown_delivery(row: DeliveryRow) -> WebhookDelivery:
    """Return a delivery and what became of it so far."""
    finished = row.delivered_at or row.failed_at
    state = "delivered" if row.delivered_at else "dead" if row.failed_at else "pending"
    return WebhookDelivery(
        id=row.id,
        event_id=row.event_id,
        event=row.event_name,
        state=state,
        attempts=row.attempts,
        last_status=row.last_status,
        last_error=row.last_error,
        created_at=row.created_at,
        next_attempt_at=None if finished else row.available_at,
        finished_at=finished,
    )
