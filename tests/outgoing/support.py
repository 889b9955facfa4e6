"""Receivers of webhooks, and what they got."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import select
from standardwebhooks import Webhook as Verifier

from app.jobs.webhook import WebhookJob
from app.models import Webhook, WebhookDelivery
from app.policies.permission import operator
from app.services.outgoing.webhook import WebhookService
from app.services.server.runtime import Runtime
from tests.servers.http import HttpServer, Request


def verified(request: Request, secret: str) -> dict[str, Any]:
    """Return the body of a request, if the reference library finds it signed."""
    headers = dict(request.headers.items())
    told: dict[str, Any] = Verifier(secret).verify(request.body, headers)
    return told


def told(receiver: HttpServer) -> list[dict[str, Any]]:
    """Return the bodies that a receiver got, in order."""
    return [json.loads(request.body) for request in receiver.requests]


async def add_webhook(
    runtime: Runtime, url: str, *events: str
) -> tuple[UUID, str, WebhookJob]:
    """Have events sent to a URL; return id, secret, and a job that sends them."""
    async with runtime.unit_of_work() as uow:
        actor = operator(uow.clock.now())
        service = WebhookService(uow, runtime)
        row, secret = await service.create(actor, url, "", events or ("*",))
    return row.id, secret, WebhookJob(runtime)


async def work(job: WebhookJob) -> None:
    """Take turns until there is nothing more to do now."""
    while await job.run():
        pass


async def stored(runtime: Runtime, webhook_id: UUID) -> Webhook:
    """Return an endpoint as the database has it."""
    async with runtime.unit_of_work(read_only=True) as uow:
        row = await uow.webhooks.by_id(webhook_id)
    assert row is not None
    return row


async def sent(runtime: Runtime, webhook_id: UUID) -> list[WebhookDelivery]:
    """Return the deliveries of an endpoint, those of earlier events first."""
    query = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook_id)
    async with runtime.unit_of_work(read_only=True) as uow:
        rows = await uow.db.scalars(query.order_by(WebhookDelivery.event_id))
        return list(rows.all())
