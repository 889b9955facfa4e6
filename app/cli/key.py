"""``key``: the keys that sign tokens, and the secret key that seals them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.base import (
    AsJson,
    in_transaction,
    note,
    shape,
    show_rows,
    with_runtime,
)
from app.cli.ending import Exit, fail
from app.cli.options import ShowProgress

if TYPE_CHECKING:
    from app.repositories.unit_of_work import UnitOfWork
    from app.services.server.runtime import Runtime
    from app.services.server.secret_key.reseal import Tally

app = typer.Typer(help="The keys that sign tokens, and the secret key.")


@app.command()
def rotate(
    algorithm: Annotated[
        str | None, typer.Argument(help="The only one to be rotated, as ES256.")
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(help="Where they are made: database or pkcs11.", metavar="STORE"),
    ] = None,
    at_once: Annotated[
        bool,
        typer.Option(
            "--now", help="End the others at once, with all tokens that they signed."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Announce the next keys now; each signs after the announced time.

    With `--now`, for keys in wrong hands, they sign at once. Sessions live on.
    Without a store they are made where `AUTH_SERVE_TOKEN__KEY_STORE` says.
    JSON: as `key list`.
    """
    from app.core.signing.signer import SigningUnavailable
    from app.services.server.secret_key.stolen import StolenKeyService
    from app.services.server.signing_key import SigningKeyService

    async def work(runtime: "Runtime") -> None:
        try:
            if at_once:
                await StolenKeyService(runtime).withdraw(algorithm, store=store)
            else:
                await SigningKeyService(runtime).rotate(algorithm, store=store)
        except SigningUnavailable as error:
            fail(error.hint, Exit.UNUSABLE)

    with_runtime(work)
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

    show_rows(
        in_transaction(work), ("kid", "algorithm", "store", "activates_at"), as_json
    )


@app.command(name="secret-keys")
def show_secret_keys(as_json: AsJson = False) -> None:
    """Print which secret keys are needed, since when, and who seals with them.

    JSON: an array of `SecretKey`.
    """
    from app.schemas.signing_key import SecretKey
    from app.services.server.secret_key.state import secret_keys

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> list[dict[str, Any]]:
        return [shape(SecretKey, each) for each in await secret_keys(uow, runtime)]

    columns = ("mark", "given", "began_at", "processes", "values_left")
    show_rows(in_transaction(work), columns, as_json)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Open every sealed value, and say how many are sealed by which secret key.

    Whatever is below `second` needs AUTH_SERVE_SECRET_KEY_SECOND, and `key reseal`.

    JSON: an array of `column`, `present` (sealed by AUTH_SERVE_SECRET_KEY), `second`
    (by the other key), `unreadable` (by neither).
    """
    from app.services.server.secret_key.reseal import ResealService

    async def work(runtime: "Runtime") -> "Sequence[Tally]":
        _say_marks(runtime)
        return await ResealService(runtime).tallies()

    _show_tallies(with_runtime(work), as_json)


@app.command()
def reseal(
    as_json: AsJson = False,
    progress: ShowProgress = None,
) -> None:
    """Seal anew what the old secret key sealed, so that it can be taken away.

    Every process of the service has the new key as AUTH_SERVE_SECRET_KEY by now, and
    the old one as AUTH_SERVE_SECRET_KEY_SECOND. The service runs on meanwhile. Stopped
    half-way, it is begun again by the same line.

    JSON: as `key status`, as it was before.
    """
    from app.cli.progress import Progress
    from app.services.server.secret_key.reseal import ResealRefused, ResealService

    async def work(runtime: "Runtime") -> "Sequence[Tally]":
        service, now = ResealService(runtime), runtime.clock.monotonic
        _say_marks(runtime)
        shown = Progress(await service.count(), now, wanted=progress, as_json=as_json)
        return await service.reseal(shown.step)

    try:
        tallies = with_runtime(work)
    except ResealRefused as refusal:
        fail(str(refusal))
    _show_tallies(tallies, as_json)
    if lost := sum(each.unreadable for each in tallies):
        note(f"sealed by neither key: {lost}; keep every older key that you have")
    second = "AUTH_SERVE_SECRET_KEY_SECOND"
    note(f"nothing is sealed by {second} any more; it can be taken away")


def _say_marks(runtime: "Runtime") -> None:
    """Say which keys these are, so that machines can be compared."""
    names = ("AUTH_SERVE_SECRET_KEY", "AUTH_SERVE_SECRET_KEY_SECOND")
    for name, mark in zip(names, runtime.secret_key.marks, strict=False):
        note(f"{name} has the mark {mark}")


def _show_tallies(tallies: "Sequence[Tally]", as_json: bool) -> None:
    rows = [
        {
            "column": each.name,
            "present": each.present,
            "second": each.second,
            "unreadable": each.unreadable,
        }
        for each in tallies
    ]
    show_rows(rows, ("column", "present", "second", "unreadable"), as_json)
