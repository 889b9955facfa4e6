"""Waits that double: the arithmetic, and that every store does the same."""

import random
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.rate_limit import Backoff, Limit, MemoryStore
from app.core.rate_limit.backoff import LEVELS
from app.database import Database
from app.repositories.statements.rate_limit import SqlStore
from tests.support.rate_limit import (
    NOW,
    allowed_at_once,
    opened,
    take,
    take_and_return_as_memory_does,
    waits_as_memory_does,
)

TEN = Backoff("sign_in_account", 10, 1_200)
MINUTE, DAY = 60 * 10**6, 86_400 * 10**6


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with opened(database_url) as database:
        yield database


async def test_the_first_are_free_and_then_each_wait_is_twice_as_long() -> None:
    store, now, waits = MemoryStore(), NOW, list[float]()

    for _ in range(10):
        assert (await take(store, "a", TEN, now)).allowed
    for _ in range(9):
        refused = await take(store, "a", TEN, now)
        assert not refused.allowed and refused.remaining == 0
        waits.append(refused.retry_after)
        now += timedelta(seconds=waits[-1])
        assert (await take(store, "a", TEN, now)).allowed

    assert [round(wait) for wait in waits] == [60, 120, 240, 480, 960, *[1_200] * 4]


@settings(max_examples=60, deadline=None)
@given(
    burst=st.integers(1, 12),
    longest=st.integers(1, 2_000),
    steps=st.lists(st.floats(0, 3), min_size=40, max_size=120),
)
def test_no_pace_is_allowed_more_than_the_stated_bound(
    burst: int, longest: int, steps: list[float]
) -> None:
    limit, now, tat, taken = Backoff("any", burst, longest), 10**15, 0, 0
    begun = now

    for step in steps:
        now += int(step * limit.cost)
        while (moved := limit.moved(tat, now)) is not None:
            tat, taken = moved, taken + 1

        doublings = 2 + max(0, longest // 60).bit_length()  # and a tick each
        assert taken <= burst + doublings + (now - begun) / limit.cost


def test_a_day_of_the_cleverest_guesser_is_fewer_than_a_hundred() -> None:
    """NIST SP 800-63B-4 section 3.2.2: no more than 100 failures in a row."""
    now, tat, taken = 10**15, 0, 0
    for _ in range(1_440):
        while (moved := TEN.moved(tat, now)) is not None:
            tat, taken = moved, taken + 1
        now += MINUTE

    assert 80 < taken < 100


def test_a_quiet_time_forgets_and_a_clock_set_back_does_not() -> None:
    tat, now = 0, 10**15
    for _ in range(10):
        tat = TEN.moved(tat, now) or tat

    assert TEN.moved(tat, now) is None and TEN.moved(tat, now - MINUTE) is None
    later = TEN.moved(tat, now + 11 * TEN.cost)
    assert later is not None and later % LEVELS == 1


def test_what_is_given_back_is_as_never_taken() -> None:
    now, tat = 10**15, 0
    for _ in range(9):
        tat = TEN.moved(tat, now) or tat
    tenth = TEN.moved(tat, now)

    assert tenth is not None and TEN.returned(tenth) == tat
    assert TEN.returned(0) == 0


async def test_what_is_free_stays_free_for_whose_clock_is_behind(
    database: Database,
) -> None:
    early = NOW - timedelta(milliseconds=9)
    for store in (MemoryStore(), SqlStore(database)):
        for number in range(10):
            now = early if number % 2 else NOW
            assert (await take(store, "a", TEN, now)).allowed
        assert not (await take(store, "a", TEN, NOW)).allowed


def test_so_many_that_none_is_refused() -> None:
    endless, tat, now = Backoff("any", 100_000, 60), 0, 10**15

    for _ in range(10_000):
        moved = endless.moved(tat, now)
        assert moved is not None
        tat = moved


@pytest.mark.parametrize("seed", range(2))
async def test_sql_decides_as_memory_does(database: Database, seed: int) -> None:
    limits = [
        TEN,
        Backoff("two", 2, 50),
        Backoff("one", 1, 4.5),
        Limit("even", 3, 1_000),
    ]
    await take_and_return_as_memory_does(
        SqlStore(database), limits, random.Random(seed)
    )


async def test_sql_doubles_a_wait_as_often_as_memory_does(
    database: Database,
) -> None:
    await waits_as_memory_does(SqlStore(database))


async def test_t175_parallel_guesses_do_not_outrun_sql(database: Database) -> None:
    url = database.engine.url.render_as_string(hide_password=False)
    async with opened(url) as other:
        stores = SqlStore(database), SqlStore(other)

        assert await allowed_at_once(60, *stores, limit=TEN) == 10
