"""``client token-exchange``: whose tokens a client may exchange."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.base import AsJson, in_transaction, show
from app.cli.oauth.client import ClientId

if TYPE_CHECKING:
    from app.repositories.unit_of_work import UnitOfWork
    from app.services.server.runtime import Runtime


def token_exchange(
    client_id: ClientId,
    of: Annotated[
        list[str] | None,
        typer.Option("--of", help="Client whose tokens it exchanges; may be repeated"),
    ] = None,
    impersonation: Annotated[
        bool, typer.Option("--impersonation", help="New tokens need not name it")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Let a client exchange tokens that it was sent (RFC 8693); without --of, none.

    It needs the grant type, and resources that are assigned to it.

    JSON: `client_id`, `token_exchange`.
    """
    from app.services.clients.client import OAuthClientService

    policy = {"clients": of, "impersonation": impersonation} if of else None

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> dict[str, Any]:
        clients, change = OAuthClientService(uow, runtime), {"token_exchange": policy}
        row = await clients.update(client_id, {}, change, None)
        return {"client_id": row.client_id, "token_exchange": row.token_exchange}

    show(in_transaction(work), as_json)
