"""``key``: the keys that sign tokens."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.base import AsJson, in_transaction, shape, show_rows

if TYPE_CHECKING:
    from app.repositories.unit_of_work import UnitOfWork
    from app.services.server.runtime import Runtime

app = typer.Typer(help="The keys that sign tokens.")


@app.command()
def rotate(
    algorithm: Annotated[
        str | None, typer.Argument(help="The only one to be rotated, as ES256.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Announce the next keys now; each signs after the announced time.

    JSON: as `key list`.
    """
    from app.services.server.signing_key import SigningKeyService

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> None:
        await SigningKeyService(runtime).rotate(uow, algorithm)

    in_transaction(work)
    show(as_json)


@app.command(name="list")
def show(as_json: AsJson = False) -> None:
    """Print the published keys, oldest first.

    JSON: an array of `SigningKey`.
    """
    from app.schemas.signing_key import SigningKey
    from app.services.server.signing_key import SigningKeyService

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> list[dict[str, Any]]:
        keys = await SigningKeyService(runtime).list_published(uow)
        return [shape(SigningKey, key) for key in keys]

    show_rows(in_transaction(work), ("kid", "algorithm", "activates_at"), as_json)
