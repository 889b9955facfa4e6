"""Counting in a real Valkey, and what stands in while it is away or has forgotten."""

import logging
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from app.core.circuit_breaker import CircuitBreakers
from app.core.rate_limit import (
    Backoff,
    FallbackStore,
    MemoryStore,
    RateLimitStore,
    StoreUnavailable,
)
from app.core.rate_limit.valkey import ValkeyStore
from app.repositories.statements.rate_limit import SqlStore
from tests.servers.valkey import ValkeyServer
from tests.support.chance import FakeClock
from tests.support.rate_limit import (
    NOW,
    TEN,
    agrees_with_memory,
    allowed,
    allowed_at_once,
    give_back,
    opened,
    take,
    take_and_return_as_memory_does,
    waits_as_memory_does,
)

DOUBLING = [Backoff("ten", 10, 1_200), Backoff("two", 2, 50), Backoff("one", 1, 4.5)]
PATIENT = 10.0  # seconds: the machine may be slow, and patience is not the subject
PROMPT = 0.5  # seconds: where it is; each fault is waited out three times


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[ValkeyServer]:
    """One to maltreat."""
    with ValkeyServer.start(tmp_path) as server:
        yield server


@pytest.fixture
def breakers(clock: FakeClock) -> CircuitBreakers:
    return CircuitBreakers(clock)


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
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        yield store


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


@pytest.mark.parametrize("seed", range(3))
async def test_valkey_decides_as_memory_does(
    valkey: ValkeyServer, breakers: CircuitBreakers, seed: int
) -> None:
    store = ValkeyStore(valkey.url, breakers, timeout=PATIENT)

    await agrees_with_memory(store, seed)

    await store.close()


@pytest.mark.parametrize("seed", range(2))
async def test_valkey_doubles_waits_as_memory_does(
    valkey: ValkeyServer, breakers: CircuitBreakers, seed: int
) -> None:
    store = ValkeyStore(valkey.url, breakers, timeout=PATIENT)

    await waits_as_memory_does(store)
    await take_and_return_as_memory_does(store, DOUBLING, random.Random(seed))

    await store.close()


async def test_the_fallback_decides_as_memory_does(
    valkey: ValkeyServer, breakers: CircuitBreakers
) -> None:
    async with falling_back(valkey, breakers, timeout=PATIENT) as store:
        await agrees_with_memory(store, seed=1)


async def test_t175_parallel_guesses_do_not_outrun_valkey(
    valkey: ValkeyServer, breakers: CircuitBreakers
) -> None:
    stores = [ValkeyStore(valkey.url, breakers, timeout=PATIENT) for _ in range(2)]

    assert await allowed_at_once(200, *stores) == 10

    for store in stores:
        await store.close()


async def test_t175_parallel_guesses_do_not_outrun_valkeys_waits(
    valkey: ValkeyServer, breakers: CircuitBreakers
) -> None:
    stores = [ValkeyStore(valkey.url, breakers, timeout=PATIENT) for _ in range(2)]

    assert await allowed_at_once(200, *stores, limit=DOUBLING[0]) == 10

    for store in stores:
        await store.close()


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
    await give_back(store, "a", TEN)
    await give_back(store, "unknown", TEN)
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
        clock.advance(seconds=2)
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

        assert (await take(store, "a", TEN, NOW)).remaining == 4


async def test_what_valkey_refused_is_not_counted_here(
    valkey: ValkeyServer, breakers: CircuitBreakers
) -> None:
    async with (
        falling_back(valkey, breakers, timeout=PATIENT) as one,
        falling_back(valkey, breakers, timeout=PATIENT) as other,
    ):
        await allowed(other, "a", 10)
        await allowed(one, "a", 20)

        await give_back(other, "a", TEN)

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
    database_url: str,
    valkey: ValkeyServer,
    breakers: CircuitBreakers,
    clock: FakeClock,
    fault: str,
) -> None:
    getattr(valkey, fault)()

    async with (
        opened(database_url) as db,
        falling_back(valkey, breakers, SqlStore(db)) as one,
        falling_back(valkey, CircuitBreakers(clock), SqlStore(db)) as other,
    ):
        assert await allowed_at_once(200, one, other) == 10


@pytest.mark.parametrize("fault", [None, "pause"])
async def test_an_attempt_given_back_can_be_used_again(
    valkey: ValkeyServer, breakers: CircuitBreakers, fault: str | None
) -> None:
    timeout = PATIENT if fault is None else PROMPT
    async with falling_back(valkey, breakers, timeout=timeout) as store:
        if fault is not None:
            getattr(valkey, fault)()
        await allowed(store, "a", 10)
        await give_back(store, "a", TEN)

        assert await allowed(store, "a", 20) == 1


async def test_a_refund_that_fails_costs_an_attempt_and_no_error(
    valkey: ValkeyServer, breakers: CircuitBreakers
) -> None:
    async with falling_back(valkey, breakers) as store:
        await allowed(store, "a", 10)
        valkey.kill()
        await give_back(store, "a", TEN)


async def test_valkey_alone_refuses_to_guess(
    valkey: ValkeyServer, breakers: CircuitBreakers
) -> None:
    valkey.kill()
    store = ValkeyStore(valkey.url, breakers)

    for _ in range(5):  # failing first, then not asked any more
        with pytest.raises(StoreUnavailable):
            await take(store, "a", TEN, NOW)

    await store.close()
