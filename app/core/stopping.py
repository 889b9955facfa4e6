"""The end of a process, announced before it comes.

Whoever sends requests here learns of it a moment late. So at SIGTERM readiness is red
first and every answer closes its connection; only after a delay is the server itself
told, which then accepts nothing more. A second signal ends at once.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

from app.core.clock import Clock

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_ECHO = 0.2  # seconds in which one wish to stop may arrive twice, as from timeout(1)
Handler = Callable[[int, FrameType | None], Any]


class Stopping:
    """Whether the process is about to end; one for each process."""

    def __init__(self, clock: Clock) -> None:
        """Nothing has begun to end yet."""
        self.is_begun = False
        self._clock = clock
        self._at = 0.0
        self._previous: dict[int, Handler] = {}

    def take_over(self, delay: float) -> None:
        """Stand before the server's handlers of signals, if a server has any.

        Args:
            delay: Seconds between a signal and the server hearing of it.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()

        def handle(number: int, frame: FrameType | None) -> None:
            if self.is_begun:
                self._end_at_once(number)
                return
            self.is_begun, self._at = True, self._clock.monotonic()
            if delay:
                tell = partial(self._previous[number], number, None)
                loop.call_soon_threadsafe(lambda: loop.call_later(delay, tell))
            else:
                self._previous[number](number, frame)

        for number in _SIGNALS:
            previous = signal.getsignal(number)
            if callable(previous) and previous is not signal.default_int_handler:
                self._previous[number] = previous
                signal.signal(number, handle)

    def give_back(self) -> None:
        """Leave the handlers as they were."""
        for number, previous in self._previous.items():
            signal.signal(number, previous)
        self._previous.clear()

    def _end_at_once(self, number: int) -> None:
        """Die of the signal; both databases keep what was committed and no more."""
        if self._clock.monotonic() - self._at < _ECHO:
            return
        # Not logged: the lock of the log may be held by what the signal interrupted.
        os.write(2, b"auth-serve: a second signal; ending at once\n")
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
