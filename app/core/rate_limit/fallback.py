"""What stands in when the shared store does not answer or has forgotten."""

import logging
from datetime import datetime

from app.core.rate_limit.gcra import Limit, Verdict
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

    async def take(self, key: str, limit: Limit, now: datetime) -> Verdict:
        """Count one attempt."""
        local = await self._local.take(key, limit, now)
        if not local.allowed:
            return local
        verdict = await self._take_shared(key, limit, now)
        if not verdict.allowed:
            await self._local.give_back(key, limit)
            return verdict
        return min(local, verdict, key=lambda each: each.remaining)

    async def give_back(self, key: str, limit: Limit) -> None:
        """Return one attempt, to the store that is in use now.

        That is another than it was taken from only if the change came in between, and
        then what this process counts still holds.
        """
        await self._local.give_back(key, limit)
        if self._is_degraded:
            await self._secondary.give_back(key, limit)
            return
        try:
            await self._primary.give_back(key, limit)
        except StoreUnavailable:
            pass  # one attempt too few for an honest user; the next take falls back

    async def close(self) -> None:
        """Close both stores."""
        await self._primary.close()
        await self._secondary.close()

    async def _take_shared(self, key: str, limit: Limit, now: datetime) -> Verdict:
        try:
            verdict = await self._primary.take(key, limit, now)
        except StoreUnavailable as error:
            self._note(degraded=True, reason=error.hint)
            return await self._secondary.take(key, limit, now)
        self._note(degraded=False, reason="it answers again")
        return verdict

    def _note(self, *, degraded: bool, reason: str) -> None:
        if degraded == self._is_degraded:
            return
        self._is_degraded = degraded
        store = "secondary" if degraded else "primary"
        level = logging.WARNING if degraded else logging.INFO
        facts = {"store": store, "why": reason}
        logger.log(level, "attempts are counted in the %s store", store, extra=facts)
