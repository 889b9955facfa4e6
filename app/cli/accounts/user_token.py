"""``token list`` and ``token revoke``: what people made for their scripts."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.accounts.user_account import Who
from app.cli.base import (
    AsJson,
    as_operator,
    every_page,
    in_transaction,
    shape,
    show,
    show_rows,
)
from app.cli.options import id_of

if TYPE_CHECKING:
    from app.repositories.unit_of_work import UnitOfWork
    from app.services.server.runtime import Runtime


def add_to(app: typer.Typer) -> None:
    """Add the commands to those of tokens."""
    app.command(name="list")(list_tokens)
    app.command()(revoke)


def list_tokens(who: Who, as_json: AsJson = False) -> None:
    """Print the personal access tokens of an account, the latest first.

    JSON: an array of `PersonalToken`.
    """
    from app.schemas.personal_token import PersonalToken
    from app.services.factors.personal_token import PersonalTokenService

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> list[dict[str, Any]]:
        service, _ = as_operator(uow, runtime)
        user = await service.find(who)
        tokens = PersonalTokenService(uow, runtime)
        rows = await every_page(partial(tokens.list_page, user.id), lambda row: row.id)
        return [shape(PersonalToken, row) for row in rows]

    columns = ("id", "name", "scopes", "expires_at", "last_used_at")
    show_rows(in_transaction(work), columns, as_json)


def revoke(
    who: Who,
    token: Annotated[str, typer.Argument(help="Its id; see token list")],
    as_json: AsJson = False,
) -> None:
    """Revoke a personal access token of an account; it opens nothing any more.

    JSON: `user_id`, `id`, `revoked`.
    """
    from app.services.factors.personal_token import PersonalTokenService

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> dict[str, Any]:
        service, _ = as_operator(uow, runtime)
        user, token_id = await service.find(who), id_of("token", token)
        await PersonalTokenService(uow, runtime).revoke(user.id, token_id)
        return {"user_id": user.id, "id": token_id, "revoked": True}

    done = in_transaction(work)
    show(done, as_json, lines=[f"{done['id']} is revoked."])
