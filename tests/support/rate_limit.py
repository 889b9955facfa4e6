"""What tests of the places to count in share."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from app.core.rate_limit import (
    Attempt,
    Backoff,
    Limit,
    MemoryStore,
    RateLimitStore,
    Verdict,
)
from app.database import Database

TEN = Limit("sign_in_account", 10, 600)
NOW = datetime(2026, 1, 1, 0, 0, 0, 1_234, tzinfo=UTC)  # within a tick


async def take(store: RateLimitStore, key: str, limit: Limit, now: datetime) -> Verdict:
    """Count one attempt."""
    [verdict] = await store.take([Attempt(limit, key)], now)
    return verdict


async def give_back(store: RateLimitStore, key: str, limit: Limit) -> None:
    """Return one attempt."""
    await store.give_back([Attempt(limit, key)])


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        await database.close()


async def allowed(store: RateLimitStore, key: str, tries: int) -> int:
    """Return how many of so many attempts, one after the other, are allowed."""
    return sum([(await take(store, key, TEN, NOW)).allowed for _ in range(tries)])


async def allowed_at_once(
    tries: int, *stores: RateLimitStore, limit: Limit = TEN
) -> int:
    """Return how many of so many attempts at once are allowed, over all stores."""
    takes = [
        take(stores[number % len(stores)], "a", limit, NOW) for number in range(tries)
    ]
    return sum(verdict.allowed for verdict in await asyncio.gather(*takes))


async def agrees_with_memory(store: RateLimitStore, seed: int) -> None:
    """Run one random schedule here and in memory; every verdict is the same."""
    limits = [TEN, Limit("mail", 3, 1000.0), Limit("one", 1, 700.1)]
    await take_and_return_as_memory_does(store, limits, random.Random(seed))


async def take_and_return_as_memory_does(
    store: RateLimitStore, limits: Sequence[Limit], chance: random.Random
) -> None:
    """Run one random schedule at these limits here and in memory."""
    model, now = MemoryStore(), NOW
    for _ in range(200):
        now += timedelta(microseconds=chance.choice([0, 0, 1, 10**6, 10**7, 10**9]))
        key, limit = chance.choice("ab"), chance.choice(limits)
        if chance.random() < 0.2:
            await give_back(store, key, limit)
            await give_back(model, key, limit)
        assert await take(store, key, limit, now) == await take(model, key, limit, now)


async def waits_as_memory_does(store: RateLimitStore) -> None:
    """Guess at the pace that is allowed, far beyond where 32 bits hold a wait."""
    limits = [Backoff("day", 2, 86_400), Backoff("password", 10, 1_200)]
    for limit in limits:
        model, now = MemoryStore(), NOW
        for _ in range(60):
            verdict = await take(model, "a", limit, now)
            assert await take(store, "a", limit, now) == verdict
            now += timedelta(seconds=verdict.retry_after)
