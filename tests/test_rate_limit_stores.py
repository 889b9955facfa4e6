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
from sqlalchemy import Table, select, text, update

from app.core.circuit_breaker import CircuitBreakers
from app.core.rate_limit import (
    FallbackStore,
    Limit,
    MemoryStore,
    RateLimitStore,
    StoreUnavailable,
    ValkeyStore,
)
from app.core.rate_limit.gcra import microseconds
from app.database import Database, DatabaseUnavailable
from app.models.rate_limit import RateLimit
from app.repositories.rate_limit import SqlStore
from tests.servers.postgres import PostgresServer, create_database, drop_database
from tests.servers.valkey import ValkeyServer

TEN = Limit("sign_in_account", 10, 600)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PATIENT = 10.0  # seconds: the machine may be slow, and patience is not the subject
PROMPT = 0.5  # seconds: where it is; each fault is waited out three times


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


def str_url(database: Database) -> str:
    """Return the address of a database, for a second process."""
    return database.engine.url.render_as_string(hide_password=False)


@asynccontextmanager
async def falling_back(
    server: ValkeyServer,
    breakers: CircuitBreakers,
    secondary: RateLimitStore | None = None,
    timeout: float = PROMPT,
) -> AsyncIterator[FallbackStore]:
    """Count in Valkey, as one process does, and in ``secondary`` without it."""
    primary = ValkeyStore(server.url, breakers, timeout=timeout)
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


# Valkey, and what stands in


async def test_processes_share_what_valkey_counts(
    valkey: ValkeyServer, breakers: CircuitBreakers
) -> None:
    async with (
        falling_back(valkey, breakers, timeout=PATIENT) as one,
        falling_back(valkey, breakers, timeout=PATIENT) as other,
    ):
        assert await allowed(one, "a", 7) == 7
        assert await allowed(other, "a", 7) == 3
        assert await allowed(one, "a", 7) == 0


async def test_valkey_keeps_a_bucket_until_it_is_full_and_a_minute_more(
    valkey: ValkeyServer, breakers: CircuitBreakers
) -> None:
    store = ValkeyStore(valkey.url, breakers, timeout=PATIENT)
    await allowed(store, "a", 10)
    await store.give_back("a", TEN)
    await store.give_back("unknown", TEN)
    await store.close()

    async with Redis.from_url(valkey.url) as client:
        assert await client.keys() == [b"auth-serve:limit:sign_in_account:a"]
        left = await client.ttl("auth-serve:limit:sign_in_account:a")
    assert 600 < left <= 660


@pytest.mark.parametrize("fault", ["pause", "kill"])
async def test_without_valkey_limits_hold_and_the_log_says_so_once(
    valkey: ValkeyServer,
    breakers: CircuitBreakers,
    caplog: pytest.LogCaptureFixture,
    fault: str,
) -> None:
    async with falling_back(valkey, breakers) as store:
        before = await allowed(store, "a", 4)
        getattr(valkey, fault)()
        after = await allowed(store, "a", 20)

    assert (before, after) == (4, 6)
    assert breakers.states() == {"valkey": "open"}
    assert told(caplog) == ["attempts are counted in the secondary store"]


async def test_valkey_is_used_again_when_it_answers_again(
    valkey: ValkeyServer,
    breakers: CircuitBreakers,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="auth_serve.rate_limit")
    async with falling_back(valkey, breakers) as store:
        valkey.pause()
        await allowed(store, "a", 5)
        valkey.resume()
        clock.seconds += 2
        await until_answering(valkey)

        # Each key asks something else: an answer to a question that was given up, and
        # taken for the answer to the next one, would show.
        counts = [await allowed(store, f"key {tries}", tries) for tries in range(12)]

    assert counts == [*range(11), 10]
    assert breakers.states() == {"valkey": "closed"}
    assert told(caplog) == [
        "attempts are counted in the secondary store",
        "attempts are counted in the primary store",
    ]


async def test_connections_that_were_cut_are_replaced(
    valkey: ValkeyServer, breakers: CircuitBreakers
) -> None:
    store = ValkeyStore(valkey.url, breakers, timeout=PATIENT)
    await allowed(store, "a", 3)
    async with Redis.from_url(valkey.url) as client:
        await client.client_kill_filter(_type="normal", skipme=True)

    assert await allowed(store, "a", 20) == 7

    await store.close()


async def test_t173_an_emptied_valkey_frees_nobody(
    valkey: ValkeyServer, breakers: CircuitBreakers
) -> None:
    async with falling_back(valkey, breakers, timeout=PATIENT) as store:
        await allowed(store, "a", 10)
        async with Redis.from_url(valkey.url) as client:
            await client.flushall()

        assert await allowed(store, "a", 20) == 0
        assert await allowed(store, "b", 20) == 10


async def test_the_stricter_of_both_memories_is_what_is_shown(
    valkey: ValkeyServer, breakers: CircuitBreakers
) -> None:
    async with falling_back(valkey, breakers, timeout=PATIENT) as store:
        await allowed(store, "a", 5)
        async with Redis.from_url(valkey.url) as client:
            await client.flushall()

        assert (await store.take("a", TEN, NOW)).remaining == 4


async def test_what_valkey_refused_is_not_counted_here(
    valkey: ValkeyServer, breakers: CircuitBreakers
) -> None:
    async with (
        falling_back(valkey, breakers, timeout=PATIENT) as one,
        falling_back(valkey, breakers, timeout=PATIENT) as other,
    ):
        await allowed(other, "a", 10)
        await allowed(one, "a", 20)

        await other.give_back("a", TEN)

        assert await allowed(one, "a", 1) == 1


async def test_t173_a_full_valkey_is_noticed(
    valkey: ValkeyServer, breakers: CircuitBreakers, caplog: pytest.LogCaptureFixture
) -> None:
    async with Redis.from_url(valkey.url) as client:
        await client.config_set("maxmemory", "1")

    async with falling_back(valkey, breakers, timeout=PATIENT) as store:
        assert await allowed(store, "a", 20) == 10

    assert told(caplog) == ["attempts are counted in the secondary store"]


@pytest.mark.parametrize("fault", ["pause", "kill"])
async def test_f42_parallel_guesses_without_valkey_are_counted_in_sql(
    database: Database,
    valkey: ValkeyServer,
    breakers: CircuitBreakers,
    clock: FakeClock,
    fault: str,
) -> None:
    getattr(valkey, fault)()

    async with (
        falling_back(valkey, breakers, SqlStore(database)) as one,
        falling_back(valkey, CircuitBreakers(clock), SqlStore(database)) as other,
    ):
        assert await allowed_at_once(200, one, other) == 10


@pytest.mark.parametrize("fault", [None, "pause"])
async def test_an_attempt_given_back_can_be_used_again(
    valkey: ValkeyServer, breakers: CircuitBreakers, fault: str | None
) -> None:
    async with falling_back(valkey, breakers) as store:
        if fault is not None:
            getattr(valkey, fault)()
        await allowed(store, "a", 10)
        await store.give_back("a", TEN)

        assert await allowed(store, "a", 20) == 1


async def test_a_refund_that_fails_costs_an_attempt_and_no_error(
    valkey: ValkeyServer, breakers: CircuitBreakers
) -> None:
    async with falling_back(valkey, breakers) as store:
        await allowed(store, "a", 10)
        valkey.kill()
        await store.give_back("a", TEN)


async def test_valkey_alone_refuses_to_guess(
    valkey: ValkeyServer, breakers: CircuitBreakers
) -> None:
    valkey.kill()
    store = ValkeyStore(valkey.url, breakers)

    for _ in range(5):  # failing first, then not asked any more
        with pytest.raises(StoreUnavailable):
            await store.take("a", TEN, NOW)

    await store.close()


async def until_answering(valkey: ValkeyServer) -> None:
    """Return once a paused server has come back to itself."""
    async with Redis.from_url(valkey.url) as client:
        await client.ping()


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what the limiter has logged."""
    return [
        record.message
        for record in caplog.records
        if record.name == "auth_serve.rate_limit"
    ]
