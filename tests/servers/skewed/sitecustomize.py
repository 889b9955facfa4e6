"""Sets the clock of a process wrong: on its path, and only there, this is imported."""

import os
from datetime import timedelta

from app.core import clock

_right = clock.SystemClock.now
_SKEW = timedelta(seconds=float(os.environ["TEST_CLOCK_SKEW"]))
clock.SystemClock.now = lambda self: _right(self) + _SKEW  # type: ignore[method-assign]
