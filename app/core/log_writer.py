"""Writes log lines on a thread of its own, so that no output can stop the service."""

import contextlib
import logging
import os
import select
from logging.handlers import QueueHandler
from queue import Empty, SimpleQueue
from threading import Event, RLock, Thread, current_thread
from typing import IO, Any

from app.core.clock import SystemClock
from app.core.log_format import (
    JsonLineFormatter,
    SettledRecord,
    context_fields,
    settled,
    snapshot,
)

# Few lines at a time: the writer holds the interpreter while it formats them.
_BATCH = 64
_LINGER = 0.05  # seconds for a batch to gather: waking for each line costs the loop


class LogWriter:
    """A bounded queue and the thread that empties it.

    A queue that is full, and an output that fails, lose lines; they are counted, and
    a line says how many as soon as one can be written.
    """

    def __init__(self, stream: IO[Any], capacity: int) -> None:
        """Start the thread.

        Args:
            stream: Where lines go; by its file descriptor when it has one.
            capacity: Lines that may wait to be written.
        """
        self.lost = 0
        self._capacity = capacity
        self._untold = 0
        self._in_hand = 0
        self._torn = False
        self._abandoned = False
        # Unlike queue.Queue it never waits for a lock, not even within a signal
        # handler or a finaliser that interrupts a call to it.
        self._queue: SimpleQueue[logging.LogRecord | Event] = SimpleQueue()
        self._lock = RLock()
        self._hurry = Event()
        self._end = Event()
        self._output = _Output(stream)
        self.formatter: JsonLineFormatter = JsonLineFormatter()
        self._thread = Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def put(self, record: logging.LogRecord) -> None:
        """Queue a record from :func:`snapshot`, or count it when there is no room."""
        if self._queue.qsize() >= self._capacity:
            self.count_lost(1)
        else:
            self._queue.put(record)

    def count_lost(self, lines: int) -> None:
        """Remember lines that nobody will read."""
        with self._lock:
            self.lost += lines
            self._untold += lines

    def flush(self, timeout: float) -> bool:
        """Wait until everything queued so far is written, or counted as lost.

        Returns:
            False when that took longer than ``timeout`` seconds.
        """
        if current_thread() is self._thread or not self._thread.is_alive():
            return False
        done = Event()
        self._queue.put(done)
        self._hurry.set()
        return done.wait(timeout)

    def stop(self, timeout: float) -> None:
        """Write what is queued and end the thread, or leave it after ``timeout``."""
        self._queue.put(self._end)
        self._hurry.set()
        self._thread.join(timeout)
        self.tell_losses(abandon=self._thread.is_alive())

    def tell_losses(self, *, abandon: bool) -> None:
        """Tell standard error about lines that are lost and that no line tells yet.

        Args:
            abandon: Count what is waiting as lost, for the output takes nothing.
        """
        if abandon:
            self._abandoned = True
            waiting = self._in_hand
            with contextlib.suppress(Empty):
                while True:
                    waiting += isinstance(self._queue.get_nowait(), logging.LogRecord)
            self._queue.put(self._end)
            self.count_lost(waiting)
        if self._untold:
            _complain(self._line_about_loss(self._untold))

    def _run(self) -> None:
        running = True
        while running and not self._abandoned:
            records, mark = self._take()
            self._write([self.formatter.format(record) for record in records])
            if mark is not None:
                mark.set()
            running = mark is not self._end

    def _take(self) -> tuple[list[logging.LogRecord], Event | None]:
        """Wait for records; end before a mark, or when there are enough or no more."""
        records: list[logging.LogRecord] = []
        item = self._queue.get()
        if isinstance(item, logging.LogRecord) and self._queue.qsize() < _BATCH:
            self._hurry.wait(_LINGER)
        self._hurry.clear()
        with contextlib.suppress(Empty):
            while isinstance(item, logging.LogRecord):
                records.append(item)
                self._in_hand = len(records)
                if len(records) == _BATCH:
                    return records, None
                item = self._queue.get_nowait()
            return records, item
        return records, None

    def _write(self, lines: list[str]) -> None:
        """Write lines and, if they could be written, how many were lost before."""
        missing = self._send(lines)
        self._in_hand = 0
        if missing:
            self.count_lost(missing)
            return
        with self._lock:
            untold, self._untold = self._untold, 0
        if untold and self._send([self._line_about_loss(untold)]):
            with self._lock:
                self._untold += untold

    def _send(self, lines: list[str]) -> int:
        """Return how many of the lines did not go out whole."""
        data = "".join(f"{line}\n" for line in lines).encode()
        # After half a line, the next one begins on a line of its own.
        lead = b"\n" if self._torn and data else b""
        written = self._output.write(lead + data)
        if written:
            self._torn = (lead + data)[written - 1] != ord("\n")
        return data[max(0, written - len(lead)) :].count(b"\n")

    def _line_about_loss(self, lines: int) -> str:
        record = settled(
            name="auth_serve.log",
            levelname="WARNING",
            created=SystemClock().now().timestamp(),
            msg=f"dropped {lines} lines",
            fields=context_fields() | {"dropped": lines},
        )
        return self.formatter.format(record)


class _Output:
    """A stream that may fail at any time, and is tried again the next time."""

    def __init__(self, stream: IO[Any]) -> None:
        self._stream = getattr(stream, "buffer", stream)
        self._is_text = hasattr(self._stream, "encoding")
        try:
            # Not through the stream: its lock, held by a thread that cannot write,
            # would keep the interpreter from ending.
            self._fd: int | None = stream.fileno()
        except (OSError, AttributeError):
            self._fd = None

    def write(self, data: bytes) -> int:
        """Return how many bytes went out before an error; all of them without one."""
        if self._fd is not None:
            return self._write_fd(self._fd, data)
        try:
            self._stream.write(data.decode() if self._is_text else data)
            self._stream.flush()
        except Exception:  # closed, full, gone, or not what it should be
            return 0
        return len(data)

    @staticmethod
    def _write_fd(fd: int, data: bytes) -> int:
        written = 0
        while written < len(data):
            try:
                written += os.write(fd, data[written:])
            except BlockingIOError:  # somebody made our standard output non-blocking
                ready = select.poll()
                ready.register(fd, select.POLLOUT)
                ready.poll(1_000)
            except OSError:  # nobody reads it, or the disk is full
                break
        return written


def _complain(line: str) -> None:
    """Tell standard error, unless that would block, too."""
    with contextlib.suppress(OSError):
        if select.select([], [2], [], 0)[1]:
            os.write(2, f"{line}\n".encode())


class LogHandler(QueueHandler):
    """Takes records at the call and never makes the caller wait for the output."""

    def __init__(self, writer: LogWriter) -> None:
        """Hand records to ``writer``."""
        super().__init__(None)  # type: ignore[arg-type]  # the queue is the writer's
        self._writer = writer
        self.patience = 0.0

    def prepare(self, record: logging.LogRecord) -> SettledRecord:
        """Return what the writer needs, as it is at the call."""
        return snapshot(record)

    def enqueue(self, record: logging.LogRecord) -> None:
        """Queue the record; near the end of the process wait until it is written."""
        self._writer.put(record)
        if self.patience and not self._writer.flush(self.patience):
            self.patience = 0.0

    def handleError(self, record: logging.LogRecord) -> None:
        """Count a record that could not even be copied."""
        self._writer.count_lost(1)
