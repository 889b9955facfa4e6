"""Options of commands: how they are declared, and what was said with them."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import typer

from app.cli.ending import Exit, fail


def option(help_: str, *names: str) -> Any:
    """Return an option; its default stands in the command's signature."""
    return typer.Option(*names, help=help_)


ShowProgress = Annotated[
    bool | None,
    option("Say how far it is; unset: on a terminal only", "--progress/--no-progress"),
]


def said(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that were named on the line: the others are ``None``."""
    return {name: value for name, value in options.items() if value is not None}


def id_of(noun: str, text: str) -> UUID:
    """Return an id, or end with the command that lists them.

    Args:
        noun: The group of commands, as ``session``.
        text: What was typed.
    """
    try:
        return UUID(text)
    except ValueError:
        fail(f"{text} is no id of a {noun}; see {noun} list", Exit.USAGE)
