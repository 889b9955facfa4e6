"""Buckets of this process alone."""

import heapq
from collections.abc import Sequence
from datetime import datetime

from app.core.rate_limit.gcra import Attempt, Verdict, microseconds


class MemoryStore:
    """At most ``capacity`` buckets; those with the least to remember go first.

    Full buckets are forgotten at no loss, then the one nearest to full. A flood of
    strange keys therefore forgets its own attempts, each new and nearly full, long
    before it reaches a bucket that somebody has emptied (CVE-2024-21652).
    """

    def __init__(self, capacity: int = 100_000) -> None:
        """Start with every bucket full."""
        self._capacity = capacity
        self._tats: dict[str, int] = {}
        # One entry for each bucket, with a tat that it once had: see _make_room.
        self._queue: list[tuple[int, str]] = []

    def __len__(self) -> int:
        """Return how many buckets are remembered."""
        return len(self._tats)

    async def take(self, attempts: Sequence[Attempt], now: datetime) -> list[Verdict]:
        """Count attempts; nothing is awaited, so it is one step."""
        verdicts: list[Verdict] = []
        for attempt in attempts:
            verdicts.append(self._take(attempt, microseconds(now)))
            if not verdicts[-1].allowed:
                break
        return verdicts

    def _take(self, attempt: Attempt, instant: int) -> Verdict:
        bucket, limit = attempt.bucket, attempt.limit
        tat = self._tats.get(bucket, instant)
        moved = limit.moved(tat, instant)
        if moved is None:
            return Verdict.at(limit, tat, instant, allowed=False)
        if bucket not in self._tats:
            self._make_room()
            heapq.heappush(self._queue, (moved, bucket))
        self._tats[bucket] = moved
        return Verdict.at(limit, moved, instant, allowed=True)

    async def give_back(self, attempts: Sequence[Attempt]) -> None:
        """Return one attempt each."""
        for attempt in attempts:
            if (tat := self._tats.get(attempt.bucket)) is not None:
                self._tats[attempt.bucket] = attempt.limit.returned(tat)

    async def close(self) -> None:
        """Do nothing: there is nothing to give back."""

    def _make_room(self) -> None:
        """Forget the bucket with the lowest tat, if there is no room for another.

        Entries of the queue are brought up to date only when they come first, which
        each attempt pays for at most once.
        """
        while len(self._tats) >= self._capacity:
            tat, bucket = self._queue[0]
            actual = self._tats[bucket]
            if actual > tat:
                heapq.heapreplace(self._queue, (actual, bucket))
            else:
                heapq.heappop(self._queue)
                del self._tats[bucket]
