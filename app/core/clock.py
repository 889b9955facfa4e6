"""The one place that reads the time, so that tests can set it."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

# Counts on while a machine is suspended, where the system has such a clock.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_DRIFT = 0.001  # seconds a second; clocks that are kept in step drift half of it


class Clock(Protocol):
    """Where instants come from."""

    def now(self) -> datetime:
        """Return the present instant, aware and in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards, from an arbitrary start."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the present instant, aware and in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never run backwards, from an arbitrary start."""
        return time.clock_gettime(_STEADY)


@dataclass(frozen=True, slots=True)
class _Anchor:
    """What the database's clock said, when, and how far it may be from the truth."""

    instant: datetime
    at: float
    error: float

    def now(self, monotonic: float) -> datetime:
        return self.instant + timedelta(seconds=monotonic - self.at)


class SharedClock:
    """The time of the database, which all replicas ask, carried on by this machine.

    A question is answered some time between sending it and reading the answer, so what
    is known is known to half of that time. In between only steady seconds count: when
    this machine's clock is set, nothing here moves (ADR-0021). Until it was asked for
    the first time, and on SQLite, whose clock is this machine's, it is the local clock.
    """

    def __init__(self, local: Clock | None = None) -> None:
        """Begin with the local clock."""
        self._local = local or SystemClock()
        self._anchor: _Anchor | None = None
        self.told_skew = 0.0  # what the log was told of last

    def now(self) -> datetime:
        """Return the present instant, aware and in UTC."""
        if self._anchor is None:
            return self._local.now()
        return self._anchor.now(self._local.monotonic())

    def monotonic(self) -> float:
        """Return seconds that never run backwards, from an arbitrary start."""
        return self._local.monotonic()

    @property
    def skew(self) -> float:
        """Seconds by which this machine's clock is ahead of the shared one."""
        return (self._local.now() - self.now()).total_seconds()

    def learn(self, told: datetime, *, sent: float, answered: float) -> None:
        """Go by what the database said, if that is news.

        An answer that took long and agrees with what is known says less than it.

        Args:
            told: The instant that it named.
            sent: When it was asked, as ``monotonic`` has it.
            answered: When the answer was there.
        """
        error = (answered - sent) / 2
        found = _Anchor(told, sent + error, error)
        known = self._anchor
        if known is not None:
            differs = abs((known.now(found.at) - told).total_seconds())
            if (
                differs <= error
                and known.error + (found.at - known.at) * _DRIFT < error
            ):
                return
        self._anchor = found
