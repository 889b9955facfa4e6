"""``user``: accounts."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from app.cli.base import with_runtime
from app.schemas.user import UserImport
from app.services.runtime import Runtime
from app.services.user_import import ImportResult, UserImportService

app = typer.Typer(help="Accounts.")
JsonLines = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="One JSON object a line")
]


@app.callback()
def _group() -> None:
    """Accounts."""


@app.command(name="import")
def import_users(file: JsonLines) -> None:
    """Import accounts of another system, with the password hashes that it made.

    A line has email, and may have name, email_verified and password_hash.
    """

    async def work(runtime: Runtime) -> list[ImportResult]:
        service = UserImportService(runtime)
        lines = file.read_text().splitlines()
        return [
            await _store(service, number, line) for number, line in _numbered(lines)
        ]

    results = with_runtime(work)
    refused = [result for result in results if result.refusal is not None]
    for result in refused:
        print(f"{result.email}: {result.refusal}", file=sys.stderr)
    print(f"{len(results) - len(refused)} imported, {len(refused)} refused")
    if refused:
        raise typer.Exit(1)


def _numbered(lines: list[str]) -> list[tuple[int, str]]:
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


async def _store(service: UserImportService, number: int, line: str) -> ImportResult:
    try:
        entry = UserImport.model_validate_json(line)
    except ValidationError as error:
        fields = {str(part["loc"][0]) if part["loc"] else "" for part in error.errors()}
        named = ", ".join(sorted(fields)) or "the line"
        return ImportResult(f"line {number}", f"not acceptable: {named}")
    return await service.store(entry)
