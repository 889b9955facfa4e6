"""``setup``: the first administrator."""

import typer

from app.cli.base import with_runtime
from app.services.password import PasswordService
from app.services.runtime import Runtime
from app.services.setup import SetupService

app = typer.Typer(help="The first administrator.")


@app.callback()
def _group() -> None:
    """The first administrator."""


@app.command()
def link() -> None:
    """Print the one-time link that makes the first administrator."""

    async def work(runtime: Runtime) -> str | None:
        async with runtime.unit_of_work() as uow:
            return await SetupService(uow, runtime, PasswordService(runtime)).link()

    print(with_runtime(work) or "There is an administrator already.")
