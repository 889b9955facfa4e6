"""What a connection of SQLite needs to behave as one of PostgreSQL does."""

import asyncio
import os
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import await_only

from app.database_errors import DatabaseUnavailable, is_sqlite_busy

_PRAGMAS = ("foreign_keys=ON", "synchronous=FULL")
_TURN = 0.01  # seconds


class FolderUnusable(OSError):
    """The file of SQLite is not there and cannot be made."""


def prepare_sqlite(engine: AsyncEngine, file: str, patience: float) -> None:
    """Make each new connection of an engine ours: the file private, settings, turns.

    Args:
        engine: Not connected yet.
        file: Its database, as SQLAlchemy's URL names it.
        patience: Seconds to wait for others, as its statements do.
    """
    if file not in ("", ":memory:") and not file.startswith("file:"):  # SQLite's own

        @event.listens_for(engine.sync_engine, "do_connect")
        def make_private(*_: Any) -> None:
            # It holds what mails and passwords are checked with; SQLite would make it
            # readable to all, and gives its rights to the -wal and -shm beside it.
            # Never open one that exists: closing it here would drop every lock that
            # this process holds on it (POSIX), and the next two writers destroy it.
            try:
                os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            except FileExistsError:
                pass
            except OSError as error:
                # The driver's own attempt would leave a thread that outlives the loop.
                raise DatabaseUnavailable("FolderUnusable") from FolderUnusable(error)

    @event.listens_for(engine.sync_engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        _log_ahead(cursor, patience)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        options = connection.get_execution_options()
        connection.exec_driver_sql(options.get("sqlite_begin", "BEGIN IMMEDIATE"))


def _log_ahead(cursor: Any, patience: float) -> None:
    """Write to the log first (WAL), and wait for whoever turns a new file to that now.

    SQLite does not wait here, whatever its timeout: the file is read before it is taken
    whole, and two that hold it for reading would wait for each other. So it refuses
    one at once, and several first starts together would end as "database is locked".
    """
    clock = asyncio.get_running_loop().time
    until = clock() + patience
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except Exception as error:
            if not is_sqlite_busy(error) or clock() >= until:
                raise
        await_only(asyncio.sleep(_TURN))
