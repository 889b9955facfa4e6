"""How far a long command is: on standard error, for whoever waits there."""

import sys
from collections.abc import Callable

_ON_TERMINAL, _IN_A_FILE = 0.2, 10.0  # seconds from one to the next


class Progress:
    """Counts what is done of so many, and says so now and then."""

    def __init__(
        self,
        total: int | None,
        now: Callable[[], float],
        *,
        wanted: bool | None,
        as_json: bool,
    ) -> None:
        """Begin at nothing.

        Args:
            total: How many there are; None if nobody knows.
            now: Seconds, from an arbitrary start.
            wanted: Asked for, or not to be shown; unset: a terminal shows it.
            as_json: Whether the output is for programs, which never want it.
        """
        self._is_terminal = sys.stderr.isatty()
        self._is_shown = not as_json and (
            self._is_terminal if wanted is None else wanted
        )
        self._total = total
        self._now = now
        self._done = 0
        self._said_at = now()

    def step(self) -> None:
        """Count one more."""
        self._done += 1
        pause = _ON_TERMINAL if self._is_terminal else _IN_A_FILE
        is_last = self._done == self._total
        if self._is_shown and (is_last or self._now() - self._said_at >= pause):
            self._say(is_last)

    def reach(self, done: int) -> None:
        """Count up to so many, of whom nobody knows how many there are."""
        self._done = done
        pause = _ON_TERMINAL if self._is_terminal else _IN_A_FILE
        if self._is_shown and self._now() - self._said_at >= pause:
            self._say(False)

    def end(self) -> None:
        """Say that this was all of them."""
        if self._is_shown:
            self._say(True)

    def _say(self, is_last: bool) -> None:
        """On a terminal one line that changes; elsewhere one after the other."""
        self._said_at = self._now()
        end = "\n" if is_last or not self._is_terminal else ""
        start = "\r" if self._is_terminal else ""
        total = "" if self._total is None else f" of {self._total}"
        print(f"{start}{self._done}{total}", end=end, file=sys.stderr)
        sys.stderr.flush()
