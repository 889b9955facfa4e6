"""``/api/v1/webhooks``: who else is told of events, and what became of each."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.api.answers import etag, json_response, problems
from app.api.dependencies import (
    UNPERMITTED,
    OnceDep,
    PageDep,
    RuntimeDep,
    Uow,
    require,
)
from app.api.if_match import IfMatch
from app.api.strict_json import StrictRoute
from app.core.exceptions import PreconditionFailed
from app.policies.permission import Actor
from app.schemas.base import Page, plain
from app.schemas.webhook import (
    State,
    Webhook,
    WebhookChange,
    WebhookCreate,
    WebhookDelivery,
    WebhookReplay,
    WebhookReplayed,
    WebhookRotate,
    WebhookWithSecret,
)
from app.services.outgoing.shown import shown, shown_delivery, shown_with
from app.services.outgoing.webhook import (
    TooManyWebhooks,
    WebhookDeliveryBusy,
    WebhookDeliveryNotFound,
    WebhookNotFound,
    WebhookOff,
    WebhookService,
    demand_reading,
)
from app.services.server.idempotency_key import Answer, IdempotencyKeyReused

router = APIRouter(
    prefix="/api/v1/webhooks", tags=["webhooks"], route_class=StrictRoute
)
Reader = Annotated[Actor, require("webhooks:read")]
Writer = Annotated[Actor, require("webhooks:write")]


async def _webhooks(uow: Uow, runtime: RuntimeDep) -> WebhookService:
    return WebhookService(uow, runtime)


Webhooks = Annotated[WebhookService, Depends(_webhooks)]


@router.get("", responses=problems(*UNPERMITTED))
async def list_webhooks(
    _actor: Reader, webhooks: Webhooks, pages: PageDep, runtime: RuntimeDep
) -> Page[Webhook]:
    """List webhooks, the oldest first."""
    rows, cursor = await pages.by_id("webhooks", webhooks.list_page)
    return Page[Webhook](
        items=[shown(runtime, row) for row in rows], next_cursor=cursor
    )


@router.post(
    "",
    status_code=201,
    response_model=WebhookWithSecret,
    responses=problems(*UNPERMITTED, TooManyWebhooks, IdempotencyKeyReused, body=True),
)
async def create_webhook(
    body: WebhookCreate,
    actor: Writer,
    webhooks: Webhooks,
    once: OnceDep,
    runtime: RuntimeDep,
) -> Response:
    """Have events sent somewhere from now on; `audit:read` is needed besides.

    The secret is shown this once.
    """
    demand_reading(actor)  # also of who is shown it again

    async def make() -> Answer:
        row, secret = await webhooks.create(
            actor,
            body.url,
            body.description,
            body.events,
            asymmetric=body.asymmetric,
        )
        answer = shown_with(runtime, row, secret).model_dump_json()
        return Answer(201, answer, f"/api/v1/webhooks/{row.id}")

    return await once.answer("webhooks", actor.user_id, make, is_secret=True)


@router.get(
    "/{webhook_id}",
    response_model=Webhook,
    responses=problems(*UNPERMITTED, WebhookNotFound),
)
async def read_webhook(
    webhook_id: UUID, _actor: Reader, webhooks: Webhooks, runtime: RuntimeDep
) -> Response:
    """Return a webhook."""
    row = await webhooks.get(webhook_id)
    return json_response(shown(runtime, row), etag=etag(row.version))


@router.patch(
    "/{webhook_id}",
    response_model=Webhook,
    responses=problems(*UNPERMITTED, WebhookNotFound, PreconditionFailed, body=True),
)
async def update_webhook(
    webhook_id: UUID,
    body: WebhookChange,
    actor: Writer,
    webhooks: Webhooks,
    if_match: IfMatch,
    runtime: RuntimeDep,
) -> Response:
    """Change a webhook; `audit:read` is needed besides.

    One that is enabled is told of what happens from then on; `replay` brings the rest.
    """
    change = {name: value for name, value in plain(body).items() if value is not None}
    row = await webhooks.update(actor, webhook_id, change, if_match)
    return json_response(shown(runtime, row), etag=etag(row.version))


@router.delete(
    "/{webhook_id}",
    status_code=204,
    responses=problems(*UNPERMITTED, WebhookNotFound, PreconditionFailed),
)
async def delete_webhook(
    webhook_id: UUID, actor: Writer, webhooks: Webhooks, if_match: IfMatch
) -> None:
    """Delete a webhook and the list of what it was sent; wants `audit:read` too."""
    await webhooks.delete(actor, webhook_id, if_match)


@router.post(
    "/{webhook_id}/rotate-secret",
    response_model=WebhookWithSecret,
    responses=problems(*UNPERMITTED, IdempotencyKeyReused, WebhookNotFound, body=True),
)
async def rotate_webhook_secret(
    webhook_id: UUID,
    body: WebhookRotate,
    actor: Writer,
    webhooks: Webhooks,
    once: OnceDep,
    runtime: RuntimeDep,
) -> Response:
    """Make another secret, shown this once; `audit:read` is needed besides.

    Where a key signs besides, another one of those as well. What was before signs
    beside it for `overlap` seconds; 0 ends it at once.
    """
    demand_reading(actor)  # also of who is shown it again

    async def make() -> Answer:
        row, secret = await webhooks.rotate(actor, webhook_id, body.overlap)
        answer = shown_with(runtime, row, secret).model_dump_json()
        return Answer(200, answer, etag=etag(row.version))

    route = f"webhooks/{webhook_id}/rotate-secret"
    return await once.answer(route, actor.user_id, make, is_secret=True)


@router.get(
    "/{webhook_id}/deliveries", responses=problems(*UNPERMITTED, WebhookNotFound)
)
async def list_webhook_deliveries(
    webhook_id: UUID,
    _actor: Reader,
    webhooks: Webhooks,
    pages: PageDep,
    state: State | None = None,
) -> Page[WebhookDelivery]:
    """List what a webhook is sent, the newest first."""
    read = partial(webhooks.list_deliveries, webhook_id, state)
    rows, cursor = await pages.by_id(f"webhooks:{webhook_id}:{state}", read)
    items = [shown_delivery(row) for row in rows]
    return Page[WebhookDelivery](items=items, next_cursor=cursor)


@router.post(
    "/{webhook_id}/test",
    status_code=202,
    response_model=WebhookDelivery,
    responses=problems(*UNPERMITTED, IdempotencyKeyReused, WebhookNotFound, WebhookOff),
)
async def check_webhook(
    webhook_id: UUID, actor: Writer, webhooks: Webhooks, once: OnceDep
) -> Response:
    """Send the event of this test, whatever it is told of; wants `audit:read` too."""
    demand_reading(actor)  # also of who is shown it again

    async def make() -> Answer:
        sent = shown_delivery(await webhooks.test(actor, webhook_id))
        return Answer(202, sent.model_dump_json())

    return await once.answer(f"webhooks/{webhook_id}/test", actor.user_id, make)


@router.post(
    "/{webhook_id}/replay",
    status_code=202,
    response_model=WebhookReplayed,
    responses=problems(
        *UNPERMITTED,
        IdempotencyKeyReused,
        WebhookNotFound,
        WebhookOff,
        WebhookDeliveryNotFound,
        WebhookDeliveryBusy,
        body=True,
    ),
)
async def replay_webhook(
    webhook_id: UUID,
    body: WebhookReplay,
    actor: Writer,
    webhooks: Webhooks,
    once: OnceDep,
) -> Response:
    """Send one delivery once more, or the events since; wants `audit:read` too.

    At most 1000 events: those of `events`, whether it had them or not.
    """
    demand_reading(actor)  # also of who is shown it again
    id_, since, until = body.delivery_id, body.since, body.until

    async def make() -> Answer:
        if id_ is not None:
            count = await webhooks.replay(actor, webhook_id, id_)
        else:
            assert since is not None  # the schema demands one of them
            count = await webhooks.replay_span(actor, webhook_id, since, until)
        return Answer(202, WebhookReplayed(count=count).model_dump_json())

    return await once.answer(f"webhooks/{webhook_id}/replay", actor.user_id, make)
