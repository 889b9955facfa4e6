"""Waits that double: for what is guessed at, where an even refill feeds a guesser.

The first attempts are free; each one after them makes the next wait twice as long, from
a minute to the longest wait. In every longest wait without an attempt one is forgotten.
So in any time ``t`` at most ``burst + log2(longest / 60) + 2 + t / longest`` are
allowed, however they are spread.

A bucket is still one number, the instant at which all is forgotten, so that whatever
stores, forgets and cleans buckets need not know the kind. Its last twelve bits, four
milliseconds, say how many attempts are remembered.
"""

import math
from dataclasses import dataclass

from app.core.rate_limit.gcra import Limit, Standing

LEVELS = 4_096  # also the microseconds of a tick
FIRST = 14_648 * LEVELS  # the first wait: the last whole tick within a minute
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Backoff(Limit):
    """``burst`` attempts at once, then waits that double up to ``period`` seconds.

    ``cost`` is the longest wait, and that in which one attempt is forgotten.
    """

    def __post_init__(self) -> None:
        """Reckon in whole ticks.

        Raises:
            ValueError: The limit makes no sense; a process must not start with it.
        """
        Limit.__post_init__(self)
        longest = math.ceil(self.period * _SECOND / LEVELS) * LEVELS
        object.__setattr__(self, "cost", longest)
        object.__setattr__(self, "window", longest)

    @property
    def opening(self) -> int:
        """What the first attempt puts into a bucket, beyond the present tick."""
        return self._wait_at(1) + self.cost + 1

    def moved(self, tat: int, now: int) -> int | None:
        """Return the bucket after one more attempt, or None if it has to wait."""
        level, due = self._read(tat, now)
        if due > now and level >= self.burst:
            return None
        # Of processes whose clocks differ, one is behind: what is free stays free.
        begin = max(now, due) // LEVELS * LEVELS
        level = min(level + 1, LEVELS - 1)
        return begin + self._wait_at(level) + level * self.cost + level

    def returned(self, tat: int) -> int:
        """Return the bucket without its last attempt and the wait that it made."""
        level = tat % LEVELS
        return tat - self._wait_at(level) - self.cost - 1 if level else tat

    def standing(self, tat: int, now: int, *, allowed: bool) -> Standing:
        """Describe a bucket as it is after the decision."""
        level, due = self._read(tat, now)
        wait = max(0, due - now) if level >= self.burst else 0
        return Standing(
            remaining=0 if wait else max(0, self.burst - level),
            wait=0 if allowed else wait,
            reset=max(0, tat - tat % LEVELS - now),
        )

    def _read(self, tat: int, now: int) -> tuple[int, int]:
        """Return how many attempts are remembered, and when the next one is due."""
        level = tat % LEVELS
        forgotten = tat - level
        if forgotten <= now:
            return 0, now
        due = forgotten - level * self.cost
        return level - max(0, now - due) // self.cost, due

    def _wait_at(self, level: int) -> int:
        if level < self.burst:
            return 0
        return min(self.cost, FIRST << min(level - self.burst, 30))
