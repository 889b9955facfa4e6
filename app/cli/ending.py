"""How a command ends, and what it tells people; a server too, so without typer."""

import sys
from enum import IntEnum
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from app.config import Settings

PROGRAM = "auth-serve"
_LONGEST = 4_096


class Exit(IntEnum):
    """How a command ends; docs/commands.md says it to scripts."""

    DONE = 0
    REFUSED = 1  # or not all of it was done
    USAGE = 2  # the line is wrong; nothing was tried
    UNUSABLE = 3  # the configuration, or the database: nothing could be tried
    INTERRUPTED = 130


def fail(reason: str, code: Exit = Exit.REFUSED) -> NoReturn:
    """End with one line that says why."""
    print(f"{PROGRAM}: {one_line(reason)}", file=sys.stderr)
    raise SystemExit(int(code))


def note(text: str) -> None:
    """Tell people something that is no part of the result."""
    print(one_line(text), file=sys.stderr)


def settings_or_exit() -> "Settings":
    """Return the settings, or end with one line that says what is wrong."""
    from app.config import SettingsError, load_settings

    try:
        return load_settings()
    except SettingsError as refusal:
        fail(str(refusal), Exit.UNUSABLE)


def one_line(text: str) -> str:
    """Return a text as one line that no terminal obeys."""
    from app.utils.helpers import printable

    return printable("; ".join(text.splitlines()), _LONGEST)
