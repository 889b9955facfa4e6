"""Buckets in Valkey (or Redis), shared by all processes."""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app.core.circuit_breaker import CircuitBreakers, CircuitOpen
from app.core.rate_limit.backoff import FIRST, Backoff
from app.core.rate_limit.gcra import Attempt, Verdict, microseconds
from app.core.rate_limit.store import StoreUnavailable

DESTINATION = "valkey"
TIMEOUT = 0.025  # seconds; two limits and their refunds make 100 ms, once
_PREFIX = "auth-serve:limit:"
_FAILURES = (RedisError, OSError, TimeoutError)

# Lua counts in doubles, which hold microseconds exactly until the year 2255. A bucket
# outlives its use by a minute, in case that the clock there runs ahead of ours.
_TAKE = """
local now, cost, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local tat = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
if tat + cost > now + window then return {0, tat} end
tat = tat + cost
local keep = math.ceil((tat - now) / 1000) + 60000
redis.call('SET', KEYS[1], string.format('%.0f', tat), 'PX', keep)
return {1, tat}
"""
_GIVE_BACK = """
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('DECRBY', KEYS[1], ARGV[1]) end
"""


# The same for ``Backoff``: the last twelve bits are how many attempts are remembered.
_TAKE_PACED = """
local now, cost = tonumber(ARGV[1]), tonumber(ARGV[2])
local burst, first = tonumber(ARGV[3]), tonumber(ARGV[4])
local tat = tonumber(redis.call('GET', KEYS[1]) or 0)
local level = tat % 4096
local forgotten = tat - level
local due = forgotten - level * cost
if forgotten <= now then level = 0
elseif due <= now then level = level - math.floor((now - due) / cost)
elseif level >= burst then return {0, tat} end
level = math.min(level + 1, 4095)
local wait = 0
if level >= burst then wait = math.min(cost, first * 2 ^ (level - burst)) end
tat = math.max(math.floor(now / 4096) * 4096, due) + wait + level * cost + level
local keep = math.ceil((tat - now) / 1000) + 60000
redis.call('SET', KEYS[1], string.format('%.0f', tat), 'PX', keep)
return {1, tat}
"""
_GIVE_BACK_PACED = """
local cost, burst, first = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local level = tonumber(redis.call('GET', KEYS[1]) or 0) % 4096
if level == 0 then return end
local wait = 0
if level >= burst then wait = math.min(cost, first * 2 ^ (level - burst)) end
redis.call('DECRBY', KEYS[1], string.format('%.0f', wait + cost + 1))
"""


class ValkeyStore:
    """One script each way, with little patience.

    Run it with ``maxmemory-policy noeviction``: a full server then fails, which is
    noticed, instead of forgetting, which is not.
    """

    def __init__(
        self, url: str, breakers: CircuitBreakers, *, timeout: float = TIMEOUT
    ) -> None:
        """Prepare a pool; the first use connects.

        Args:
            url: ``redis://`` or ``rediss://``, credentials and database included.
            breakers: One of them, ``valkey``, is used here.
            timeout: Seconds for one step, connecting included.
        """
        self._breakers = breakers
        self._timeout = timeout
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=20,
            timeout=timeout,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
            protocol=2,  # no greeting before the first command
            driver_info=None,
        )
        self._client = Redis.from_pool(pool)

    async def take(self, attempts: Sequence[Attempt], now: datetime) -> list[Verdict]:
        """Count attempts; each is a step of its own, for keys may live apart.

        Raises:
            StoreUnavailable: No answer in time, or none was asked for.
        """
        instant, verdicts = microseconds(now), []
        for attempt in attempts:
            limit = attempt.limit
            if isinstance(limit, Backoff):
                script = _TAKE_PACED
                numbers = [instant, limit.cost, limit.burst, FIRST]
            else:
                script, numbers = _TAKE, [instant, limit.cost, limit.window]
            allowed, tat = await self._run(script, attempt.bucket, *numbers)
            verdict = Verdict.at(limit, int(tat), instant, allowed=allowed == 1)
            verdicts.append(verdict)
            if not verdict.allowed:
                break
        return verdicts

    async def give_back(self, attempts: Sequence[Attempt]) -> None:
        """Return one attempt each.

        Raises:
            StoreUnavailable: No answer in time, or none was asked for.
        """
        for attempt in attempts:
            limit = attempt.limit
            if isinstance(limit, Backoff):
                numbers = limit.cost, limit.burst, FIRST
                await self._run(_GIVE_BACK_PACED, attempt.bucket, *numbers)
            else:
                await self._run(_GIVE_BACK, attempt.bucket, limit.cost)

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose(close_connection_pool=True)

    async def _run(self, script: str, bucket: str, *arguments: int) -> Any:
        breaker = self._breakers.get(
            DESTINATION, expected=_FAILURES, failure_threshold=3, recovery_timeout=2.0
        )
        try:
            return await breaker.call(self._eval, script, bucket, *arguments)
        except (*_FAILURES, CircuitOpen) as error:
            raise StoreUnavailable(f"valkey: {type(error).__name__}") from error

    async def _eval(self, script: str, bucket: str, *arguments: int) -> Any:
        # The whole script each time and not its digest: a restarted server knows no
        # digests, and the second round trip would come when time is shortest.
        running: Awaitable[Any] = self._client.eval(
            script, 1, _PREFIX + bucket, *arguments
        )
        async with asyncio.timeout(self._timeout):
            return await running
