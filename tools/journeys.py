"""Say which functions of the account and the console no journey walked: `make e2e`.

Usage: ``python -m tools.journeys NOTES``, with what `tests.e2e.functions` noted. It
ends with 1 when a page or a form of the app was not used by mouse, by keyboard alone,
on a phone or in the dark; ``--table`` prints all of them.

What has to be used is not listed here: it is each route of the app, and each button
that a page offered while it was looked at.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.config import load_settings
from app.core.late.wing import unfolded
from app.main import create_app
from app.pages.console.user import TABS
from app.pages.console.user_changes import CHANGES
from app.pages.console.user_filter import UserQuery

MANNERS = ("mouse", "keyboard", "phone", "dark")
AREAS = ("/account", "/applications", "/admin")
# What need not be walked in each manner, and why.
EXCEPTIONS: Mapping[str, str] = {
    "GET /admin/clients/{client_id}": "an address of earlier releases; it leads on",
    "GET /admin/palette": "a page only without script, where tests/e2e walks it; else "
    "a dialog, which is used in each manner",
}
_TAB = "{tab}"
_SIDES: Mapping[str, Iterable[str]] = {"GET": TABS, "POST": CHANGES}
# What a form carries besides, and what its buttons are about: of one page or thing.
_CARRIED = frozenset(
    {"csrf", "id", "ids", "version", "following", "state", "delivery", "codes"}
    | {"secret_id", *(each.name for each in fields(UserQuery))}
)
_ABOUT = frozenset(
    {"client_id", "connect", "dismiss", "end", "link", "remove", "rename"}
    | {"restore", "revoke"}
)
_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f-]{36}|\d+")

Note = Mapping[str, Any]
Walked = dict[str, frozenset[str]]
"""Each function, and in which manners it was used."""


class Functions:
    """The pages and forms of the account and the console, by the routes of the app."""

    def __init__(self, app: FastAPI) -> None:
        self._routes = [
            route
            for route in unfolded(app.routes)
            if isinstance(route, APIRoute)
            if f"{route.path}/".startswith(tuple(f"{area}/" for area in AREAS))
        ]

    def of_routes(self) -> Iterator[str]:
        """Name what there is by its route alone."""
        for route in self._routes:
            for method in sorted(route.methods or ()):
                if _TAB in route.path_format:
                    tabs = filter(None, _SIDES[method])
                    paths = [route.path_format.replace(_TAB, each) for each in tabs]
                else:
                    paths = [route.path_format]
                yield from (f"{method} {path}" for path in paths)

    def named(self, note: Note) -> str | None:
        """Return the name of what was offered or used; None elsewhere.

        The first route that takes the path and the method, as the app itself has it.
        """
        for route in self._routes:
            found = route.path_regex.match(note["path"])
            if found and note["method"] in (route.methods or ()):
                tab = found.groupdict().get("tab", "")
                name = f"{note['method']} {route.path_format.replace(_TAB, tab)}"
                return " ".join((name, *_said(note)))
        return None


def _said(note: Note) -> Iterator[str]:
    """Tell the buttons of one address apart; a form of filters is one function."""
    if note["method"] == "GET":
        return
    for name, value in note["says"]:
        if name not in _CARRIED:
            is_one = name in _ABOUT or _ID.fullmatch(value)
            yield f"{name}={'…' if is_one else value}"


def walked(functions: Functions, notes: Sequence[Note]) -> Walked:
    """Return every function, and in which manners it was used.

    Of a route with several buttons each one counts, and the route alone does not.
    """
    found: dict[str, set[str]] = {}
    for note in notes:
        if name := functions.named(note):
            found.setdefault(name, set()).update(note.get("manners", ()))
    pressed = {" ".join(name.split()[:2]) for name in found}
    for name in functions.of_routes():
        if name not in pressed:
            found[name] = set()
    return {name: frozenset(how) for name, how in sorted(found.items())}


def missing(every: Walked) -> dict[str, Sequence[str]]:
    """Return what was not used in each manner, and in which it was not."""
    left = {
        name: [each for each in MANNERS if each not in how]
        for name, how in every.items()
        if name not in EXCEPTIONS
    }
    return {name: manners for name, manners in left.items() if manners}


def main() -> int:
    """Compare; say what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notes", type=Path)
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    lines = options.notes.read_text(encoding="utf-8").splitlines()
    every = walked(
        Functions(create_app(load_settings())), [json.loads(line) for line in lines]
    )
    if options.table:
        for name, how in every.items():
            print(f"{name:72}", *(each if each in how else "-" for each in MANNERS))
    left = missing(every)
    for name, manners in left.items():
        print(f"no journey: {name}: {', '.join(manners)}", file=sys.stderr)
    if not left:
        print(f"{len(every)} functions: by mouse, by keyboard, on a phone, in the dark")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
