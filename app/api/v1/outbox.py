"""``/api/v1/outbox``: what is stuck, and another try for it."""

from functools import partial
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter

from app.api.answers import problems
from app.api.dependencies import UNPERMITTED, Outbox, PageDep, require
from app.core.late.route import LateRoute
from app.policies.permission import Actor
from app.schemas.base import Page
from app.schemas.outbox import OutboxMessage
from app.services.server.outbox import OutboxMessageBusy, OutboxMessageNotFound

router = APIRouter(prefix="/api/v1/outbox", tags=["outbox"], route_class=LateRoute)
State = Literal["pending", "failed", "delivered"]


@router.get("", responses=problems(*UNPERMITTED))
async def list_outbox(
    _actor: Annotated[Actor, require("outbox:read")],
    outbox: Outbox,
    pages: PageDep,
    state: State = "failed",
) -> Page[OutboxMessage]:
    """List messages in a state, oldest first."""
    read = partial(outbox.list_page, state)
    shown, cursor = await pages.by_id(f"outbox:{state}", read)
    items = [OutboxMessage.model_validate(row) for row in shown]
    return Page[OutboxMessage](items=items, next_cursor=cursor)


@router.post(
    "/{message_id}/retry",
    responses=problems(*UNPERMITTED, OutboxMessageNotFound, OutboxMessageBusy),
)
async def retry_message(
    message_id: UUID,
    _actor: Annotated[Actor, require("outbox:write")],
    outbox: Outbox,
) -> OutboxMessage:
    """Make a message due now."""
    return OutboxMessage.model_validate(await outbox.retry(message_id))


@router.post(
    "/{message_id}/give-up",
    responses=problems(*UNPERMITTED, OutboxMessageNotFound, OutboxMessageBusy),
)
async def give_up_message(
    message_id: UUID,
    _actor: Annotated[Actor, require("outbox:write")],
    outbox: Outbox,
) -> OutboxMessage:
    """Try a message no more that waits; it is kept as one that failed."""
    return OutboxMessage.model_validate(await outbox.give_up(message_id))
