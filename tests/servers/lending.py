"""Migrated databases that tests borrow: emptied and lent again, since copies cost."""

from dataclasses import dataclass, field
from uuid import uuid4

import asyncpg

from tests.servers.postgres import create_database, drop_database

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
class Lending:
    """Copies of a template that nobody is connected to.

    Attributes:
        server: The address of a database of that server.
        template: What is copied.
    """

    server: str
    template: str
    _clean: list[str] = field(default_factory=list)
    _fresh: _Fresh | None = None

    async def lend(self) -> str:
        """Return the address of a database that holds what the template holds."""
        if self._clean:
            return self._address(self._clean.pop())
        name = f"test_{uuid4().hex}"
        await create_database(self.server, name, self.template)
        if self._fresh is None:
            self._fresh = await _look(self._address(name))
        return self._address(name)

    async def take_back(self, address: str) -> None:
        """Empty a database, or drop it if a test did more to it than change rows."""
        assert self._fresh is not None
        name = address.rpartition("/")[2]
        try:
            is_clean = await _restore(address, self._fresh)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            is_clean = False
        if is_clean:
            self._clean.append(name)
        else:
            await drop_database(self.server, name)

    async def drop_all(self) -> None:
        """Drop what was given back."""
        while self._clean:
            await drop_database(self.server, self._clean.pop())

    def _address(self, name: str) -> str:
        return f"{self.server.rpartition('/')[0]}/{name}"


def _connected(address: str) -> asyncpg.Pool:
    return asyncpg.create_pool(address, min_size=1, max_size=1, timeout=10)


async def _look(address: str) -> _Fresh:
    async with _connected(address) as pool:
        tables = [row[0] for row in await pool.fetch(_TABLES)]
        found = {
            table: await pool.fetchval(f"SELECT json_agg(t) FROM {table} t")
            for table in tables
        }
        rows = {table: text for table, text in found.items() if text is not None}
        return _Fresh(await pool.fetchval(_SHAPE), tables, rows)


async def _restore(address: str, fresh: _Fresh) -> bool:
    """Put the rows back that a copy has; False if its shape is another one."""
    async with _connected(address) as pool, pool.acquire() as connection:
        await connection.execute(_OTHERS)
        if await connection.fetchval(_SHAPE) != fresh.shape:
            return False
        async with connection.transaction():
            # Without foreign keys the order of the tables does not matter.
            await connection.execute(_FREELY)
            for table in fresh.tables:
                await connection.execute(f"DELETE FROM {table}")
            for table, rows in fresh.rows.items():
                kept = f"SELECT * FROM json_populate_recordset(NULL::{table}, $1)"
                await connection.execute(f"INSERT INTO {table} {kept}", rows)
    return True
