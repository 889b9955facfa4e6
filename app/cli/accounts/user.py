"""``user``: accounts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.base import AsJson, Exit, fail, note, show, show_rows, with_runtime
from app.cli.options import ShowProgress

if TYPE_CHECKING:
    from app.cli.progress import Progress
    from app.schemas.user import Format, UserImport
    from app.services.access.group_import import ForeignGroup
    from app.services.accounts.address import Collision
    from app.services.accounts.user_import import ImportSummary, UserImportService
    from app.services.server.runtime import Runtime

app = typer.Typer(help="Accounts.")


def _formats() -> list[str]:
    from app.schemas.user import Format

    return [product.value for product in Format]


def _known_format(name: str) -> str:
    if name not in _formats():
        raise typer.BadParameter(f"{name!r} is none of {', '.join(_formats())}")
    return name


def _sources() -> list[str]:
    from app.core.password_schemes.source import SOURCES

    return sorted(SOURCES)


def _known_source(name: str | None) -> str | None:
    if name is not None and name not in _sources():
        raise typer.BadParameter(f"{name!r} is none of {', '.join(_sources())}")
    return name


ImportFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="Accounts, in UTF-8")
]
FileFormat = Annotated[
    str,
    typer.Option(
        "--format",
        help="native (a JSON object a line), keycloak, firebase or aspnet",
        callback=_known_format,
        autocompletion=_formats,
    ),
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
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        help="The product that made the hashes; docs/imports.md lists them",
        callback=_known_source,
        autocompletion=_sources,
    ),
]
MakeGroups = Annotated[
    bool, typer.Option("--create-groups", help="Make groups that are not there")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done")]
Judged = tuple[str, "UserImport | str"]  # where it stands, and what, or why not


@app.callback()
def _group() -> None:
    """Accounts."""


@app.command(name="import")
def import_users(
    file: ImportFile,
    product: FileFormat = "native",
    firebase_parameters: Parameters = None,
    made_by: From = None,
    create_groups: MakeGroups = False,
    dry_run: DryRun = False,
    progress: ShowProgress = None,
    as_json: AsJson = False,
) -> None:
    """Import accounts of another system, with their password hashes and factors.

    A native file is JSON Lines: one object a line, with email, and perhaps name,
    email_verified, password_hash, source, totp, recovery_code_hashes, passkeys,
    picture (a file in base64), groups (names) and attributes (by name).
    Try --dry-run first: it says of each line what would become of it.
    Accounts of an earlier run stay as they are, so a file can be run again.

    JSON: `imported`, `present` (of an earlier run), `refused` and `weak`, in numbers;
    `dry_run`; `refusals`, in words; `unread`, by reason: hashes that were not taken;
    `notes`: what was left out of which.
    """
    from app.cli.progress import Progress
    from app.services.access.group_import import GroupImportService
    from app.services.accounts.user_import import ImportSummary, UserImportService

    judged = _read(file, product, firebase_parameters)
    groups = _realm_groups(file, product) if create_groups else []
    summary = ImportSummary(dry_run=dry_run)

    async def work(runtime: "Runtime") -> list[str]:
        now = runtime.clock.monotonic
        shown = Progress(len(judged), now, wanted=progress, as_json=as_json)
        service = UserImportService(runtime, makes_groups=create_groups)
        summary.notes += await GroupImportService(runtime).store(
            groups, dry_run=dry_run
        )
        return await _store_all(service, judged, made_by, summary, shown)

    refused = with_runtime(work)
    *notes, totals = summary.lines()
    for line in (*refused, *notes):
        note(line)
    show(summary.counts() | {"refusals": refused}, as_json, lines=[totals])
    if refused:
        raise typer.Exit(1)


@app.command()
def collisions(as_json: AsJson = False) -> None:
    """List accounts whose address is another account's too (ADR-0018).

    Nobody can sign in to them by it. Give them another address, or delete the account
    that has it or them: PATCH or DELETE /api/v1/users/{id}.

    JSON: an array of `user_id`, `email`, `holder_id` and `holder_email`.
    """
    from app.services.accounts.address import CollisionService

    async def work(runtime: "Runtime") -> "list[Collision]":
        service = CollisionService(runtime)
        await service.put_right()
        return await service.list_all()

    found = with_runtime(work)
    columns = ("user_id", "email", "holder_id", "holder_email")
    show_rows([asdict(each) for each in found], columns, as_json)
    note(f"{len(found)} accounts cannot be signed in to by their address")


def _read(file: Path, product: str, parameters: Path | None) -> list[Judged]:
    from app.schemas.user import Format

    source = Format(product)
    if (source is Format.FIREBASE) != (parameters is not None):
        fail("--format firebase and --firebase-parameters go together", Exit.USAGE)
    text = _text(file)
    if source is Format.NATIVE:
        return list(_native(text))
    return list(_foreign(text, source, parameters))


def _realm_groups(file: Path, product: str) -> "list[ForeignGroup]":
    """Return the groups that a realm export has; no other file has any."""
    from app.schemas.user import Format
    from app.services.access.group_import import read_groups

    if Format(product) is not Format.KEYCLOAK:
        return []
    try:
        return read_groups(_text(file))
    except ValueError as error:
        fail(str(error))


def _text(file: Path) -> str:
    """Return the file's text, without the mark that Windows begins it with."""
    raw = file.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        fail(f"{file}, line {line}: not UTF-8; nothing was imported")


def _native(text: str) -> Iterator[Judged]:
    from app.schemas.user import UserImport

    # Not splitlines(): inside of a JSON text U+2028 and others end no line.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield f"line {number}", _judged(UserImport.model_validate_json, line)


def _foreign(text: str, product: "Format", parameters: Path | None) -> Iterator[Judged]:
    from app.schemas.user import UserImport
    from app.services.accounts.foreign_account import (
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
        fail(str(refusal))
    for number, row in enumerate(rows, 1):
        try:
            account = _judged(UserImport.model_validate, convert(row))
        except AccountRefused as refusal:
            account = str(refusal)
        yield f"user {number}", account


def _judged(judge: "Callable[[Any], UserImport]", given: Any) -> "UserImport | str":
    from pydantic import ValidationError

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


async def _store_all(
    service: "UserImportService",
    judged: Sequence[Judged],
    made_by: str | None,
    summary: "ImportSummary",
    shown: "Progress",
) -> list[str]:
    """Return what was refused, and why."""
    refused = []
    for where, account in judged:
        refusal = await _store(service, account, made_by, summary)
        if refusal is not None:
            refused.append(f"{where}: {refusal}")
        shown.step()
    return refused


async def _store(
    service: "UserImportService",
    account: "UserImport | str",
    made_by: str | None,
    summary: "ImportSummary",
) -> str | None:
    """Return why it is not stored, or None."""
    if isinstance(account, str):
        summary.count_unreadable_line()
        return account
    dry_run = summary.dry_run
    result = await service.store(account, source=made_by, dry_run=dry_run)
    summary.count(result)
    return None if result.refusal is None else f"{result.email}: {result.refusal}"
