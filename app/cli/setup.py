"""``setup``: the first administrator, and the way back for one who is locked out."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.base import AsJson, in_transaction, note_address, show

if TYPE_CHECKING:
    from app.repositories.unit_of_work import UnitOfWork
    from app.services.server.runtime import Runtime

app = typer.Typer(help="The first administrator, and the way back for others.")


@app.callback()
def _group() -> None:
    """The first administrator, and the way back for others."""


@app.command()
def link(as_json: AsJson = False) -> None:
    """Print the one-time link that makes the first administrator.

    JSON: `link`, null once there is an administrator.
    """
    from app.services.accounts.password import PasswordService
    from app.services.server.setup import SetupService

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> str | None:
        found = await SetupService(uow, runtime, PasswordService(runtime)).link()
        if found is not None:
            note_address(runtime.settings)
        return found

    found = in_transaction(work)
    line = found or "There is an administrator already."
    show({"link": found}, as_json, lines=[line])


@app.command()
def recover(
    email: Annotated[str, typer.Argument(help="Address of the administrator")],
    as_json: AsJson = False,
) -> None:
    """Let a locked-out administrator in again: print a link that sets a password.

    The account is enabled; its password, sessions and links until now end. It is told
    by mail, and the audit trail keeps it.

    JSON: `link`.
    """
    from app.services.server.setup_recovery import SetupRecoveryService

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> str:
        found = await SetupRecoveryService(uow, runtime).recover(email)
        note_address(runtime.settings)
        return found

    found = in_transaction(work)
    show({"link": found}, as_json, lines=[found])
