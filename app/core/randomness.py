"""The one place that asks the operating system for chance."""

import os
import secrets
import time
from typing import Protocol
from uuid import UUID

from app.core.clock import Clock


class Randomness(Protocol):
    """Where identifiers and secrets come from."""

    def uuid7(self) -> UUID:
        """Return a new time-ordered identifier (RFC 9562 section 5.7)."""
        ...

    def bytes(self, length: int) -> bytes:
        """Return that many unpredictable bytes."""
        ...

    def token(self) -> str:
        """Return a secret of 256 bits as base64url without padding (43 characters)."""
        ...

    def between(self, least: float, most: float) -> float:
        """Return a number that is as likely anywhere between two."""
        ...


class _Stock:
    """Bytes of the operating system, asked for in larger pieces.

    Only for identifiers: no secret lies in memory before it is needed.
    """

    _SIZE = 2_048

    def __init__(self) -> None:
        self._left: list[bytes] = []
        if hasattr(os, "register_at_fork"):  # two processes must not share any
            os.register_at_fork(after_in_child=self._left.clear)

    def take(self) -> bytes:
        """Return eight bytes that nobody had yet."""
        try:
            return self._left.pop()  # one step: two threads never get the same
        except IndexError:
            fresh = os.urandom(self._SIZE)
            self._left += [fresh[at : at + 8] for at in range(8, self._SIZE, 8)]
            return fresh[:8]


_CHANCE = _Stock()


_PUT_BACK = 60 * 4_096_000  # of a clock, in 4096ths of a millisecond


class SystemRandomness:
    """The operating system's generator."""

    def __init__(self, clock: Clock | None = None) -> None:
        """Order identifiers by this clock, or by the machine's."""
        self._now = time.time if clock is None else lambda: clock.now().timestamp()
        self._last = 0  # in 4096ths of a millisecond

    def uuid7(self) -> UUID:
        """Return a new identifier, later than all before (RFC 9562 section 5.7).

        Twelve bits are a fraction of the millisecond (section 6.2, method 3), so that
        what one request does is listed in the order in which it was done. Only a clock
        that was put back by more than a minute is followed: what happens then is found
        by its time, and not by that of a mistake.
        """
        ticks = int(self._now() * 4_096_000)
        if ticks <= self._last < ticks + _PUT_BACK:
            ticks = self._last + 1
        self._last = ticks
        milliseconds, fraction = divmod(ticks, 4_096)
        chance = int.from_bytes(_CHANCE.take(), "big")
        value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76
        value |= fraction << 64 | 0b10 << 62
        return UUID(int=value | chance & 0x3FFF_FFFF_FFFF_FFFF)

    def bytes(self, length: int) -> bytes:
        """Return that many unpredictable bytes."""
        return os.urandom(length)

    def token(self) -> str:
        """Return a secret of 256 bits as base64url without padding (43 characters)."""
        return secrets.token_urlsafe(32)

    def between(self, least: float, most: float) -> float:
        """Return a number that is as likely anywhere between two."""
        return least + (most - least) * secrets.randbits(53) / 2**53
