"""``/admin/outbox``: messages that wait or failed, and what to do with them."""

from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

from fastapi import APIRouter, Response

from app.core.exceptions import AppError
from app.core.language import N_
from app.core.late.route import LateRoute
from app.models.outbox import OutboxMessage
from app.pages.console.frame import AtConsole, Here
from app.pages.console.sections import OUTBOX
from app.pages.parts.dependencies import Posted
from app.pages.parts.form import Values
from app.pages.parts.proof import submit
from app.services.mails.kind import KINDS
from app.services.process.paging import Pages
from app.services.server.outbox import OutboxService

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_ROWS = 50
_STATES = {
    "failed": N_("Failed"),
    "pending": N_("Waiting"),
    "delivered": N_("Delivered"),
}
_KINDS = {"mail": N_("Email"), "backchannel_logout": N_("Sign-out of an application")}
_MAILS = {name: kind.subject for name, kind in KINDS.items()}
_DONE = {
    "retried": N_("The message is tried again now."),
    "ended": N_("The message is given up."),
}
Work = Callable[[OutboxService, UUID], Awaitable[OutboxMessage]]


@router.get(OUTBOX.path)
async def list_outbox(
    at: AtConsole, state: str = "failed", cursor: str = "", done: str = ""
) -> Response:
    """List messages in a state, oldest first."""
    here = await at.enter(OUTBOX)
    if isinstance(here, Response):
        return here
    return await _show(here, None, {"state": state}, cursor, done)


@router.post(f"{OUTBOX.path}/{{message_id}}/retry")
async def retry_message(message_id: UUID, values: Posted, at: AtConsole) -> Response:
    """Make a message due now."""
    return await _change(at, values, message_id, OutboxService.retry, "retried")


@router.post(f"{OUTBOX.path}/{{message_id}}/give-up")
async def give_up_message(message_id: UUID, values: Posted, at: AtConsole) -> Response:
    """Try a message no more."""
    return await _change(at, values, message_id, OutboxService.give_up, "ended")


async def _change(
    at: AtConsole, values: Values, message_id: UUID, change: Work, done: str
) -> Response:
    here = await at.enter(OUTBOX, permission=OUTBOX.act)
    if isinstance(here, Response):
        return here

    async def work() -> Response:
        async with here.runtime.unit_of_work() as uow:
            await change(OutboxService(uow), message_id)
        state = "failed" if done == "ended" else "pending"
        return here.go(f"{OUTBOX.path}?state={state}&done={done}")

    return await submit(here, values, work, _show)


async def _show(
    here: Here,
    error: AppError | None,
    values: Values,
    cursor: str = "",
    done: str = "",
) -> Response:
    state = values.get("state", "")
    state = state if state in _STATES else "failed"
    pages = Pages(here.runtime, cursor or None, _ROWS)
    async with here.runtime.unit_of_work(read_only=True) as uow:
        read = partial(OutboxService(uow).list_page, state)
        shown, following = await pages.by_id(f"outbox:{state}", read)
    return here.render(
        "console/outbox.html",
        error,
        messages=shown,
        state=state,
        states=_STATES,
        kinds=_KINDS,
        mails=_MAILS,
        following=following,
        done=_DONE.get(done, ""),
    )
