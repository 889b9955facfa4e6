"""``user export``: every account, for another system or another installation."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from app.cli.base import AsJson, fail, note, show, with_runtime
from app.utils.private_file import whole_private

if TYPE_CHECKING:
    from app.services.server.runtime import Runtime

_File = Annotated[Path, typer.Argument(dir_okay=False, help="A file that is not there")]


def export_users(file: _File, as_json: AsJson = False) -> None:
    """Write active accounts with password hashes and factors to a new file.

    It is as secret as a backup: whoever has it makes codes of every authenticator app,
    and guesses passwords at their own pace. Only this user may read it.

    JSON: `exported`, in numbers; `notes`: what stays behind of which.
    """

    async def work(runtime: "Runtime") -> tuple[int, list[str]]:
        from app.services.factors.account_export import AccountExportService

        service, count, notes = AccountExportService(runtime), 0, list[str]()
        with whole_private(file) as target:
            async for account in service.accounts():
                _write(target, account.line)  # nobody else waits in this process
                count += 1
                notes += account.notes
            await service.record(count)  # before the file has its name
        return count, notes

    try:
        count, notes = with_runtime(work)
    except FileExistsError:
        fail(f"{file} is there already")
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    for line in notes:
        note(line)
    show(
        {"exported": count, "notes": notes},
        as_json,
        lines=[f"{count} accounts written to {file}"],
    )


def _write(target: BinaryIO, line: dict[str, Any]) -> None:
    target.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
