"""What rows take on disk: one person's life, made by the service and copied often.

No clock and no chance: the same build gives the same bytes. Tables are packed before
they are measured (``VACUUM FULL``; ``VACUUM``), since how full pages are is a matter of
use. So a column more or less shows, and nothing else does.
"""

import asyncio
import re
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import shake_128
from typing import Any
from uuid import UUID

import asyncpg
from asgi_lifespan import LifespanManager
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy import Connection, insert, make_url, select

from app.config import Settings
from app.database import PoolOptions, create_engine
from app.main import create_app
from app.models import Base
from app.repositories.statements.user_search import SEARCH_INDEX
from app.services.server.runtime import Runtime, build_runtime
from benchmarks.stage import SECRET
from tests.database.life import OPTIONS, Life
from tests.support.api import PASSWORD, Api
from tests.support.quick_hashing import quick_hasher

GROWING = {
    "users": "an account",
    "user_roles": "a role of somebody",
    "user_claims": "what is known of somebody besides",
    "sessions": "a session, with its refresh token",
    "devices": "a browser that needs no second step",
    "totps": "an authenticator application",
    "passkeys": "a passkey",
    "recovery_codes": "a recovery code",
    "upstream_identities": "somebody as they are known elsewhere",
    "upstream_entries": "what a directory said of somebody",
    "upstream_sessions": "a session that began elsewhere",
    "personal_tokens": "a personal access token",
    "one_time_tokens": "a link or code that works once",
    "oauth_grants": "a grant of an application, with its refresh token",
    "oauth_consents": "a consent",
    "oauth_revoked_tokens": "an access token that was revoked alone",
    "oauth_assertions": "an assertion of an application",
    "device_codes": "a device that asked to be let in",
    "audit_events": "an event of the audit trail",
    "refused_requests": "why a request was refused",
    "answered_requests": "why a request was allowed, where that is kept",
    "outbox": "a mail or a notice on its way out",
    "webhook_deliveries": "an event on its way to a webhook",
    "rate_limits": "somebody whose attempts are counted",
}
ROWS = 2_000  # of each table
_BATCH = 500
_NUMBER = "000000"  # of the person, in their address
_ADDRESS = "192.0.2.1"
_DIGEST = re.compile(r"(?<![-0-9a-f])[0-9a-f]{32,}")  # but of no client
# Without the index that not every server can have.
_SIZE = f"""SELECT pg_total_relation_size($1::text::regclass) - coalesce((
  SELECT pg_relation_size(indexrelid) FROM pg_index WHERE indrelid = $1::text::regclass
  AND indexrelid = to_regclass('{SEARCH_INDEX}')), 0)"""  # noqa: S608 (a constant)
_SIZES_OF_SQLITE = """SELECT tbl_name, sum(pgsize)
FROM dbstat('main', 1) JOIN sqlite_master USING (name) GROUP BY tbl_name"""
Row = Mapping[str, Any]
Rows = Mapping[str, Sequence[Row]]


async def lived(database_url: str) -> Rows:
    """Have one person use a service for a day; return every row that is there then.

    Args:
        database_url: One that is empty but for its schema.
    """
    chosen = {"database_url": database_url, "secret_key": SECRET, "jobs": False}
    settings = Settings.model_validate(chosen | OPTIONS)
    parts = build_runtime(settings)
    quick = replace(parts, hasher=quick_hasher(settings.password))
    app = create_app(settings, quick)
    async with LifespanManager(app):
        transport = ASGITransport(app=app, client=(_ADDRESS, 40_000))
        async with AsyncClient(transport=transport, base_url="http://test") as http:
            await _live(Api(http, quick))
        return await _read(quick)


async def _live(api: Api) -> None:
    life = await Life.begun(api, "https://hooks.example.com/", "*")
    address = f"ada.lovelace{_NUMBER}@example.com"
    user = await api.users.with_password(PASSWORD, email=address, name="Ada Lovelace")
    await life.use(user)
    await life.settle_in(user)


async def _read(runtime: Runtime) -> Rows:
    async with runtime.database.session(read_only=True) as db:
        return {
            table.name: [
                dict(row) for row in (await db.execute(select(table))).mappings()
            ]
            for table in Base.metadata.sorted_tables
        }


async def stored(database_url: str, life: Rows) -> dict[str, float]:
    """Copy a life into a database; return the bytes of a row by table, indexes with it.

    Args:
        database_url: One that is empty but for its schema.
        life: What `lived` returned; a table of it without a row is an error.
    """
    before = await _sizes(database_url)
    engine = create_engine(database_url, PoolOptions(statement_timeout=None))
    try:
        async with engine.begin() as connection:
            copied = await connection.run_sync(_fill, life)
    finally:
        await engine.dispose()
    after = await _sizes(database_url)
    return {name: (after[name] - before[name]) / copied[name] for name in GROWING}


def _fill(connection: Connection, life: Rows) -> dict[str, int]:
    """Store all copies; return how many rows that made of each table."""
    ids = {row["id"] for name in GROWING for row in life[name] if "id" in row}
    made = {}
    for table in Base.metadata.sorted_tables:
        key = [column.name for column in table.primary_key]
        if table.name in GROWING:
            rows = _copies(life[table.name], key, ids)
        else:  # applications and the like, unless the schema came with them
            columns = [table.c[name] for name in key]
            known = set(map(tuple, connection.execute(select(*columns))))
            rows = [each for each in life[table.name] if _key(each, key) not in known]
        for at in range(0, len(rows), _BATCH):
            connection.execute(insert(table), rows[at : at + _BATCH])
        made[table.name] = len(rows)
    return made


def _copies(rows: Sequence[Row], key: Sequence[str], ids: set[UUID]) -> list[Row]:
    """Return each row as that of many; but not what is of nobody, as some limits."""
    own = [
        row
        for row in rows
        if _key(_copy(row, 0, ids), key) != _key(_copy(row, 1, ids), key)
    ]
    return [_copy(row, n, ids) for n in range(ROWS // len(own)) for row in own]


def _key(row: Row, names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def _copy(row: Row, number: int, ids: set[UUID]) -> dict[str, Any]:
    """Return the row as that of another person, later by as many seconds."""
    return {name: _changed(value, number, ids) for name, value in row.items()}


def _changed(value: Any, number: int, ids: set[UUID]) -> Any:
    if isinstance(value, UUID):
        return _id(value, number) if value in ids else value
    if isinstance(value, datetime):
        return value + timedelta(seconds=number)
    if isinstance(value, bytes):
        return _digest(value, number).digest(len(value))
    if isinstance(value, str):
        elsewhere = f"10.0.{number >> 8}.{number & 255}"
        renamed = value.replace(_NUMBER, f"{number:06}").replace(_ADDRESS, elsewhere)
        return _DIGEST.sub(lambda found: _hex(found[0], number), renamed)
    return value


def _id(value: UUID, number: int) -> UUID:
    """Return a UUIDv7 of a later second."""
    chance = int.from_bytes(_digest(value.bytes, number).digest(8))
    milliseconds = (value.int >> 80) + number * 1_000
    kept = value.int & (0xFFFF << 64)  # version, and what orders ids of a millisecond
    return UUID(int=milliseconds << 80 | kept | 0b10 << 62 | chance >> 2)


def _digest(value: bytes, number: int) -> Any:
    return shake_128(value + number.to_bytes(4))


def _hex(value: str, number: int) -> str:
    return str(_digest(value.encode(), number).hexdigest(len(value)))[: len(value)]


async def _sizes(database_url: str) -> dict[str, int]:
    """Pack every table, and return what it takes."""
    if database_url.startswith("sqlite"):
        path = make_url(database_url).database or ""
        return await asyncio.to_thread(_sizes_of_file, path)
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("SET statement_timeout = 0")
        for name in GROWING:
            await connection.execute(f"VACUUM FULL {name}")
        return {name: await connection.fetchval(_SIZE, name) for name in GROWING}
    finally:
        await connection.close()


def _sizes_of_file(path: str) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as file:
        file.execute("VACUUM")
        found = file.execute(_SIZES_OF_SQLITE)
        return {name: size for name, size in found if name in GROWING}
