"""Connections to SQLite: several that make a new file theirs at one moment."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from app.database import Database, PoolOptions
from app.database_errors import DatabaseUnavailable


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a database that nobody has turned to the log yet (WAL)."""
    file = tmp_path / "new.db"
    with closing(sqlite3.connect(file)) as made:
        made.execute("CREATE TABLE things (name TEXT)")
    return file


@pytest.fixture
def writer(file: Path) -> Iterator[sqlite3.Connection]:
    """Be about to write it, as another process is that starts at this moment."""
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        yield writer


async def _first(file: Path, patience: int) -> str:
    database = Database(
        f"sqlite+aiosqlite:///{file}", PoolOptions(statement_timeout=patience)
    )
    try:
        async with database.session() as db:
            return str(await db.scalar(text("PRAGMA journal_mode")))
    finally:
        await database.close()


async def test_who_meets_another_first_start_waits_for_it(
    file: Path, writer: sqlite3.Connection
) -> None:
    waiting = asyncio.create_task(_first(file, 30))
    await asyncio.wait({waiting}, timeout=0.3)
    assert not waiting.done()

    writer.execute("COMMIT")

    assert await waiting == "wal"


async def test_who_waits_for_too_long_is_told_so(
    file: Path, writer: sqlite3.Connection
) -> None:
    with pytest.raises(DatabaseUnavailable):
        await _first(file, 1)
