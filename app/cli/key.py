"""``key``: the keys that sign tokens."""

import sys
from typing import Annotated

import typer

from app.cli.base import with_runtime
from app.core.exceptions import Unprocessable
from app.services.runtime import Runtime
from app.services.signing_key import SigningKeyService

app = typer.Typer(help="The keys that sign tokens.")


@app.command()
def rotate(
    algorithm: Annotated[
        str | None, typer.Argument(help="The only one to be rotated, as ES256.")
    ] = None,
) -> None:
    """Announce the next keys now; each signs after the announced time."""

    async def work(runtime: Runtime) -> None:
        async with runtime.unit_of_work() as uow:
            await SigningKeyService(runtime).rotate(uow, algorithm)

    try:
        with_runtime(work)
    except Unprocessable as refusal:
        sys.exit(f"auth-serve: the algorithm {refusal.errors[0]['message']}")
    show()


@app.command(name="list")
def show() -> None:
    """Print the published keys, oldest first."""

    async def work(runtime: Runtime) -> list[str]:
        async with runtime.unit_of_work(read_only=True) as uow:
            keys = await SigningKeyService(runtime).list_published(uow)
        return [f"{k.kid}  {k.algorithm}  signs from {k.activates_at}" for k in keys]

    print("\n".join(with_runtime(work)))
