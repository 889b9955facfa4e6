"""``backup``, ``restore``, ``token end-all``: copies of everything, and back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.base import (
    AsJson,
    Exit,
    Yes,
    confirm,
    fail,
    in_transaction,
    on_database,
    settings_or_exit,
    show,
    with_runtime,
)

if TYPE_CHECKING:
    from app.repositories.unit_of_work import UnitOfWork
    from app.services.server.runtime import Runtime

app = typer.Typer(help="Tokens of every kind.")
_File = Annotated[Path, typer.Argument(help="The file.")]


def backup(file: _File, as_json: AsJson = False) -> None:
    """Write everything to a file while the service runs, and check it.

    In development the secret key is written beside it, as FILE.secret.key.
    JSON: the rows of each table.
    """
    from app.services.server.backup import BackupService

    async def work(runtime: "Runtime") -> dict[str, int]:
        return await BackupService(runtime).back_up(file)

    rows = _refusing(lambda: with_runtime(work))
    show({"rows": rows} if as_json else rows, as_json)


def restore(
    file: _File,
    replace: Annotated[
        bool, typer.Option("--replace", help="Delete what the database holds first.")
    ] = False,
    keep_tokens: Annotated[
        bool,
        typer.Option("--keep-tokens", help="Let sessions, links and tokens live on."),
    ] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Bring a backup back into a stopped service, and end what was issued before.

    JSON: the rows of each table, and how much was ended.
    """
    from app.services.server.backup import BackupService, key_brought_back

    if replace:
        confirm(f"delete everything in the database and restore {file}", yes)

    async def work(runtime: "Runtime") -> Any:
        service = BackupService(runtime)
        return await service.restore(file, replace=replace, keep_tokens=keep_tokens)

    def run() -> Any:
        with key_brought_back(settings_or_exit(), file, replace=replace):
            return on_database(work)

    done = _refusing(run)
    members = {"rows": done.rows, "ended": done.ended}
    show(members, as_json)


@app.callback()
def _group() -> None:
    """Tokens of every kind."""


@app.command(name="end-all")
def end_all(yes: Yes = False, as_json: AsJson = False) -> None:
    """End every session, grant, link, code and token that was issued before now.

    JSON: how much was ended.
    """
    from app.services.server.token_epoch import begin_epoch

    confirm("sign everybody out and end every link, code and token", yes)

    async def work(uow: "UnitOfWork", _runtime: "Runtime") -> dict[str, int]:
        event = await begin_epoch(uow, "operator")
        return {
            "sessions": event.sessions,
            "grants": event.grants,
            "one_time_tokens": event.one_time_tokens,
            "personal_tokens": event.personal_tokens,
        }

    show(in_transaction(work), as_json)


def _refusing(work: Any) -> Any:
    """Do the work; end with one line where files or the database do not allow it."""
    from app.services.server.backup_file import BackupUnusable
    from app.services.server.schema import SchemaMismatch

    try:
        return work()
    except SchemaMismatch as refusal:
        fail(str(refusal), Exit.UNUSABLE)
    except BackupUnusable as refusal:
        fail(str(refusal))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
