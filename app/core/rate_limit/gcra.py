"""The generic cell rate algorithm (ITU-T I.371), in whole microseconds.

A bucket is one number, its *tat* (theoretical arrival time): the instant at which it
will be full again. An attempt moves the tat one interval into the future, and is
refused if that would put it further ahead than the whole period. A bucket whose tat is
past is as good as one that never was, so forgetting it loses nothing. Refused attempts
change nothing: hammering at a limit does not prolong it.

All stores use this arithmetic, in integers, so that they agree to the microsecond.
"""

import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``burst`` attempts at once, refilled evenly, ``burst`` per ``period``.

    In any stretch of time, however chosen, at most ``burst + elapsed / period * burst``
    attempts are allowed.

    Attributes:
        name: Names the limit in answers and scopes its buckets.
        burst: Attempts of a full bucket.
        period: Seconds in which an empty bucket becomes full.
        cost: Microseconds in which one attempt is refilled, rounded up.
        window: Microseconds in which all are; a multiple of the cost, so ``burst`` fit.
    """

    name: str
    burst: int
    period: float
    # Reckoned once: every attempt asks for them several times.
    cost: int = field(init=False, repr=False, compare=False)
    window: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what would never or always allow; reckon the rest.

        Raises:
            ValueError: The limit makes no sense; a process must not start with it.
        """
        if not _NAME.fullmatch(self.name):
            raise ValueError("a limit is named in lower case letters, digits and _")
        if self.burst < 1:
            raise ValueError(f"limit {self.name} would refuse everything")
        if not (0 < self.period < math.inf):
            raise ValueError(f"limit {self.name} needs a period in seconds")
        cost = max(1, math.ceil(self.period * _SECOND / self.burst))
        object.__setattr__(self, "cost", cost)
        object.__setattr__(self, "window", cost * self.burst)

    def moved(self, tat: int, now: int) -> int | None:
        """Return the bucket after one more attempt, or None if that is one too many."""
        return advance(self, tat, now)

    def returned(self, tat: int) -> int:
        """Return the bucket without one attempt."""
        return tat - self.cost

    def standing(self, tat: int, now: int, *, allowed: bool) -> "Standing":
        """Describe a bucket as it is after the decision."""
        ahead = max(0, tat - now)
        return Standing(
            remaining=max(0, self.window - ahead) // self.cost,
            wait=0 if allowed else max(0, ahead + self.cost - self.window),
            reset=ahead,
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a bucket stands; ``wait`` and ``reset`` are microseconds."""

    remaining: int
    wait: int
    reset: int


@cache
def widened(limit: Limit, times: int) -> Limit:
    """Return the limit of a group, such as a site, of so many that have one each."""
    return Limit(f"{limit.name}_wide", limit.burst * times, limit.period)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: the limit that it counts against, and whose it is."""

    limit: Limit
    key: str

    @property
    def bucket(self) -> str:
        """The name of the bucket: the same key never shares between limits."""
        return f"{self.limit.name}:{self.key}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one attempt.

    Attributes:
        allowed: Whether it may go on; only then was it counted.
        limit: The limit that was asked.
        tat: Where its bucket is now.
        now: When that was.
    """

    allowed: bool
    limit: Limit
    tat: int
    now: int

    @classmethod
    def at(cls, limit: Limit, tat: int, now: int, *, allowed: bool) -> "Verdict":
        """Describe a bucket as it is after the decision."""
        return cls(allowed, limit, tat, now)

    @property
    def standing(self) -> Standing:
        """Where the bucket stands; reckoned only for who asks."""
        return self.limit.standing(self.tat, self.now, allowed=self.allowed)

    @property
    def remaining(self) -> int:
        """Attempts that would be allowed right now."""
        return self.standing.remaining

    @property
    def retry_after(self) -> float:
        """Seconds until one is allowed again; 0 when this one was."""
        return self.standing.wait / _SECOND

    @property
    def reset_after(self) -> float:
        """Seconds until the bucket is full."""
        return self.standing.reset / _SECOND


def advance(limit: Limit, tat: int, now: int) -> int | None:
    """Return the tat after one more attempt, or None if that is one too many.

    A clock that was set back leaves buckets whose tat is too far ahead. They refuse
    until the clock has caught up: a limit fails closed, and ends by itself.
    """
    moved = max(tat, now) + limit.cost
    return moved if moved <= now + limit.window else None


def microseconds(instant: datetime) -> int:
    """Return an instant as microseconds since 1970, without rounding."""
    return (instant - _EPOCH) // _MICROSECOND
