"""``client list``, ``client update``: applications, and who answers for them."""

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from app.cli.base import (
    AsJson,
    Exit,
    as_operator,
    every_page,
    fail,
    in_transaction,
    show,
    show_rows,
)

if TYPE_CHECKING:
    from app.models.oauth.client import OAuthClient
    from app.repositories.unit_of_work import UnitOfWork
    from app.services.server.runtime import Runtime

Owner = Annotated[
    str | None,
    typer.Option("--owner", metavar="USER", help="Who answers for it: address or id"),
]


def list_clients(owner: Owner = None, as_json: AsJson = False) -> None:
    """Print every client, or an owner's: identifier, status and name.

    JSON: an array of what `client show` has, without secrets.
    """

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> list[dict[str, Any]]:
        from app.services.clients.client import OAuthClientService

        clients, owner_id = OAuthClientService(uow, runtime), None
        if owner is not None:
            owner_id = _as_id(owner) or await found(uow, runtime, owner)

        async def read(**page: Any) -> Any:
            return await clients.list_page(owner_id=owner_id, **page)

        rows = await every_page(read, lambda row: row.client_id)
        return [shown(row) for row in rows]

    columns = ("client_id", "status", "client_name")
    show_rows(in_transaction(work), columns, as_json)


def update(
    client_id: Annotated[str, typer.Argument(help="The client's identifier")],
    owner: Owner = None,
    no_owner: Annotated[
        bool, typer.Option("--no-owner", help="Nobody answers for it by name")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say who answers for a client; what it may do stays as it is.

    JSON: `client_id`, `owner_id`.
    """
    if (owner is None) is not no_owner:
        fail("name one of --owner and --no-owner", Exit.USAGE)

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> dict[str, Any]:
        from app.services.clients.client import OAuthClientService

        owner_id = await found(uow, runtime, owner)
        clients, change = OAuthClientService(uow, runtime), {"owner_id": owner_id}
        row = await clients.update(client_id, {}, change, None)
        return {"client_id": row.client_id, "owner_id": row.owner_id}

    show(in_transaction(work), as_json)


async def found(
    uow: "UnitOfWork", runtime: "Runtime", owner: str | None
) -> UUID | None:
    """Return the id of whom ``--owner`` names."""
    if owner is None:
        return None
    users, _actor = as_operator(uow, runtime)
    return (await users.find(owner)).id


def shown(row: "OAuthClient") -> dict[str, Any]:
    """Return what is printed of a client."""
    hidden = {"client_name", "document", "vouched_by", "version", "updated_at"}
    names = {column.name for column in row.__table__.columns} - hidden
    own = {name: getattr(row, name) for name in sorted(names)}
    return {**own, "vouched_by": row.voucher, **row.document}


def _as_id(text: str) -> UUID | None:
    """Return an id that may be of an account that is gone."""
    try:
        return UUID(text)
    except ValueError:
        return None
