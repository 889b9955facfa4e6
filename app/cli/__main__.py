"""Entry point of ``python -m app.cli`` and of ``auth-serve``.

Whatever Python somebody has reads it: what is needed is looked for before it is used,
and a Python or a package that is missing is told in one line.
"""

from __future__ import annotations

import os
import sys

from app.cli import HOST, PORT

_ADVICE = "in a checkout, make serve prepares .venv: use .venv/bin/auth-serve"


def main(arguments: list[str] | None = None) -> None:
    """Run a command."""
    if sys.version_info < (3, 11):
        sys.exit("auth-serve: Python 3.11 or later is needed; " + _ADVICE)
    try:
        _run(sys.argv[1:] if arguments is None else arguments)
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name == "app":
            raise
        sys.exit(f"auth-serve: {sys.executable} has no package {name}; {_ADVICE}")
    except KeyboardInterrupt:
        sys.exit(130)


def _run(arguments: list[str]) -> None:
    """Start a server without typer, three megabytes that it would keep."""
    served = _served(arguments)
    if served is None:
        from app.cli.commands import app

        app(arguments)
    else:
        from app.core.late.docstrings import leave_out

        leave_out()
        from app.cli.serve import serve

        serve(*served)


def _served(arguments: list[str]) -> tuple[list[str], int] | None:
    """Return hosts and port of a faultless ``server start``; typer judges the rest."""
    if arguments[:2] != ["server", "start"]:
        return None
    from argparse import ArgumentError, ArgumentParser

    parser = ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--host", action="append")
    # Platforms tell the port in this way; the line itself wins.
    parser.add_argument("--port", default=os.environ.get("PORT") or PORT, type=int)
    try:
        found, unknown = parser.parse_known_args(arguments[2:])
    except ArgumentError:
        return None
    if unknown or not 0 < found.port < 65_536:
        return None
    return found.host or [HOST], found.port


if __name__ == "__main__":
    main()
