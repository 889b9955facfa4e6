"""``session``: who is signed in where."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.accounts.user_account import Who
from app.cli.base import (
    AsJson,
    Exit,
    as_operator,
    every_page,
    fail,
    in_transaction,
    shape,
    show,
    show_rows,
)
from app.cli.options import id_of

if TYPE_CHECKING:
    from app.repositories.unit_of_work import UnitOfWork
    from app.services.server.runtime import Runtime

app = typer.Typer(help="Who is signed in where.")


@app.command(name="list")
def list_sessions(who: Who, as_json: AsJson = False) -> None:
    """Print the live sessions of an account, the latest first.

    JSON: an array of `SessionOut`; `current` is false.
    """
    from app.schemas.user import SessionOut
    from app.services.sessions.session import SessionService

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> list[dict[str, Any]]:
        service, _ = as_operator(uow, runtime)
        user = await service.find(who)
        read = partial(SessionService(uow).list_live, user.id)
        rows = await every_page(read, lambda row: row.id)
        return [shape(SessionOut, _with_current(row)) for row in rows]

    columns = ("id", "created_at", "refreshed_at", "ip", "user_agent")
    show_rows(in_transaction(work), columns, as_json)


@app.command()
def end(
    who: Who,
    session: Annotated[
        str | None, typer.Argument(help="Its id; without one, --all")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every session, and what was granted in them")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """End a session of an account, or all of them; its applications are told.

    JSON: `user_id`, `ended`.
    """
    if (session is None) != every:
        fail("name a session or say --all", Exit.USAGE)
    from app.services.sessions.session import SessionService

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> dict[str, Any]:
        service, _ = as_operator(uow, runtime)
        user = await service.find(who)
        sessions = SessionService(uow)
        if session is None:
            ended = await sessions.end_all(user.id, "administrator")
            return {"user_id": user.id, "ended": ended}
        await sessions.end(user.id, id_of("session", session), "administrator")
        return {"user_id": user.id, "ended": 1}

    done = in_transaction(work)
    show(done, as_json, lines=[f"{done['ended']} ended."])


def _with_current(row: Any) -> dict[str, Any]:
    from app.schemas.user import SessionOut

    names = (name for name in SessionOut.model_fields if name != "current")
    return {name: getattr(row, name) for name in names} | {"current": False}
