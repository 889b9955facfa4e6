"""``settings``: what is in force, and why."""

from typing import Annotated, Any

import typer

from app.cli.base import AsJson, settings_or_exit, show_rows

app = typer.Typer(help="What is in force, and where it comes from.")


@app.callback()
def _group() -> None:
    """What is in force, and where it comes from."""


@app.command()
def show(
    changed: Annotated[
        bool, typer.Option("--changed", help="Only what is not the default")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print every setting, its value and who decided it; secrets are never shown.

    JSON: an array of `name`, `value`, `source` (`default`, `environment`, `.env`,
    `file`).
    """
    settings = settings_or_exit()
    from app.services.server.settings import listed

    rows: list[dict[str, Any]] = [
        {"name": each.name, "value": each.value, "source": each.source}
        for each in listed(settings)
        if not changed or each.source != "default"
    ]
    show_rows(rows, ("name", "value", "source"), as_json)
