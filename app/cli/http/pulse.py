"""Whether the process stood still a moment ago, as on a machine that was frozen.

What was sent to it meanwhile lies in the kernel, and nothing tells how old it is. Who
sent it may have given up long ago, had it done by another process, and gone on: done
now, an old name would replace a new one, and an old refresh token would look like a
stolen one and end the session. What tells is the end of the connection, which lies
behind the request: it has only to be read first.
"""

import math

STALL = 2.0  # seconds without a beat; on a crowded machine a tenth of it may be missed
DOUBT = 1.0  # seconds after it in which requests of before may still be read
MOMENT = 0.1  # seconds in which the end of a connection is read


class Pulse:
    """Beats all the time, but while the process stands still."""

    def __init__(self) -> None:
        """Begin before the first beat."""
        self._last = math.inf
        self._doubtful_until = -math.inf

    def beat(self, now: float) -> None:
        """Note that the process runs, by the clock of its event loop."""
        if self._is_late(now):
            self._doubtful_until = now + DOUBT
        self._last = now

    def is_doubtful(self, now: float) -> bool:
        """Tell whether what is read now may have been sent long ago."""
        return now < self._doubtful_until or self._is_late(now)

    def _is_late(self, now: float) -> bool:
        return now - self._last > STALL
