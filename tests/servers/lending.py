"""Migrated databases that tests borrow: emptied and lent again, since copies cost."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from threading import Thread
from typing import Any, TypeVar
from uuid import uuid4

import asyncpg

from tests.servers.postgres import create_database, drop_database

T = TypeVar("T")
# What a test may have changed beside rows: tables, columns, indexes, rules, settings.
_SHAPE = """
SELECT md5(concat(
  (SELECT string_agg(a::text, ',' ORDER BY attrelid, attnum)
   FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
   WHERE relnamespace = 'public'::regnamespace),
  (SELECT string_agg(c::text, ',' ORDER BY oid) FROM pg_constraint c),
  (SELECT string_agg(concat(oid, relname), ',' ORDER BY oid) FROM pg_class
   WHERE relnamespace = 'public'::regnamespace),
  (SELECT count(*) FROM pg_trigger),
  (SELECT string_agg(s::text, ',') FROM pg_db_role_setting s)))
"""
_OTHERS = """
SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_TABLES = """
SELECT quote_ident(relname) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""
_FREELY = """
SET LOCAL session_replication_role = replica;
SET LOCAL lock_timeout = '2s'
"""


@dataclass(frozen=True)
class _Fresh:
    """How a copy looks before anybody used it."""

    shape: str
    tables: list[str]
    rows: dict[str, str]  # JSON by table, where there are any


@dataclass
class _Connections:
    """One to each database, which stays: a new one reads the whole catalogue first.

    They live on a loop of their own, as every test has another one.
    """

    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _thread: Thread | None = None
    _open: dict[str, asyncpg.Connection] = field(default_factory=dict)

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what comes of something that uses them."""
        if self._thread is None:
            self._thread = Thread(target=self._loop.run_forever, daemon=True)
            self._thread.start()
        running = asyncio.run_coroutine_threadsafe(work, self._loop)
        return await asyncio.wrap_future(running)

    async def to(self, address: str) -> asyncpg.Connection:
        """Return the one to a database; tests may have ended it."""
        found = self._open.get(address)
        if found is None or found.is_closed():
            found = await asyncpg.connect(address, timeout=10)
            self._open[address] = found
        return found

    async def end(self, address: str) -> None:
        """Close the one to a database, if there is one."""
        found = self._open.pop(address, None)
        if found is not None:
            found.terminate()

    def close(self) -> None:
        """Give the loop back, once all of them are closed."""
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()


@dataclass
class Lending:
    """Copies of a template that nobody but us is connected to.

    Attributes:
        server: The address of a database of that server.
        template: What is copied.
    """

    server: str
    template: str
    _clean: list[str] = field(default_factory=list)
    _fresh: _Fresh | None = None
    _ours: _Connections = field(default_factory=_Connections)

    async def lend(self) -> str:
        """Return the address of a database that holds what the template holds."""
        if self._clean:
            return self._clean.pop()
        name = f"test_{uuid4().hex}"
        await create_database(self.server, name, self.template)
        address = f"{self.server.rpartition('/')[0]}/{name}"
        if self._fresh is None:
            self._fresh = await self._ours.run(_look(self._ours, address))
        return address

    async def take_back(self, address: str) -> None:
        """Empty a database, or drop it if a test did more to it than change rows."""
        assert self._fresh is not None
        try:
            is_clean = await self._ours.run(_restore(self._ours, address, self._fresh))
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            is_clean = False
        if is_clean:
            self._clean.append(address)
        else:
            await self._drop(address)

    async def drop_all(self) -> None:
        """Drop what was given back; nothing is lent afterwards."""
        while self._clean:
            await self._drop(self._clean.pop())
        self._ours.close()

    async def _drop(self, address: str) -> None:
        await self._ours.run(self._ours.end(address))
        await drop_database(self.server, address.rpartition("/")[2])


async def _look(ours: _Connections, address: str) -> _Fresh:
    connection = await ours.to(address)
    tables = [row[0] for row in await connection.fetch(_TABLES)]
    found = {
        table: await connection.fetchval(f"SELECT json_agg(t) FROM {table} t")
        for table in tables
    }
    rows = {table: text for table, text in found.items() if text is not None}
    return _Fresh(await connection.fetchval(_SHAPE), tables, rows)


async def _restore(ours: _Connections, address: str, fresh: _Fresh) -> bool:
    """Put the rows back that a copy has; False if its shape is another one."""
    connection = await ours.to(address)
    await connection.execute(_OTHERS)
    if await connection.fetchval(_SHAPE) != fresh.shape:
        return False
    async with connection.transaction():
        # Without foreign keys the order of the tables does not matter.
        await connection.execute(_FREELY)
        await connection.execute("".join(f"DELETE FROM {t};" for t in fresh.tables))
        for table, rows in fresh.rows.items():
            kept = f"SELECT * FROM json_populate_recordset(NULL::{table}, $1)"
            await connection.execute(f"INSERT INTO {table} {kept}", rows)
    return True
