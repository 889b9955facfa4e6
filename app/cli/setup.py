"""``setup``: the first administrator."""

from typing import TYPE_CHECKING

import typer

from app.cli.base import AsJson, in_transaction, show

if TYPE_CHECKING:
    from app.repositories.unit_of_work import UnitOfWork
    from app.services.runtime import Runtime

app = typer.Typer(help="The first administrator.")


@app.callback()
def _group() -> None:
    """The first administrator."""


@app.command()
def link(as_json: AsJson = False) -> None:
    """Print the one-time link that makes the first administrator.

    JSON: `link`, null once there is an administrator.
    """
    from app.services.password import PasswordService
    from app.services.setup import SetupService

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> str | None:
        return await SetupService(uow, runtime, PasswordService(runtime)).link()

    found = in_transaction(work)
    line = found or "There is an administrator already."
    show({"link": found}, as_json, lines=[line])
