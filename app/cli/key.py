"""``key``: the keys that sign tokens."""

import typer

from app.cli.base import with_runtime
from app.services.runtime import Runtime
from app.services.signing_key import SigningKeyService

app = typer.Typer(help="The keys that sign tokens.")


@app.command()
def rotate() -> None:
    """Announce the next key now; it signs after the announced time."""

    async def work(runtime: Runtime) -> None:
        async with runtime.unit_of_work() as uow:
            await SigningKeyService(runtime).rotate(uow)

    with_runtime(work)
    show()


@app.command(name="list")
def show() -> None:
    """Print the published keys, oldest first."""

    async def work(runtime: Runtime) -> list[str]:
        async with runtime.unit_of_work(read_only=True) as uow:
            keys = await SigningKeyService(runtime).list_published(uow)
        return [f"{k.kid}  {k.algorithm}  signs from {k.activates_at}" for k in keys]

    print("\n".join(with_runtime(work)))
