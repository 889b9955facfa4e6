"""Counting in memory and in SQL: alike, at once, after a restart."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from app.core.rate_limit import MemoryStore
from app.core.rate_limit.gcra import microseconds
from app.database import Database, DatabaseUnavailable
from app.models.rate_limit import RateLimit
from app.repositories.rate_limit import SqlStore
from tests.rate_limit_support import (
    NOW,
    TEN,
    agrees_with_memory,
    allowed,
    allowed_at_once,
    opened,
)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with opened(database_url) as database:
        yield database


def str_url(database: Database) -> str:
    """Return the address of a database, for a second process."""
    return database.engine.url.render_as_string(hide_password=False)


@pytest.mark.parametrize("seed", range(3))
async def test_sql_decides_as_memory_does(database: Database, seed: int) -> None:
    await agrees_with_memory(SqlStore(database), seed)


async def test_t175_parallel_guesses_do_not_outrun_memory() -> None:
    assert await allowed_at_once(200, MemoryStore()) == 10


async def test_t175_parallel_guesses_do_not_outrun_sql(database: Database) -> None:
    async with opened(str_url(database)) as other:
        stores = SqlStore(database), SqlStore(other)

        assert await allowed_at_once(200, *stores) == 10


async def test_sql_remembers_after_a_restart(database: Database) -> None:
    await allowed(SqlStore(database), "a", 10)

    async with opened(str_url(database)) as later:
        assert await allowed(SqlStore(later), "a", 10) == 0


async def test_only_full_buckets_are_deleted_and_in_batches(database: Database) -> None:
    store = SqlStore(database)
    for key in "abc":
        await store.take(key, TEN, NOW)
    await allowed(store, "in use", 10)
    later = NOW + timedelta(minutes=2, microseconds=1)

    assert await store.delete_full(NOW + timedelta(minutes=2), 2) == 0
    assert [await store.delete_full(later, 2) for _ in range(3)] == [2, 1, 0]

    async with database.session(read_only=True) as db:
        left = (await db.scalars(select(RateLimit.key))).all()
    assert left == ["sign_in_account:in use"]


async def test_a_bucket_in_use_again_survives_a_janitor_that_waited_for_it(
    database: Database,
) -> None:
    store, later = SqlStore(database), NOW + timedelta(hours=1)
    await store.take("a", TEN, NOW)

    async with database.session() as db:
        await db.execute(update(RateLimit).values(tat=microseconds(later)))
        janitor = asyncio.create_task(store.delete_full(later, 10))
        await blocked(database)
        await db.commit()

    assert await janitor == 0


async def blocked(database: Database) -> None:
    """Return once a statement waits for the row that the test has locked."""
    if database.is_sqlite:
        await asyncio.sleep(0.1)  # nothing tells; it waits for the whole file anyway
        return
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    async with opened(str_url(database)) as observer:
        while True:
            async with observer.session(read_only=True) as db:
                if await db.scalar(waiting):
                    return
            await asyncio.sleep(0.01)


async def test_without_a_database_nothing_is_allowed(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    store = SqlStore(database)
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("DROP TABLE rate_limits")

    with pytest.raises(DatabaseUnavailable):
        await store.take("a", TEN, NOW)
    await store.give_back("a", TEN)  # success stays success

    assert "could not be given back" in caplog.text
