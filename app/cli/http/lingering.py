"""A connection that is closed after our last word, without taking it back.

Closing with input unread makes the system send a reset, and a reset overtakes the
answer: the client never sees it. So we say that we are done, and read on for a while
without keeping anything (RFC 9112 section 9.6).
"""

import asyncio
from asyncio import TimerHandle
from collections.abc import Callable
from typing import Any

LINGER_BYTES = 32 * 1024 * 1024  # of input that is read and thrown away
LINGER_PAUSE = 3.0  # seconds in which something of it has to come
LINGER_ROUNDS = 10  # such pauses at most


class LingeringTransport:
    """What uvicorn takes for the transport; only `close` does anything of its own."""

    def __init__(
        self, transport: asyncio.Transport, owes_input: Callable[[], bool]
    ) -> None:
        """Stand before a transport.

        Args:
            transport: Of the connection.
            owes_input: Whether the client may be sending something still.
        """
        self._transport = transport
        self._owes_input = owes_input
        self._timer: TimerHandle | None = None
        self._left = LINGER_BYTES
        self._rounds = LINGER_ROUNDS
        self._heard = False
        self.is_lingering = False
        # Bound methods: each request calls them several times.
        self.write: Callable[[bytes], None] = transport.write
        self.get_extra_info = transport.get_extra_info
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def __getattr__(self, name: str) -> Any:
        """Give everything else, which nobody asks for often."""
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        """Tell whether our last word was said."""
        return self.is_lingering or self._transport.is_closing()

    def close(self) -> None:
        """Say that nothing more comes from here, and read on if there may be input."""
        if self.is_closing():
            return
        if not self._owes_input():
            self._transport.close()
            return
        self.is_lingering, self.write = True, _drop
        try:
            self._transport.write_eof()
            self._transport.resume_reading()
        except (OSError, RuntimeError):  # it is gone already
            self._transport.close()
            return
        self._wait()

    def end(self) -> None:
        """Close at once."""
        if self._timer is not None:
            self._timer.cancel()
        self._transport.close()

    def discard(self, size: int) -> None:
        """Take note of input that nobody wants."""
        self._heard = True
        self._left -= size
        if self._left < 0:
            self.end()

    def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(LINGER_PAUSE, self._look)

    def _look(self) -> None:
        self._rounds -= 1
        if self._heard and self._rounds > 0:
            self._heard = False
            self._wait()
        else:
            self._transport.close()


def _drop(_: bytes) -> None:
    """Write nothing: the last word was said."""
