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


class SystemRandomness:
    """The operating system's generator."""

    def __init__(self, clock: Clock | None = None) -> None:
        """Order identifiers by this clock, or by the machine's."""
        self._now = time.time if clock is None else lambda: clock.now().timestamp()

    def uuid7(self) -> UUID:
        """Return a new time-ordered identifier (RFC 9562 section 5.7)."""
        milliseconds = int(self._now() * 1_000)
        chance = int.from_bytes(os.urandom(10), "big")
        value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76
        value |= (chance >> 64 & 0xFFF) << 64 | 0b10 << 62
        return UUID(int=value | chance & 0x3FFF_FFFF_FFFF_FFFF)

    def bytes(self, length: int) -> bytes:
        """Return that many unpredictable bytes."""
        return os.urandom(length)

    def token(self) -> str:
        """Return a secret of 256 bits as base64url without padding (43 characters)."""
        return secrets.token_urlsafe(32)
