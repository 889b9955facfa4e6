"""``audit``: the evidence."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from app.cli.base import (
    AsJson,
    Exit,
    as_operator,
    every_page,
    fail,
    in_transaction,
    note,
    shape,
    show,
    show_rows,
    with_runtime,
)
from app.utils.private_file import whole_private

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
File = Annotated[
    Path | None, typer.Argument(dir_okay=False, help="A file that is not there")
]
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
            since=instant_of(since, now),
            until=instant_of(until, now),
        )
        rows = await every_page(read, lambda row: row.id, limit)
        return [shape(AuditEvent, row) for row in rows]

    columns = ("created_at", "name", "user_id", "actor_id", "ip", "data")
    show_rows(in_transaction(work), columns, as_json)


@app.command()
def export(
    file: File = None,
    form: Annotated[str, typer.Option("--format", help="jsonl or ocsf")] = "jsonl",
    since: Since = None,
    until: Until = None,
    as_json: AsJson = False,
) -> None:
    """Write the trail as lines of JSON, the oldest first, to FILE or standard output.

    `jsonl` are events as `AuditEvent` of the API has them, `ocsf` are events of OCSF
    1.7.0. The file must not be there yet; only this user may read it.

    JSON: `exported`, in numbers; with FILE only.
    """
    from app.services.outgoing.trail import FORMS

    known = [each for each in FORMS if each == form]
    if not known:
        fail(f"--format {form} is none of: {', '.join(FORMS)}", Exit.USAGE)
    if as_json and file is None:
        fail("--json tells about a FILE; name one", Exit.USAGE)

    async def work(runtime: "Runtime") -> int:
        from app.services.outgoing.trail import TrailExport

        now = runtime.clock.now()
        span = instant_of(since, now), instant_of(until, now)
        trail = TrailExport(runtime, known[0], *span)
        with _target(file) as target:
            await trail.record()  # first: who stops it half-way has read that half
            async for piece in trail.pieces():
                target.write(piece)  # nobody else waits in this process
        return trail.count

    try:
        count = with_runtime(work)
    except FileExistsError:
        fail(f"{file} is there already")
    except OSError as error:
        fail(f"{file or 'standard output'}: {error.strerror}")
    if file is None:
        note(f"{count} events written")
    else:
        line = f"{count} events written to {file}"
        show({"exported": count}, as_json, lines=[line])


@contextmanager
def _target(file: Path | None) -> Iterator[BinaryIO]:
    if file is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with whole_private(file) as target:
        yield target


@app.command()
def why(
    correlation_id: Annotated[
        str, typer.Argument(help="The number that pages, answers and the log show")
    ],
    as_json: AsJson = False,
) -> None:
    """Tell why a sign-in or a request for tokens was refused, or allowed.

    JSON: a `Why`.
    """
    from app.schemas.audit_event import Why
    from app.services.server.why.service import WhyService

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> dict[str, Any]:
        told = await WhyService(uow, runtime.refused_requests).tell(correlation_id)
        return shape(Why, told)

    told = in_transaction(work)
    show(told, as_json, lines=_page(told))


def _page(told: dict[str, Any]) -> Iterator[str]:
    for request in (*told["refusals"], *told["allowed"]):
        asked = f"{request['method']} {request['route']}"
        yield f"{request['created_at']}  {asked} was answered {request['status']}"
        for step in request["steps"]:
            yield from _step(step)
    if told["events"]:
        yield "Audit trail:"
    for event in told["events"]:
        data = ", ".join(f"{name}: {value}" for name, value in event["data"].items())
        yield f"  {event['created_at']}  {event['name']}  {data}"


def _step(step: dict[str, Any]) -> Iterator[str]:
    code = f" [{step['code']}]" if step["code"] else ""
    yield f"  {step['outcome']}: {step['sentence']}{code}"
    if step["detail"]:
        yield f"    exactly: {step['detail']}"
    for name, value in step["compared"].items():
        yield f"    {name}: {value}"
    if step["rules"]:
        yield f"    look at: {', '.join(step['rules'])}"


def instant_of(text: str | None, now: datetime) -> datetime | None:
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
