"""The places to count in, for real: SQLite, PostgreSQL, Valkey, and what stands in."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis
from sqlalchemy import Table, select

from app.core.circuit_breaker import CircuitBreakers
from app.core.rate_limit import (
    FallbackStore,
    Limit,
    MemoryStore,
    RateLimitStore,
    StoreUnavailable,
    ValkeyStore,
)
from app.database import Database, DatabaseUnavailable
from app.models.rate_limit import RateLimit
from app.repositories.rate_limit import SqlStore
from tests.servers.postgres import PostgresServer, create_database, drop_database
from tests.servers.valkey import ValkeyServer

TEN = Limit("sign_in_account", 10, 600)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PATIENT = 10.0  # seconds: where the machine may be slow and the store is not the subject


class FakeClock:
    """Stands still until a test moves it; the breaker's clock here."""

    seconds = 0.0

    def now(self) -> datetime:
        """Return an instant that agrees with ``monotonic``."""
        return NOW + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """Return the seconds a test has set."""
        return self.seconds


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with PostgresServer.start(tmp_path_factory.mktemp("servers")) as server:
        yield server


@pytest.fixture(scope="module")
def shared_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """One for those tests that neither pause nor empty nor kill it."""
    with ValkeyServer.start(tmp_path_factory.mktemp("servers")) as server:
        yield server


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[ValkeyServer]:
    """One to maltreat."""
    with ValkeyServer.start(tmp_path) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'limits.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    await create_database(server.url(), "limits")
    yield server.url("limits")
    await drop_database(server.url(), "limits")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with opened(database_url) as database:
        table = RateLimit.__table__
        assert isinstance(table, Table)
        async with database.engine.begin() as connection:
            await connection.run_sync(table.create)
        yield database


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def breakers(clock: FakeClock) -> CircuitBreakers:
    return CircuitBreakers(clock)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def falling_back(
    server: ValkeyServer,
    breakers: CircuitBreakers,
    secondary: RateLimitStore | None = None,
    **options: float,
) -> AsyncIterator[FallbackStore]:
    """Count in Valkey, as one process does, and in ``secondary`` without it."""
    primary = ValkeyStore(server.url, breakers, **options)
    store = FallbackStore(primary, secondary or MemoryStore())
    try:
        yield store
    finally:
        await store.close()


async def allowed(store: RateLimitStore, key: str, tries: int) -> int:
    """Return how many of so many attempts, one after the other, are allowed."""
    return sum([(await store.take(key, TEN, NOW)).allowed for _ in range(tries)])


async def allowed_at_once(tries: int, *stores: RateLimitStore) -> int:
    """Return how many of so many attempts at once are allowed, over all stores."""
    takes = [
        stores[number % len(stores)].take("a", TEN, NOW) for number in range(tries)
    ]
    return sum(verdict.allowed for verdict in await asyncio.gather(*takes))


async def agrees_with_memory(store: RateLimitStore, seed: int) -> None:
    """Run one random schedule here and in memory; every verdict is the same."""
    chance, model, now = random.Random(seed), MemoryStore(), NOW
    limits = [TEN, Limit("mail", 3, 1000.0), Limit("one", 1, 700.1)]
    for _ in range(200):
        now += timedelta(microseconds=chance.choice([0, 0, 1, 10**7, 10**9]))
        key, limit = chance.choice("ab"), chance.choice(limits)
        if chance.random() < 0.2:
            await store.give_back(key, limit)
            await model.give_back(key, limit)
        assert await store.take(key, limit, now) == await model.take(key, limit, now)


# All stores alike


@pytest.mark.parametrize("seed", range(3))
async def test_sql_decides_as_memory_does(database: Database, seed: int) -> None:
    await agrees_with_memory(SqlStore(database), seed)


@pytest.mark.parametrize("seed", range(3))
async def test_valkey_decides_as_memory_does(
    valkey: ValkeyServer, breakers: CircuitBreakers, seed: int
) -> None:
    store = ValkeyStore(valkey.url, breakers, timeout=PATIENT)

    await agrees_with_memory(store, seed)

    await store.close()


async def test_the_fallback_decides_as_memory_does(
    valkey: ValkeyServer, breakers: CircuitBreakers
) -> None:
    async with falling_back(valkey, breakers, timeout=PATIENT) as store:
        await agrees_with_memory(store, seed=1)


async def test_t175_parallel_guesses_do_not_outrun_memory() -> None:
    assert await allowed_at_once(200, MemoryStore()) == 10


async def test_t175_parallel_guesses_do_not_outrun_sql(database: Database) -> None:
    async with opened(str_url(database)) as other:
        stores = SqlStore(database), SqlStore(other)

        assert await allowed_at_once(200, *stores) == 10


async def test_t175_parallel_guesses_do_not_outrun_valkey(
    valkey: ValkeyServer, breakers: CircuitBreakers
) -> None:
    stores = [ValkeyStore(valkey.url, breakers, timeout=PATIENT) for _ in range(2)]

    assert await allowed_at_once(200, *stores) == 10

    for store in stores:
        await store.close()


# SQL


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
    postgres: PostgresServer,
) -> None:
    """The janitor saw the bucket full and then waits for the row; SQLite never does."""


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


def str_url(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)
