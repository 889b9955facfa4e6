"""Entry point of ``python -m app.cli``."""

import sys
from argparse import ArgumentError, ArgumentParser

from app.cli.serve import HOST, PORT, serve


def main(arguments: list[str]) -> None:
    """Run a command; a server without typer, three megabytes that it would keep."""
    served = _served(arguments)
    if served is None:
        from app.cli.commands import app

        app(arguments)
    else:
        serve(*served)


def _served(arguments: list[str]) -> tuple[str, int] | None:
    """Return host and port of a faultless ``server start``; typer judges the rest."""
    if arguments[:2] != ["server", "start"]:
        return None
    parser = ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--port", default=PORT, type=int)
    try:
        found, unknown = parser.parse_known_args(arguments[2:])
    except ArgumentError:
        return None
    if unknown or not 0 < found.port < 65_536:
        return None
    return found.host, found.port


if __name__ == "__main__":
    main(sys.argv[1:])
