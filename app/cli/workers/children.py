"""Processes of a supervisor: how they are made, and what is known of them."""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)


class Worker:
    """One that serves, or will.

    Attributes:
        generation: Which reload it came with.
        ready_at: Steady seconds; None until it takes requests.
        is_leaving: It was told to end alone.
        is_hung: It was not heard for too long, and killed.
    """

    __slots__ = ("pid", "generation", "ready_at", "is_leaving", "is_hung")

    def __init__(self, pid: int, generation: int) -> None:
        """Remember one that was just forked."""
        self.pid = pid
        self.generation = generation
        self.ready_at: float | None = None
        self.is_leaving = self.is_hung = False


class Nursery:
    """A process that has imported the application, and forks a worker at each order.

    Attributes:
        is_awaited: A worker was ordered that has not reported yet.
        is_closed: It gets no more orders, and ends.
    """

    __slots__ = ("pid", "is_awaited", "is_closed", "_orders")

    def __init__(self, pid: int, orders: int) -> None:
        """Remember one.

        Args:
            pid: The process.
            orders: The pipe that it reads.
        """
        self.pid = pid
        self.is_awaited = self.is_closed = False
        self._orders = orders

    def order(self, *, is_first: bool) -> None:
        """Have a worker forked; the first of all says what people have to know."""
        self.is_awaited = True
        try:
            os.write(self._orders, b"1" if is_first else b"+")
        except BrokenPipeError:
            pass  # it is dead, which its parent is told in a moment

    def close(self) -> None:
        """Let it end."""
        if not self.is_closed:
            self.is_closed = True
            os.close(self._orders)


def fork(work: Callable[[], object]) -> int:
    """Do something in a child, which ends with it; return its process id."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
    try:
        pid = os.fork()
        if pid == 0:
            _live(work, before)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return pid


def _live(work: Callable[[], object], mask: set[int | signal.Signals]) -> NoReturn:
    """Work with signals as they are elsewhere, and end here: the rest is the parent's.

    Args:
        work: To be done.
        mask: Signals that were blocked before the fork.
    """
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in HANDLED:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        code = _code_of(work)
    finally:
        os._exit(code)


def _code_of(work: Callable[[], object]) -> int:
    """Do it; return the exit code, and write what else nobody would."""
    code = 1
    try:
        work()
        code = 0
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        else:
            code = end.code or 0
    except Exception:
        traceback.print_exc()
    sys.stderr.flush()
    sys.stdout.flush()
    return code


def adopts() -> bool:
    """Become the parent of whoever loses theirs, below this process.

    Returns:
        Whether it was done; other systems than Linux have no such way.
    """
    if sys.platform != "linux":
        return False
    import ctypes

    refused: int = ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    return refused == 0
