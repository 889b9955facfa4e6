"""Keeps the clock of this process in step with the database's (ADR-0021)."""

import logging

from app.core.clock import SharedClock
from app.repositories.statements.clock import database_time
from app.services.process.process import Process

LOGGED = 2.0  # seconds of skew that the log tells
DEGRADED = 10.0  # seconds of skew at which readiness is degraded
_SAMPLES = 3  # the quickest answer says most
_log = logging.getLogger("auth_serve.clock")


class SharedClockService:
    """Asks the database for the time; harmless with any other clock."""

    def __init__(self, process: Process) -> None:
        """Keep the clock of this process; tests bring one that needs no keeping."""
        self._process = process

    async def measure(self) -> None:
        """Ask, a few times; say when this machine's clock is off, and when it is not.

        Raises:
            DatabaseUnavailable: No answer; the clock goes on from what it knew.
        """
        clock = self._process.clock
        if not isinstance(clock, SharedClock):
            return
        for _ in range(_SAMPLES):
            sent = clock.monotonic()
            told = await database_time(self._process.database)
            if told is None:
                return
            clock.learn(told, sent=sent, answered=clock.monotonic())
        _tell(clock)


def _tell(clock: SharedClock) -> None:
    """Log a skew when it begins, changes and ends, and not all the time."""
    skew = clock.skew
    told = skew if abs(skew) > LOGGED else 0.0
    if told == clock.told_skew or (told and abs(told - clock.told_skew) <= LOGGED):
        return
    clock.told_skew = told
    facts = {"seconds_ahead": round(skew, 3)}
    if told:
        _log.warning("the clock of this machine is off", extra=facts)
    else:
        _log.info("the clock of this machine is right again", extra=facts)


def is_far_off(process: Process) -> bool:
    """Tell whether this machine's clock is so wrong that somebody should look."""
    clock = process.clock
    return isinstance(clock, SharedClock) and abs(clock.skew) > DEGRADED
