"""Every error code and what it means: where the ``type`` of a problem leads."""

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import APIRouter, Response

from app.core.exceptions import AppError
from app.core.late.route import LateRoute
from app.pages.parts.render import render_for_developers

router = APIRouter(include_in_schema=False, route_class=LateRoute)


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """One code of the contract."""

    code: str
    status: int
    title: str
    meaning: str


@router.get("/docs/errors")
async def show_errors() -> Response:
    """List the codes."""
    return render_for_developers("errors.html", entries=error_entries())


def error_entries() -> list[ErrorEntry]:
    """Return every code that this service answers with, in order.

    A class without a code of its own is a special case of its parent's.
    """
    kinds: list[type[AppError]] = [AppError, *_descendants(AppError)]
    named = [kind for kind in kinds if _is_ours(kind)]
    entries = {kind.code: _entry(kind) for kind in named if "code" in vars(kind)}
    return [entries[code] for code in sorted(entries)]


def _descendants(kind: type[AppError]) -> Iterator[type[AppError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _descendants(child)


def _is_ours(kind: type[AppError]) -> bool:
    return kind.__module__.startswith("app.")


def _entry(kind: type[AppError]) -> ErrorEntry:
    meaning = (kind.__doc__ or "").strip().splitlines()[0]
    return ErrorEntry(kind.code, kind.status, kind.title, meaning)
