"""Password hashing on threads of its own, bounded, so that it never starves the rest.

As many hashes run as there are threads (cores); a few wait, first come first served;
whoever comes past that is told to come back.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import Any, ClassVar, ParamSpec, TypeVar

from app.core.exceptions import AppError

P = ParamSpec("P")
T = TypeVar("T")


class HashingOverloaded(AppError):
    """More sign-ins at once than this process can hash."""

    status: ClassVar[int] = 503
    code: ClassVar[str] = "overloaded"
    title: ClassVar[str] = "Too many people are signing in; try again in a moment"


class HashingPool:
    """Runs slow functions that free the interpreter lock, off the event loop."""

    def __init__(self, threads: int, queue: int = 64) -> None:
        """Bound the pool.

        Args:
            threads: Hashes at once: the number of cores. Memory is this many hashes.
            queue: Callers that may wait for a thread.
        """
        self._bound = threads + queue
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="hashing")
        self._lock = Lock()  # the counters change on the pool's threads too
        self._waiting = 0
        self._running = 0
        self._closed = False

    @property
    def waiting(self) -> int:
        """Calls that no thread has taken up yet."""
        return self._waiting

    @property
    def running(self) -> int:
        """Threads at work, also for callers who have gone."""
        return self._running

    async def run(
        self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call the function on a thread of the pool and return what it returns.

        A caller that is cancelled while it waits frees its place at once, and its work
        is not done; one that is cancelled later leaves a thread busy until the end.

        Raises:
            HashingOverloaded: As many as may wait are waiting, or the pool is closed.
        """
        with self._lock:
            if self._closed or self._waiting + self._running >= self._bound:
                raise HashingOverloaded("hashing pool is full", retry_after=1)
            self._waiting += 1
        work = self._executor.submit(self._call, partial(function, *args, **kwargs))
        work.add_done_callback(self._forget_if_cancelled)
        return await asyncio.wrap_future(work)  # cancelling one cancels the other

    def close(self) -> None:
        """Refuse whoever comes; who was admitted is served. Does not block."""
        with self._lock:
            self._closed = True
        self._executor.shutdown(wait=False)

    def _call(self, job: Callable[[], T]) -> T:
        with self._lock:
            self._waiting -= 1
            self._running += 1
        try:
            return job()
        finally:
            with self._lock:
                self._running -= 1

    def _forget_if_cancelled(self, work: Future[Any]) -> None:
        if work.cancelled():  # only what no thread had taken up can be
            with self._lock:
                self._waiting -= 1
