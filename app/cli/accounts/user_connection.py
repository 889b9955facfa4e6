"""``user connections``: who an account's owner is elsewhere."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.accounts.user_account import Who
from app.cli.base import (
    AsJson,
    Yes,
    as_operator,
    confirm,
    every_page,
    in_transaction,
    operator_now,
    shape,
    show,
    show_rows,
)
from app.cli.options import id_of

if TYPE_CHECKING:
    from app.repositories.unit_of_work import UnitOfWork
    from app.services.server.runtime import Runtime

app = typer.Typer(help="Who an account's owner is elsewhere.")


@app.command(name="list")
def list_links(who: Who, as_json: AsJson = False) -> None:
    """Print by which connections somebody comes, and who they are there.

    JSON: an array of `AccountLink`.
    """
    from app.schemas.connection import AccountLink
    from app.services.upstreams.account_link import AccountLinkService

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> list[dict[str, Any]]:
        user = await as_operator(uow, runtime)[0].find(who)
        links = AccountLinkService(uow, runtime)
        rows = await every_page(partial(links.list_page, user.id), lambda row: row.id)
        return [shape(AccountLink, row) for row in rows]

    columns = ("id", "connection", "who", "subject", "linked_at", "last_used_at")
    show_rows(in_transaction(work), columns, as_json)


@app.command()
def end(
    who: Who,
    link: Annotated[str, typer.Argument(help="Its id; see user connections list")],
    even_last: Annotated[
        bool, typer.Option("--even-last", help="Also if nobody gets in any more.")
    ] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """End a link of an account and the sessions that began by it; its owner is told.

    JSON: `user_id`, `id`, `ended`.
    """
    from app.services.upstreams.account_link import AccountLinkService

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> dict[str, Any]:
        user = await as_operator(uow, runtime)[0].find(who)
        link_id, actor = id_of("link", link), operator_now(runtime)
        links = AccountLinkService(uow, runtime)
        await links.end(actor, user.id, link_id, even_last=even_last)
        return {"user_id": user.id, "id": link_id, "ended": True}

    confirm(f"end the link {link} of the account {who}", yes)
    done = in_transaction(work)
    show(done, as_json, lines=[f"{done['id']} is ended."])
