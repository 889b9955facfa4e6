"""``audit``: the evidence."""

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.base import (
    AsJson,
    Exit,
    as_operator,
    every_page,
    fail,
    in_transaction,
    shape,
    show_rows,
)

if TYPE_CHECKING:
    from app.repositories.unit_of_work import UnitOfWork
    from app.services.server.runtime import Runtime

app = typer.Typer(help="The evidence.")
_AGO = re.compile(r"(\d{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


Since = Annotated[
    str | None,
    typer.Option(help="From then on: 2026-01-31T12:00:00Z, 2026-01-31, or 24h"),
]
Until = Annotated[str | None, typer.Option(help="Before then, written alike")]
Name = Annotated[str | None, typer.Option("--event", help="As sign_in.failed")]
Whom = Annotated[
    str | None, typer.Option("--user", help="Whom it is about: address or id")
]
Client = Annotated[str | None, typer.Option(help="Application, by client_id")]
Correlation = Annotated[str | None, typer.Option(help="One request's")]


@app.callback()
def _group() -> None:
    """The evidence."""


@app.command(name="list")
def list_events(
    since: Since = None,
    until: Until = None,
    event: Name = None,
    user: Whom = None,
    client: Client = None,
    correlation_id: Correlation = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many")] = 100,
    as_json: AsJson = False,
) -> None:
    """Print what happened, the newest first.

    JSON: an array of `AuditEvent`.
    """
    from app.schemas.audit_event import AuditEvent
    from app.services.accounts.audit_event import AuditEventService

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> list[dict[str, Any]]:
        now = runtime.clock.now()
        users, _ = as_operator(uow, runtime)
        read = partial(
            AuditEventService(uow).list_page,
            user_id=None if user is None else (await users.find(user)).id,
            name=event,
            client_id=client,
            correlation_id=correlation_id,
            since=_instant(since, now),
            until=_instant(until, now),
        )
        rows = await every_page(read, lambda row: row.id, limit)
        return [shape(AuditEvent, row) for row in rows]

    columns = ("created_at", "name", "user_id", "actor_id", "ip", "data")
    show_rows(in_transaction(work), columns, as_json)


def _instant(text: str | None, now: datetime) -> datetime | None:
    """Read an instant; one without a zone is UTC, as everything here."""
    if text is None:
        return None
    ago = _AGO.fullmatch(text)
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        instant = datetime.fromisoformat(text)
        return instant.replace(tzinfo=instant.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        fail(f"{text} is no time; write 2026-01-31T12:00:00Z or 24h", Exit.USAGE)
