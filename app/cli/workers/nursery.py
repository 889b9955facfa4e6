"""Imports the application once, and forks workers that share what was imported."""

import gc
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from app.cli.workers.children import fork
from app.cli.workers.pipes import Pipes
from app.core.late import docstrings, libraries

if TYPE_CHECKING:
    from app.config import Settings

# What a start imports besides, as soon as it runs.
_LATER = (
    "anyio._backends._asyncio",
    "jinja2",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvloop",
)


@dataclass(frozen=True, slots=True)
class Batch:
    """Workers that are forked from one process.

    Attributes:
        orders: A pipe with a byte for each; ``1`` is the first of all.
        folder: For metrics; None if there is none.
    """

    orders: int
    pipes: Pipes
    listening: Sequence[socket.socket]
    port: int
    count: int
    folder: str | None


def nurse(batch: Batch, *, shares: bool) -> None:
    """Fork a worker at each order, until there are no more.

    The application is made in each worker: event loop, threads, connections and
    counters are never there before a fork. Whoever forked is gone when the workers
    serve: a parent that stays keeps a copy of each page that they change.

    Args:
        batch: What they are made of.
        shares: Somebody adopts workers. Where not, this process is the only worker.
    """
    settings = _prepare(batch)
    from app.cli.workers.worker import work

    gc.collect()
    gc.freeze()
    while order := os.read(batch.orders, 1):
        is_first = order == b"1"

        def serve(is_first: bool = is_first) -> None:
            os.close(batch.orders)
            work(batch, settings, is_first=is_first)

        if not shares:
            serve()
            return
        _fork_orphan(serve)


def _prepare(batch: Batch) -> "Settings":
    """Import everything; refuse what several processes cannot keep."""
    docstrings.leave_out()
    libraries.leave_out()
    from app.cli.serve import settings_for
    from app.cli.workers.shares import share_out

    settings = share_out(settings_for(batch.port), batch.count, batch.folder)
    import_module("app.main")
    for name in _LATER:
        with suppress(ImportError):
            import_module(name)
    from app.database import create_engine

    create_engine(settings.database_url.get_secret_value())  # imports the driver
    return settings


def _fork_orphan(serve: object) -> None:
    """Fork a worker whose parent is gone at once, so that the supervisor has it."""
    assert callable(serve)
    between = fork(lambda: fork(serve))
    _, status = os.waitpid(between, 0)
    if status:
        raise SystemExit(1)
