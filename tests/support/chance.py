"""Time for tests; chance stays real."""

import time
from datetime import UTC, datetime, timedelta


class FakeClock:
    """A clock that stands still until a test moves it.

    Attributes:
        tick: How far each reading moves it, for tests of what a standing clock hides.
    """

    def __init__(self) -> None:
        """Start at the present whole second."""
        self._now = datetime.fromtimestamp(int(time.time()), UTC)
        self._monotonic = 1_000.0
        self.tick = timedelta(0)

    def now(self) -> datetime:
        """Return the instant that the test set."""
        self._now += self.tick
        return self._now

    def monotonic(self) -> float:
        """Return seconds that move with the instant."""
        return self._monotonic

    def advance(self, **span: float) -> None:
        """Let time pass, in the words of ``timedelta``."""
        step = timedelta(**span)
        self._now += step
        self._monotonic += step.total_seconds()
