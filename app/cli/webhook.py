"""``webhook``: who else is told of events, and what became of each."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, get_args
from uuid import UUID

import typer

from app.cli.accounts.user_account import judged
from app.cli.audit import Until, instant_of
from app.cli.base import (
    AsJson,
    Exit,
    Result,
    Yes,
    confirm,
    every_page,
    fail,
    in_transaction,
    operator_now,
    show,
    show_rows,
)

if TYPE_CHECKING:
    from app.policies.permission import Actor
    from app.repositories.unit_of_work import UnitOfWork
    from app.services.outgoing.webhook import WebhookService
    from app.services.server.runtime import Runtime

app = typer.Typer(help="Who else is told of events, and what became of each.")
Id = Annotated[UUID, typer.Argument(help="Id of the webhook")]
About = Annotated[str | None, typer.Option("--description", help="What it is for")]
Events = Annotated[
    list[str] | None,
    typer.Option("--event", help="As user.created, user.*, or *; may be repeated"),
]
_COLUMNS = ("id", "enabled", "events", "url", "failing_since")


@app.callback()
def _group() -> None:
    """Who else is told of events, and what became of each."""


@app.command(name="list")
def list_webhooks(as_json: AsJson = False) -> None:
    """Print every webhook, the oldest first.

    JSON: an array of `Webhook`.
    """

    async def work(webhooks: "WebhookService", _actor: "Actor") -> list[dict[str, Any]]:
        rows = await every_page(webhooks.list_page, lambda row: row.id)
        return [_shown(webhooks, row) for row in rows]

    show_rows(_with_webhooks(work), _COLUMNS, as_json)


@app.command(name="show")
def show_webhook(webhook_id: Id, as_json: AsJson = False) -> None:
    """Print a webhook; its secret is never shown again.

    JSON: `Webhook`.
    """

    async def work(webhooks: "WebhookService", _actor: "Actor") -> dict[str, Any]:
        return _shown(webhooks, await webhooks.get(webhook_id))

    show(_with_webhooks(work), as_json)


@app.command()
def create(
    url: Annotated[str, typer.Argument(help="Where to: https")],
    event: Events = None,
    description: About = None,
    asymmetric: Annotated[
        bool, typer.Option("--asymmetric", help="A key signs besides: v1a")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Have events sent to a URL from now on; without --event, all of them.

    Its secret is printed this once.

    JSON: `WebhookWithSecret`.
    """
    from app.schemas.webhook import WebhookCreate

    given = {"url": url, "description": description, "events": event or None}
    body = judged(WebhookCreate, given | {"asymmetric": asymmetric})

    async def work(webhooks: "WebhookService", actor: "Actor") -> dict[str, Any]:
        made = await webhooks.create(
            actor,
            body.url,
            body.description,
            body.events,
            asymmetric=body.asymmetric,
        )
        return _with_secret(webhooks, *made)

    show(_with_webhooks(work), as_json)


@app.command()
def update(
    webhook_id: Id,
    url: Annotated[str | None, typer.Option(help="Where to: https")] = None,
    event: Events = None,
    description: About = None,
    enabled: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Whether it is told")
    ] = None,
    asymmetric: Annotated[
        bool | None,
        typer.Option("--asymmetric/--symmetric", help="Whether a key signs besides"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change a webhook; what is not named stays.

    JSON: `Webhook`.
    """
    from app.schemas.base import plain
    from app.schemas.webhook import WebhookChange

    given = {
        "url": url,
        "description": description,
        "events": event or None,
        "enabled": enabled,
        "asymmetric": asymmetric,
    }
    change = plain(judged(WebhookChange, given))

    async def work(webhooks: "WebhookService", actor: "Actor") -> dict[str, Any]:
        return _shown(webhooks, await webhooks.update(actor, webhook_id, change, None))

    show(_with_webhooks(work), as_json)


@app.command()
def delete(webhook_id: Id, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete a webhook and the list of what it was sent.

    JSON: `id`, `deleted`.
    """

    async def work(webhooks: "WebhookService", actor: "Actor") -> None:
        await webhooks.delete(actor, webhook_id, None)

    confirm(f"delete the webhook {webhook_id}; it is told nothing any more", yes)
    _with_webhooks(work)
    done = {"id": str(webhook_id), "deleted": True}
    show(done, as_json, lines=[f"{webhook_id} is deleted."])


@app.command(name="rotate-secret")
def rotate_secret(
    webhook_id: Id,
    overlap: Annotated[
        int, typer.Option(help="Seconds in which the secret before signs as well")
    ] = 86_400,
    as_json: AsJson = False,
) -> None:
    """Make another secret, and print it this once.

    JSON: `WebhookWithSecret`.
    """
    from app.schemas.webhook import WebhookRotate

    body = judged(WebhookRotate, {"overlap": overlap})

    async def work(webhooks: "WebhookService", actor: "Actor") -> dict[str, Any]:
        return _with_secret(
            webhooks, *await webhooks.rotate(actor, webhook_id, body.overlap)
        )

    show(_with_webhooks(work), as_json)


@app.command()
def deliveries(
    webhook_id: Id,
    state: Annotated[
        str | None, typer.Option(help="pending, delivered or dead")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many")] = 100,
    as_json: AsJson = False,
) -> None:
    """Print what a webhook is sent, the newest first.

    JSON: an array of `WebhookDelivery`.
    """
    from app.schemas.webhook import State

    if state not in (None, *get_args(State)):
        fail(f"--state {state} is none of: pending, delivered, dead", Exit.USAGE)

    async def work(webhooks: "WebhookService", _actor: "Actor") -> list[dict[str, Any]]:
        from app.services.outgoing.shown import shown_delivery

        read = partial(webhooks.list_deliveries, webhook_id, state)
        rows = await every_page(read, lambda row: row.id, limit)
        return [shown_delivery(row).model_dump(mode="json") for row in rows]

    columns = ("created_at", "event", "state", "attempts", "last_status", "last_error")
    show_rows(_with_webhooks(work), columns, as_json)


@app.command()
def test(webhook_id: Id, as_json: AsJson = False) -> None:
    """Have the event of this test sent; a running server delivers it.

    JSON: `WebhookDelivery`.
    """

    async def work(webhooks: "WebhookService", actor: "Actor") -> dict[str, Any]:
        from app.services.outgoing.shown import shown_delivery

        delivery = await webhooks.test(actor, webhook_id)
        return shown_delivery(delivery).model_dump(mode="json")

    show(_with_webhooks(work), as_json)


@app.command()
def replay(
    webhook_id: Id,
    delivery: Annotated[
        UUID | None, typer.Option(help="One delivery, by its id")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Events from then on, as 2026-01-31 or 24h")
    ] = None,
    until: Until = None,
    as_json: AsJson = False,
) -> None:
    """Have one delivery, or the events of a span, sent once more.

    JSON: `count`.
    """
    if (delivery is None) == (since is None):
        fail("name either --delivery or --since", Exit.USAGE)

    async def work(webhooks: "WebhookService", actor: "Actor") -> dict[str, Any]:
        if delivery is not None:
            return {"count": await webhooks.replay(actor, webhook_id, delivery)}
        now = actor.authenticated_at
        first, last = instant_of(since, now), instant_of(until, now)
        assert first is not None  # one of both is named
        count = await webhooks.replay_span(actor, webhook_id, first, last)
        return {"count": count}

    show(_with_webhooks(work), as_json)


def _with_webhooks(
    work: "Callable[[WebhookService, Actor], Awaitable[Result]]",
) -> Result:
    from app.services.outgoing.webhook import WebhookService

    async def run(uow: "UnitOfWork", runtime: "Runtime") -> Result:
        return await work(WebhookService(uow, runtime), operator_now(runtime))

    return in_transaction(run)


def _shown(webhooks: "WebhookService", row: Any) -> dict[str, Any]:
    from app.services.outgoing.shown import shown

    return shown(webhooks.process, row).model_dump(mode="json")


def _with_secret(webhooks: "WebhookService", row: Any, secret: str) -> dict[str, Any]:
    from app.services.outgoing.shown import shown_with

    return shown_with(webhooks.process, row, secret).model_dump(mode="json")
