"""What all commands share: output, refusals, and a process around the work.

Standard output is the result: a table, or with ``--json`` JSON and nothing else. All
that people are told besides goes to standard error, a refusal in one line. Services are
imported where the work begins: help and completion answer without them.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from app.cli.ending import PROGRAM, Exit, fail, note, one_line, settings_or_exit

if TYPE_CHECKING:
    from pydantic import BaseModel

    from app.config import Settings
    from app.core.exceptions import AppError
    from app.policies.permission import Actor
    from app.repositories.unit_of_work import UnitOfWork
    from app.services.accounts.user import UserService
    from app.services.server.runtime import Runtime

__all__ = [
    "AsJson",
    "Exit",
    "Yes",
    "as_operator",
    "confirm",
    "every_page",
    "fail",
    "in_transaction",
    "note",
    "note_address",
    "operator_now",
    "on_database",
    "settings_or_exit",
    "shape",
    "show",
    "show_rows",
    "with_runtime",
]
PAGE = 200
Result = TypeVar("Result")


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs")]
Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="Do not ask; demanded without a terminal")
]


def confirm(what: str, yes: bool) -> None:
    """Ask before something is destroyed; where nobody can answer, ``--yes`` has to.

    Args:
        what: What is going to happen, as ``delete the client shop``.
        yes: Whether the line said so already.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        fail(f"this would {what}; say --yes", Exit.USAGE)
    print(f"This will {one_line(what)}. Go on? [y/N] ", end="", file=sys.stderr)
    sys.stderr.flush()
    if sys.stdin.readline().strip().casefold() not in ("y", "yes"):
        fail("nothing was done")


def shape(schema: "type[BaseModel]", row: Any) -> dict[str, Any]:
    """Return a row in the shape that the API's document gives it."""
    return schema.model_validate(row).model_dump(mode="json")


def show(
    members: Mapping[str, Any], as_json: bool, *, lines: Iterable[str] | None = None
) -> None:
    """Print one thing: JSON, or a line for each member that says something.

    Args:
        members: What is told of it.
        as_json: For programs.
        lines: What people get instead of the members.
    """
    if as_json:
        _print_json(members)
        return
    for line in _pairs(members) if lines is None else lines:
        print(one_line(line))


def show_rows(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], as_json: bool
) -> None:
    """Print many: a JSON array of them, or some columns of each."""
    if as_json:
        _print_json(rows)
        return
    cells = [[_cell(row.get(name)) for name in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        padded = (f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True))
        print("  ".join(padded).rstrip())


def show_steps(told: Mapping[str, Any], as_json: bool) -> None:
    """Print what a test saw, step by step; end with ``REFUSED`` if it failed."""
    lines = [
        f"{'ok    ' if step['ok'] else 'FAILED'}  {step['name']}: {step['saw']}"
        for step in told["steps"]
    ]
    show(told, as_json, lines=lines)
    if not told["ok"]:
        raise SystemExit(int(Exit.REFUSED))


def with_runtime(work: "Callable[[Runtime], Awaitable[Result]]") -> Result:
    """Start as a server would, do the work as the operator, and give everything back.

    Refusals of services, and a start that fails, end the process with one line.
    """
    return _with_runtime(work, is_started=True)


def on_database(work: "Callable[[Runtime], Awaitable[Result]]") -> Result:
    """Do the same without a start, which would write: the database may be empty."""
    return _with_runtime(work, is_started=False)


def _with_runtime(
    work: "Callable[[Runtime], Awaitable[Result]]", *, is_started: bool
) -> Result:
    from app.core.exceptions import AppError
    from app.database_errors import DatabaseUnavailable
    from app.services.server.startup import StartRefused, why_unusable

    settings = settings_or_exit()
    try:
        return asyncio.run(_run(settings, work, is_started=is_started))
    except StartRefused as refusal:
        fail(str(refusal), Exit.UNUSABLE)
    except DatabaseUnavailable as error:
        fail(why_unusable(error), Exit.UNUSABLE)
    except AppError as refusal:
        fail(_why(refusal))


def in_transaction(
    work: "Callable[[UnitOfWork, Runtime], Awaitable[Result]]",
) -> Result:
    """Do the work in one transaction of its own, which is committed at its end."""

    async def run(runtime: "Runtime") -> Result:
        async with runtime.unit_of_work() as uow:
            return await work(uow, runtime)

    return with_runtime(run)


def note_address(settings: "Settings") -> None:
    """Say where links lead that nobody chose, and how far that is known."""
    if not settings.names_address:
        from app.config import PREFIX

        usual = type(settings).model_fields["public_url"].default
        known = "is by default" if settings.public_url == usual else "last started"
        note(
            f"{PROGRAM}: no {PREFIX}PUBLIC_URL is set; this leads to "
            f"{settings.public_url}, where the service {known}"
        )


def operator_now(runtime: "Runtime") -> "Actor":
    """Return who runs the command, as services want to know it."""
    from app.policies.permission import operator

    return operator(runtime.clock.now())


def as_operator(uow: "UnitOfWork", runtime: "Runtime") -> "tuple[UserService, Actor]":
    """Return what manages accounts, and in whose name."""
    from app.services.accounts.password import PasswordService
    from app.services.accounts.user import UserService

    return UserService(uow, runtime, PasswordService(runtime)), operator_now(runtime)


async def every_page(
    read: Callable[..., Awaitable[Sequence[Result]]],
    key: Callable[[Result], Any],
    most: int | None = None,
) -> list[Result]:
    """Return what a paged list has, all of it or so much.

    Args:
        read: Returns a page; is given ``after`` and ``limit``.
        key: What the next page begins behind, taken from a row.
        most: Read no further.
    """
    found: list[Result] = []
    after = None
    while most is None or len(found) < most:
        limit = PAGE if most is None else min(PAGE, most - len(found))
        rows = await read(after=after, limit=limit)
        found += rows
        if len(rows) < limit:
            break
        after = [key(rows[-1])]
    return found


async def _run(
    settings: "Settings",
    work: "Callable[[Runtime], Awaitable[Result]]",
    *,
    is_started: bool,
) -> Result:
    from app.config import SettingsError
    from app.services.server.served_address import build_commands_runtime
    from app.services.server.startup import start

    try:
        runtime = await build_commands_runtime(settings)
    except SettingsError as refusal:
        fail(str(refusal), Exit.UNUSABLE)
    try:
        if is_started:
            await start(runtime)
        _act_as_operator(runtime)
        if is_started and runtime.secret_key.is_rotating:
            # Nobody ends the secret key that the command seals with meanwhile.
            from app.services.server.secret_key.presence import SealingPresence

            async with SealingPresence(runtime).kept_up():
                return await work(runtime)
        return await work(runtime)
    finally:
        await runtime.close()


def _act_as_operator(runtime: "Runtime") -> None:
    """Have the audit trail say who did it: the operator, and which one."""
    from app.core.context import RequestContext, begin
    from app.policies.permission import OPERATOR_ID

    begin(
        RequestContext(
            correlation_id=str(runtime.randomness.uuid7()),
            user_agent=f"{PROGRAM} ({_login()})"[:256],
            user_id=OPERATOR_ID,
        )
    )


def _why(refusal: "AppError") -> str:
    reasons = [f"{error['field']} {error['message']}" for error in refusal.errors]
    if reasons:
        return "; ".join(reasons)
    return f"{refusal.title}: {refusal.detail}" if refusal.detail else refusal.title


def _login() -> str:
    """Return user and machine; behind sudo also who it was before."""
    import getpass
    import os
    import socket

    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user often has no name
        name = f"uid {os.getuid()}"
    before = os.environ.get("SUDO_USER")
    name = f"{before} as {name}" if before else name
    return one_line(f"{name} at {socket.gethostname()}")


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, default=_json))


def _json(value: Any) -> Any:
    """Return instants as the API writes them, and everything else as text."""
    from datetime import datetime

    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return str(value)


def _pairs(members: Mapping[str, Any]) -> Iterable[str]:
    shown = {n: v for n, v in members.items() if v not in (None, False, [], {}, "")}
    width = max(map(len, shown), default=0)
    for name, value in shown.items():
        yield f"{name:<{width}}  {_cell(value)}"


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, str):
        return one_line(value)
    text = json.dumps(value, default=_json, ensure_ascii=False)
    return one_line(text.strip('"'))
