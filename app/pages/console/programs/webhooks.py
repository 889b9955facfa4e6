"""``/admin/webhooks``: who else is told of events, and what became of each."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.core.exceptions import AppError
from app.core.language import N_, Message, gettext
from app.core.late.route import LateRoute
from app.models.outgoing.webhook import Webhook
from app.pages.console.frame import AtConsole, Here
from app.pages.console.programs.change import Work, change
from app.pages.console.programs.webhook_form import (
    OVERLAPS,
    SPANS,
    asked,
    chosen,
    state_of,
    typed,
)
from app.pages.console.sections import AUDIT, WEBHOOKS
from app.pages.parts.dependencies import Posted
from app.pages.parts.form import Values, judged
from app.pages.parts.form_page import by_field
from app.pages.parts.proof import submit
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.webhook import WebhookChange, WebhookCreate
from app.services.outgoing.shown import shown_delivery
from app.services.outgoing.signing import public_keys_of
from app.services.outgoing.webhook import WebhookNotFound, WebhookService, place_of
from app.services.process.paging import Pages

router = APIRouter(include_in_schema=False, route_class=LateRoute)
_ROWS = 50
_ONE = f"{WEBHOOKS.path}/{{webhook_id:uuid}}"
_DONE = {
    "saved": N_("The webhook is saved."),
    "tested": N_("The test event is on its way; it stands below."),
    "again": N_("It is sent once more."),
    "enabled": N_("The webhook is enabled. It is told of what happens from now on."),
    "disabled": N_("The webhook is disabled. What still waited is given up."),
    "deleted": N_("The webhook is deleted."),
}
# What became of a delivery.
_STATES: dict[str, Message] = {
    "": N_("All"),
    "pending": N_("Waiting"),
    "dead": N_("Failed"),
    "delivered": N_("Delivered"),
}
Text = Annotated[str, Query(max_length=2_048)]


@router.get(WEBHOOKS.path)
async def list_webhooks(at: AtConsole, cursor: Text = "", done: Text = "") -> Response:
    """List webhooks, the oldest first, each with how it goes."""
    here = await at.enter(WEBHOOKS)
    if isinstance(here, Response):
        return here
    pages = Pages(here.runtime, cursor or None, _ROWS)
    async with here.runtime.unit_of_work(read_only=True) as uow:
        read = WebhookService(uow, here.runtime).list_page
        rows, following = await pages.by_id("webhooks", read)
    return here.render(
        "console/programs/webhooks.html",
        webhooks=[(row, place_of(row.url), state_of(row)) for row in rows],
        may_change=_may_change(here),
        following=following,
        done=_DONE.get(done, ""),
    )


@router.get(f"{WEBHOOKS.path}/new")
async def show_new_webhook(at: AtConsole) -> Response:
    """Show the form for a webhook."""
    here = await at.enter(WEBHOOKS, shown="new", permission=WEBHOOKS.act)
    if isinstance(here, Response):
        return here
    return await _show_new(here, None, {"events": "*"})


@router.post(f"{WEBHOOKS.path}/new")
async def create_webhook(values: Posted, at: AtConsole) -> Response:
    """Make a webhook; its secret is on this one answer and on no other."""
    here = await at.enter(WEBHOOKS, shown="new", permission=WEBHOOKS.act)
    if isinstance(here, Response):
        return here

    async def work() -> Response:
        await here.demand_presence()
        wanted = judged(WebhookCreate, typed(values))
        async with here.runtime.unit_of_work() as uow:
            row, secret = await WebhookService(uow, here.runtime).create(
                here.actor, wanted.url, wanted.description, wanted.events
            )
            return _show_secret(here, row, secret, is_new=True)

    return await submit(here, values, work, _show_new)


@router.get(_ONE)
async def show_webhook(
    webhook_id: UUID,
    at: AtConsole,
    state: Text = "",
    cursor: Text = "",
    done: Text = "",
) -> Response:
    """Show how a webhook does, and what it was sent."""
    here = await at.enter(WEBHOOKS, shown=str(webhook_id))
    if isinstance(here, Response):
        return here
    wanted = {"state": state, "cursor": cursor}
    return await _show_one(here, webhook_id, None, wanted, done)


@router.post(_ONE)
async def update_webhook(webhook_id: UUID, values: Posted, at: AtConsole) -> Response:
    """Change where events are sent, and which."""

    async def work(here: Here, uow: UnitOfWork) -> Response:
        wanted, versions = typed(values), {values.get("version", "")}
        judged(WebhookChange, wanted)
        webhooks = WebhookService(uow, here.runtime)
        await webhooks.update(here.actor, webhook_id, wanted, versions)
        return here.go(_address(webhook_id), "saved")

    return await _change(at, webhook_id, values, work)


@router.post(f"{_ONE}/status")
async def switch_webhook(webhook_id: UUID, values: Posted, at: AtConsole) -> Response:
    """Enable a webhook, or disable it; what still waits is given up then."""

    async def work(here: Here, uow: UnitOfWork) -> Response:
        enabled = values.get("status") == "enabled"
        webhooks = WebhookService(uow, here.runtime)
        await webhooks.update(here.actor, webhook_id, {"enabled": enabled}, None)
        return here.go(_address(webhook_id), "enabled" if enabled else "disabled")

    return await _change(at, webhook_id, values, work)


@router.post(f"{_ONE}/test")
async def test_webhook(webhook_id: UUID, values: Posted, at: AtConsole) -> Response:
    """Have a test event sent, whatever the webhook is told of."""

    async def work(here: Here, uow: UnitOfWork) -> Response:
        await WebhookService(uow, here.runtime).test(here.actor, webhook_id)
        return here.go(_address(webhook_id), "tested")

    return await _change(at, webhook_id, values, work)


@router.post(f"{_ONE}/replay")
async def replay_webhook(webhook_id: UUID, values: Posted, at: AtConsole) -> Response:
    """Send one delivery once more, or the events of a span."""

    async def work(here: Here, uow: UnitOfWork) -> Response:
        webhooks = WebhookService(uow, here.runtime)
        if "delivery" in values:
            delivery_id = _id(values["delivery"])
            await webhooks.replay(here.actor, webhook_id, delivery_id)
            return here.go(_address(webhook_id), "again")
        span = chosen(SPANS, "since", values)
        since = uow.clock.now() - span
        count = await webhooks.replay_span(here.actor, webhook_id, since, None)
        return here.go(f"{_address(webhook_id)}?done=replayed.{count}")

    return await _change(at, webhook_id, values, work)


@router.post(f"{_ONE}/rotate")
async def rotate_secret(webhook_id: UUID, values: Posted, at: AtConsole) -> Response:
    """Make another secret, on this answer alone."""

    async def work(here: Here, uow: UnitOfWork) -> Response:
        overlap = chosen(OVERLAPS, "overlap", values)
        webhooks = WebhookService(uow, here.runtime)
        row, secret = await webhooks.rotate(here.actor, webhook_id, overlap)
        return _show_secret(here, row, secret, is_new=False)

    return await _change(at, webhook_id, values, work)


@router.post(f"{_ONE}/delete")
async def delete_webhook(webhook_id: UUID, values: Posted, at: AtConsole) -> Response:
    """Delete a webhook whose host was typed, and the list of what it was sent."""

    async def work(here: Here, uow: UnitOfWork) -> Response:
        webhooks = WebhookService(uow, here.runtime)
        here.demand_typed(values, _host(await webhooks.get(webhook_id)))
        await webhooks.delete(here.actor, webhook_id, None)
        return here.go(WEBHOOKS.path, "deleted")

    return await _change(at, webhook_id, values, work)


async def _change(
    at: AtConsole, webhook_id: UUID, values: Values, work: Work
) -> Response:
    async def show(here: Here, error: AppError | None, values: Values) -> Response:
        return await _show_one(here, webhook_id, error, values)

    return await change(at, WEBHOOKS, str(webhook_id), values, work, show)


async def _show_new(here: Here, error: AppError | None, values: Values) -> Response:
    return here.render(
        "console/programs/webhook_new.html",
        error,
        values=values,
        wrong=by_field(error),
        **asked(),
    )


def _show_secret(here: Here, row: Webhook, secret: str, *, is_new: bool) -> Response:
    return here.render(
        "console/programs/webhook_made.html",
        webhook=row,
        place=place_of(row.url),
        secret=secret,
        is_new=is_new,
    )


async def _show_one(
    here: Here,
    webhook_id: UUID,
    error: AppError | None,
    values: Values,
    done: str = "",
) -> Response:
    state = values.get("state", "")
    state = state if state in _STATES else ""
    pages = Pages(here.runtime, values.get("cursor") or None, _ROWS)

    async def read(**page: Any) -> Any:
        return await uow.webhook_deliveries.list_page(webhook_id, state or None, **page)

    async with here.runtime.unit_of_work(read_only=True) as uow:
        row = await uow.webhooks.by_id(webhook_id)
        if row is None:
            raise WebhookNotFound
        sent, following = await pages.by_id(f"webhooks:{webhook_id}:{state}", read)
    known = {"url": row.url, "description": row.description}
    is_typed = error is not None and "version" in values
    return here.render(
        "console/programs/webhook.html",
        error,
        webhook=row,
        host=_host(row),
        place=place_of(row.url),
        how=state_of(row),
        now=(now := here.runtime.clock.now()),
        keys=public_keys_of(here.runtime, row, now),
        values=values if is_typed else {**known, "events": "\n".join(row.events)},
        deliveries=[shown_delivery(each) for each in sent],
        answered="HTTP %s",
        following=following,
        state=state,
        states=_STATES,
        spans=[(name, gettext(label)) for name, (_, label) in SPANS.items()],
        overlaps=[(name, gettext(label)) for name, (_, label) in OVERLAPS.items()],
        may_change=_may_change(here),
        wrong=by_field(error),
        done=_said(done),
        **asked(),
    )


def _said(done: str) -> str:
    """Return what was done; of a replay with how many events it was."""
    what, _, count = done.partition(".")
    if what == "replayed" and count.isdecimal():
        return gettext("Events on their way once more: %(count)s.") % {"count": count}
    return _DONE.get(done, "")


def _may_change(here: Here) -> bool:
    """Tell whether the visitor may have events sent: who may read them anyway."""
    return here.actor.may(WEBHOOKS.act) and here.actor.may(AUDIT.permission)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)  # of nothing


def _host(row: Webhook) -> str:
    return place_of(row.url).partition("//")[2]


def _address(webhook_id: UUID) -> str:
    return f"{WEBHOOKS.path}/{webhook_id}"
