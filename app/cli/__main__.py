"""Entry point of ``python -m app.cli`` and of ``auth-serve``.

Whatever Python somebody has reads it: what is needed is looked for before it is used,
and a Python or a package that is missing is told in one line.
"""

from __future__ import annotations

import os
import sys

from app.cli import HOST, MOST_WORKERS, PORT

_LARGE = ["connection", "sync"]
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
    """Start a server without typer, three megabytes that it would keep.

    It comes without parts of libraries, and so does what reads a whole directory.
    """
    served = _served(arguments)
    if served is None:
        if arguments[:2] == _LARGE:
            _leave_out()
        from app.cli.commands import app

        app(arguments)
    else:
        hosts, port, workers = served
        if workers > 1:
            from app.cli.workers.start import serve_many

            serve_many(hosts, port, workers)
            return
        _leave_out()
        from app.cli.serve import serve

        serve(hosts, port)


def _leave_out() -> None:
    from app.core.late import docstrings, libraries

    docstrings.leave_out()
    libraries.leave_out()


def _served(arguments: list[str]) -> tuple[list[str], int, int] | None:
    """Return hosts, port and workers of a faultless line; typer judges the rest."""
    if arguments[:2] != ["server", "start"]:
        return None
    # Platforms tell the port in this way; the line itself wins.
    hosts, port = [], str(os.environ.get("PORT") or PORT)
    workers = "1"
    words = iter(arguments[2:])
    for word in words:
        name, has_value, value = word.partition("=")
        value = value if has_value else next(words, "")
        if name == "--host" and value[:1] not in ("", "-"):
            hosts.append(value)
        elif name == "--port":
            port = value
        elif name == "--workers":
            workers = value
        else:
            return None
    numbers = _number(port, 65_535), _number(workers, MOST_WORKERS)
    return (hosts or [HOST], *numbers) if all(numbers) else None


def _number(word: str, most: int) -> int:
    """Return a number from 1 on; 0 for what is none, or too large."""
    number = int(word[:6]) if word.isascii() and word.isdecimal() else 0
    return number if number <= most else 0


if __name__ == "__main__":
    main()
