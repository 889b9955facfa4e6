"""``theme``: style sheets of an operator's own."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.base import AsJson, Exit, fail, note, show_rows

app = typer.Typer(help="The look of the pages.")


@app.callback()
def _group() -> None:
    """The look of the pages."""


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="The style sheet")],
    as_json: AsJson = False,
) -> None:
    """Say what of a style sheet is outside of the contract; the service refuses it.

    JSON: an array of `line`, `text`; empty if the sheet is good.
    """
    from app.utils.theme.check import check_theme

    try:
        found = check_theme(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        fail(f"{file} cannot be read as UTF-8 text", Exit.USAGE)
    rows = [{"line": each.line, "text": each.text} for each in found]
    if rows or as_json:
        show_rows(rows, ("line", "text"), as_json)
    if found:
        fail(f"{len(found)} of its parts would be refused")
    note("within the contract")
