"""Counting in memory and in SQL: alike, at once, after a restart."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.core.rate_limit import Attempt, Limit, MemoryStore
from app.core.rate_limit.gcra import microseconds
from app.database import Database
from app.database_errors import DatabaseUnavailable
from app.models.rate_limit import RateLimit
from app.repositories.statements.rate_limit import SqlStore
from tests.support.rate_limit import (
    NOW,
    TEN,
    agrees_with_memory,
    allowed,
    allowed_at_once,
    give_back,
    opened,
    take,
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


async def test_attempts_at_once_leave_no_room_unused(database: Database) -> None:
    """Each reads its clock before it counts: they come in another order than that."""
    earlier = NOW - timedelta(milliseconds=1)
    two = TEN, Limit("other", TEN.burst, TEN.period)

    async with opened(str_url(database)) as other:
        stores = SqlStore(database), SqlStore(other)
        for key in "abcdef":
            attempts = [Attempt(limit, key) for limit in two]
            verdicts = await asyncio.gather(
                *(
                    stores[number % 2].take(attempts, instant)
                    for number, instant in enumerate([earlier, earlier, NOW] * 20)
                )
            )

            assert sum(each[-1].allowed for each in verdicts) == TEN.burst


async def test_sql_remembers_after_a_restart(database: Database) -> None:
    await allowed(SqlStore(database), "a", 10)

    async with opened(str_url(database)) as later:
        assert await allowed(SqlStore(later), "a", 10) == 0


async def test_only_full_buckets_are_deleted_and_in_batches(database: Database) -> None:
    store = SqlStore(database)
    for key in "abc":
        await take(store, key, TEN, NOW)
    await allowed(store, "in use", 10)
    later = NOW + timedelta(minutes=2, microseconds=1)

    assert await store.delete_full(NOW + timedelta(minutes=2), 2) == 0
    assert [await store.delete_full(later, 2) for _ in range(3)] == [2, 1, 0]

    async with database.session(read_only=True) as db:
        left = (await db.scalars(select(RateLimit.key))).all()
    assert left == ["sign_in_account:in use"]


async def test_a_bucket_that_is_being_moved_survives_the_janitor(
    database: Database,
) -> None:
    store, later = SqlStore(database), NOW + timedelta(hours=1)
    for key in "ab":
        await take(store, key, TEN, NOW)

    async with database.session() as db:
        moved = update(RateLimit).where(RateLimit.key == "sign_in_account:a")
        await db.execute(moved.values(tat=microseconds(later)))
        janitor = asyncio.create_task(store.delete_full(later, 10))
        if database.is_sqlite:
            await asyncio.sleep(0.1)  # it waits for the whole file
        else:
            await janitor  # it waits for nobody
        await db.commit()

    assert await janitor == 1


async def test_the_first_refusal_spares_the_buckets_behind_it(
    database: Database,
) -> None:
    store, one = SqlStore(database), Limit("one", 1, 60)
    attempts = [Attempt(TEN, "mine"), Attempt(one, "narrow"), Attempt(TEN, "theirs")]

    first = await store.take(attempts, NOW)
    second = await store.take(attempts, NOW)

    assert [verdict.allowed for verdict in first] == [True, True, True]
    assert [verdict.allowed for verdict in second] == [True, False]
    assert [verdict.remaining for verdict in second] == [8, 0]
    assert (await take(store, "theirs", TEN, NOW)).remaining == 8


async def test_several_attempts_are_given_back_together(database: Database) -> None:
    store, attempts = SqlStore(database), [Attempt(TEN, "a"), Attempt(TEN, "b")]
    await store.take(attempts, NOW)

    await store.give_back([*attempts, Attempt(TEN, "unknown")])

    taken = await store.take([*attempts, Attempt(TEN, "unknown")], NOW)
    assert [verdict.remaining for verdict in taken] == [9, 9, 9]


async def test_several_attempts_at_once_never_wait_for_each_other_in_a_ring(
    database: Database,
) -> None:
    wide = Limit("wide", 1_000, 60)
    attempts = [Attempt(wide, "address"), Attempt(TEN, "account")]
    async with opened(str_url(database)) as other:
        stores = SqlStore(database), SqlStore(other)

        async def guess(number: int) -> bool:
            store = stores[number % 2]
            verdicts = await store.take(attempts, NOW)
            if number % 3 == 0:
                await store.give_back(attempts[: len(verdicts)])
                await store.delete_full(NOW + timedelta(hours=1), 10)
            return verdicts[-1].allowed

        assert any(await asyncio.gather(*(guess(number) for number in range(60))))


async def test_without_a_database_nothing_is_allowed(
    database: Database,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = SqlStore(database)

    def cut() -> None:
        raise OSError("no route")

    monkeypatch.setattr(database.engine.sync_engine.pool, "connect", cut)
    with pytest.raises(DatabaseUnavailable):
        await take(store, "a", TEN, NOW)
    await give_back(store, "a", TEN)  # success stays success

    assert "could not be given back" in caplog.text
