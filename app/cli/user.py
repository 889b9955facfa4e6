"""``user``: accounts."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from app.cli.base import with_runtime
from app.schemas.user import Format, UserImport
from app.services.runtime import Runtime
from app.services.user_import import UserImportService
from app.utils.helpers import printable

app = typer.Typer(help="Accounts.")
ImportFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="Accounts, in UTF-8")
]
FileFormat = Annotated[
    Format, typer.Option("--format", help="native: one JSON object a line")
]
Parameters = Annotated[
    Path | None,
    typer.Option(
        "--firebase-parameters",
        exists=True,
        dir_okay=False,
        help='The project\'s "password hash parameters"',
    ),
]
Judged = tuple[str, UserImport | str]  # where it stands, and what, or why not


@app.callback()
def _group() -> None:
    """Accounts."""


@app.command(name="import")
def import_users(
    file: ImportFile,
    product: FileFormat = Format.NATIVE,
    firebase_parameters: Parameters = None,
) -> None:
    """Import accounts of another system, with the password hashes that it made.

    A native line has email, and may have name, email_verified and password_hash.
    """
    if (product is Format.FIREBASE) != (firebase_parameters is not None):
        sys.exit("auth-serve: --format firebase and --firebase-parameters go together")
    text = _text(file)
    if product is Format.NATIVE:
        judged = list(_native(text))
    else:
        judged = list(_foreign(text, product, firebase_parameters))

    async def work(runtime: Runtime) -> list[str]:
        service = UserImportService(runtime)
        return [
            f"{where}: {refusal}"
            for where, account in judged
            if (refusal := await _store(service, account)) is not None
        ]

    refused = with_runtime(work)
    for line in refused:
        print(printable(line, 500), file=sys.stderr)
    print(f"{len(judged) - len(refused)} imported, {len(refused)} refused")
    if refused:
        raise typer.Exit(1)


def _text(file: Path) -> str:
    """Return the file's text, without the mark that Windows begins it with."""
    raw = file.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        sys.exit(f"auth-serve: {file}, line {line}: not UTF-8; nothing was imported")


def _native(text: str) -> Iterator[Judged]:
    # Not splitlines(): inside of a JSON text U+2028 and others end no line.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield f"line {number}", _judged(UserImport.model_validate_json, line)


def _foreign(text: str, product: Format, parameters: Path | None) -> Iterator[Judged]:
    # Here: it brings every password scheme, and a server loads this module too.
    from app.services.foreign_account import (
        AccountRefused,
        ExportRefused,
        converter,
        read_firebase_parameters,
        read_rows,
    )

    try:
        known = read_firebase_parameters(_text(parameters)) if parameters else {}
        convert = converter(product, known)
        rows = read_rows(text, product)
    except ExportRefused as refusal:
        sys.exit(f"auth-serve: {refusal}")
    for number, row in enumerate(rows, 1):
        try:
            account = _judged(UserImport.model_validate, convert(row))
        except AccountRefused as refusal:
            account = str(refusal)
        yield f"user {number}", account


def _judged(judge: Callable[[Any], UserImport], given: Any) -> UserImport | str:
    try:
        return judge(given)
    except ValidationError as error:
        return "; ".join(_reason(flaw) for flaw in error.errors(include_input=False))


def _reason(flaw: Any) -> str:
    """Say what is wrong with a field; a value may be a secret and is left out."""
    field = ".".join(str(part) for part in flaw["loc"])
    if flaw["type"] == "missing":
        return f"{field} is missing"
    if flaw["type"] == "extra_forbidden":
        return f"unknown field {field}"
    message = str(flaw["msg"]).removeprefix("Value error, ")
    return f"{field}: {message}" if field else message


async def _store(service: UserImportService, account: UserImport | str) -> str | None:
    """Return why it is not stored, or None."""
    if isinstance(account, str):
        return account
    result = await service.store(account)
    return None if result.refusal is None else f"{result.email}: {result.refusal}"
