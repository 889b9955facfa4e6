"""What others publish at an address and change when they like: keys, metadata.

It is asked for when it is needed, kept for minutes, and asked for again by whoever
doubts it, but no more often than every few seconds however many doubt.
"""

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from app.core.clock import Clock

ASKED_EVERY = 10.0  # seconds at least between two questions to the same address
_MOST = 1_024  # addresses; some kilobytes each
T = TypeVar("T")


@dataclass(slots=True)
class _Kept(Generic[T]):
    """What is known of an address; instants are monotonic seconds."""

    value: T | None = None
    good_at: float = float("-inf")  # when it last came
    asked_at: float = float("-inf")
    changed_at: float = float("-inf")  # when it last became another, or usable again
    usable_until: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Published(ABC, Generic[T]):
    """Fetches what others publish, and keeps it; ``_fetch`` says how.

    What was withdrawn is believed until it is ``kept_for`` seconds old. While its
    address does not answer, the last good value holds until it is ``last_good_for``
    old: an outage there shall not lock its users out at once, and a thief who blocks
    the address shall not keep a withdrawn key alive.
    """

    def __init__(self, clock: Clock, *, kept_for: float, last_good_for: float) -> None:
        """Know nothing yet."""
        self._clock = clock
        self._kept_for = kept_for
        self._last_good_for = last_good_for
        self._kept: dict[str, _Kept[T]] = {}

    def at(self, uri: str) -> T | None:
        """Return what may be used of an address now, or None."""
        kept = self._kept.get(uri)
        if kept is None or self._clock.monotonic() >= kept.usable_until:
            return None
        return kept.value

    async def refresh(self, uri: str) -> bool:
        """Ask an address; True if it says something else than some time ago.

        Of any number of callers at once one asks, and the others learn what came of
        it. No transaction may be open. So that nobody can have an address asked as
        often as they like, it is left in peace for ``ASKED_EVERY`` after each question,
        and what changed in that time is told again.
        """
        kept = self._entry(uri)
        async with kept.lock:
            now = self._clock.monotonic()
            if now - kept.asked_at >= ASKED_EVERY:
                kept.asked_at = now
                self._learn(kept, await self._fetch(uri))
            return self._clock.monotonic() - kept.changed_at < ASKED_EVERY

    def _entry(self, uri: str) -> _Kept[T]:
        kept = self._kept.get(uri)
        if kept is None:
            if len(self._kept) >= _MOST:
                del self._kept[next(iter(self._kept))]  # the oldest
            kept = self._kept[uri] = _Kept()
        return kept

    def _learn(self, kept: _Kept[T], fetched: T | None) -> None:
        now = self._clock.monotonic()
        was_usable = now < kept.usable_until
        if fetched is not None:
            is_other = fetched != kept.value
            kept.value, kept.good_at = fetched, now
            kept.usable_until = now + self._kept_for
        elif now < kept.good_at + self._last_good_for:
            is_other = False
            end = kept.good_at + self._last_good_for
            kept.usable_until = max(kept.usable_until, min(now + self._kept_for, end))
        else:
            return
        if is_other or not was_usable:
            kept.changed_at = now

    def _disown(self, uri: str) -> None:
        """Use nothing more of an address that says something that cannot stand."""
        kept = self._entry(uri)
        kept.good_at = kept.usable_until = float("-inf")

    @abstractmethod
    async def _fetch(self, uri: str) -> T | None:
        """Return what an address says now; None if it says nothing that will do."""
