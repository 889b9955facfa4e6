"""What stands in when the shared store does not answer or has forgotten."""

import logging
from collections.abc import Sequence
from datetime import datetime

from app.core.rate_limit.gcra import Attempt, Verdict
from app.core.rate_limit.memory import MemoryStore
from app.core.rate_limit.store import RateLimitStore, StoreUnavailable

logger = logging.getLogger("auth_serve.rate_limit")


class FallbackStore:
    """Counts in the primary store, or else in the secondary; never in none.

    Every attempt is counted in this process as well, and the stricter of the two
    decides. So a primary that was emptied, or the change from one store to the other,
    gives nobody who is at a limit here a new allowance; elsewhere, at most one.
    """

    def __init__(
        self,
        primary: RateLimitStore,
        secondary: RateLimitStore,
        local: MemoryStore | None = None,
    ) -> None:
        """Begin with the primary store.

        Args:
            primary: Fast, and may raise :class:`StoreUnavailable`.
            secondary: Slower and sure: when it fails, the request fails.
            local: What this process remembers by itself.
        """
        self._primary = primary
        self._secondary = secondary
        self._local = local or MemoryStore()
        self._is_degraded = False

    async def take(self, attempts: Sequence[Attempt], now: datetime) -> list[Verdict]:
        """Count attempts one after the other, here and in the shared store.

        Not all here and then all there: whoever is refused there at the first would,
        for that moment, hold what belongs to others here.
        """
        verdicts: list[Verdict] = []
        for attempt in attempts:
            verdicts.append(await self._take(attempt, now))
            if not verdicts[-1].allowed:
                break
        return verdicts

    async def _take(self, attempt: Attempt, now: datetime) -> Verdict:
        [local] = await self._local.take([attempt], now)
        if not local.allowed:
            return local
        [shared] = await self._take_shared([attempt], now)
        if not shared.allowed:
            await self._local.give_back([attempt])
            return shared
        return min(local, shared, key=lambda each: each.remaining)

    async def give_back(self, attempts: Sequence[Attempt]) -> None:
        """Return attempts, to the store that is in use now.

        That is another than they were taken from only if the change came in between,
        and then what this process counts still holds.
        """
        await self._local.give_back(attempts)
        if self._is_degraded:
            await self._secondary.give_back(attempts)
            return
        try:
            await self._primary.give_back(attempts)
        except StoreUnavailable:
            pass  # one attempt too few for an honest user; the next take falls back

    async def close(self) -> None:
        """Close both stores."""
        await self._primary.close()
        await self._secondary.close()

    async def _take_shared(
        self, attempts: Sequence[Attempt], now: datetime
    ) -> list[Verdict]:
        try:
            verdicts = await self._primary.take(attempts, now)
        except StoreUnavailable as error:
            self._note(degraded=True, reason=error.hint)
            return await self._secondary.take(attempts, now)
        self._note(degraded=False, reason="it answers again")
        return verdicts

    def _note(self, *, degraded: bool, reason: str) -> None:
        if degraded == self._is_degraded:
            return
        self._is_degraded = degraded
        store = "secondary" if degraded else "primary"
        level = logging.WARNING if degraded else logging.INFO
        facts = {"store": store, "why": reason}
        logger.log(level, "attempts are counted in the %s store", store, extra=facts)
