"""Password hashing on threads of its own, bounded, so that it never starves the rest.

As many hashes run as there are threads (cores); a few wait, first come first served;
whoever comes past that is told to come back.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, ClassVar, ParamSpec, TypeVar

from app.core.context import current
from app.core.exceptions import Unavailable
from app.tracing.span import within

P = ParamSpec("P")
T = TypeVar("T")


_REST_AFTER = 2.0  # seconds: between two people who sign in, nothing is given back


@dataclass(frozen=True, slots=True)
class Timed:
    """How long things take, for whoever wants to know.

    Attributes:
        clock: Steady seconds.
        tell: Called on the loop after each hash, with the seconds that it waited for a
            thread and those that it took.
    """

    clock: Callable[[], float]
    tell: Callable[[float, float], None]


class HashingOverloaded(Unavailable):
    """More sign-ins at once than this process can hash."""

    code: ClassVar[str] = "overloaded"
    title: ClassVar[str] = "Too many people are signing in; try again in a moment"


class _Job:
    """One call, and who waits for it; the pool's lock guards ``state``."""

    __slots__ = ("call", "loop", "outcome", "is_waiting", "times")

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call = call
        self.loop = asyncio.get_running_loop()
        self.outcome: asyncio.Future[Any] = self.loop.create_future()
        self.is_waiting = True  # for a thread; else one took it up, or nobody will
        self.times: list[float] = []  # asked for, begun, done; where anybody asks

    def tell(self, result: Any, error: Exception | None) -> None:
        """Wake who waits, from another thread."""
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            self.loop.call_soon_threadsafe(self._settle, result, error)

    def _settle(self, result: Any, error: Exception | None) -> None:
        if self.outcome.done():  # cancelled
            return
        if error is None:
            self.outcome.set_result(result)
        else:
            self.outcome.set_exception(error)


class BoundedThreads:
    """Runs slow functions that free the interpreter lock, off the event loop.

    Plain threads and a queue: an executor's future, and its way to the loop, cost each
    sign-in as much as parsing its request.

    Attributes:
        kind: What the threads are called.
        span: What traces call a wait for them.
        overloaded: What is raised when too many wait.
    """

    kind: ClassVar[str]
    span: ClassVar[str]
    overloaded: ClassVar[type[Unavailable]]

    def __init__(
        self,
        threads: int,
        queue: int = 64,
        *,
        rest: Callable[[], object] | None = None,
        timed: Timed | None = None,
    ) -> None:
        """Bound the pool; its threads start when they are needed.

        Args:
            threads: Hashes at once: the number of cores. Memory is this many hashes.
            queue: Callers that may wait for a thread.
            rest: Called on a thread that had nothing to do for a while.
            timed: Who wants to know how long hashes wait and take.
        """
        self._timed = timed
        self._rest = rest
        self._bound = threads + queue
        self._most = threads
        self._threads: list[Thread] = []
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock = Lock()  # the counters change on the pool's threads too
        self._waiting = 0
        self._running = 0
        self._closed = False

    @property
    def threads(self) -> int:
        """Calls that are worked on at once, at most."""
        return self._most

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
        is not done; one that is cancelled later leaves a thread busy until the end. The
        same holds for a request whose client has left.

        Raises:
            Unavailable: As many as may wait are waiting, the pool is closed, or the
                client has left.
        """
        with self._lock:
            if self._closed or self._waiting + self._running >= self._bound:
                raise self.overloaded(f"{self.kind} pool is full", retry_after=1)
            self._waiting += 1
            has_to_wait = self._waiting + self._running > self._most
            self._start_thread()
        job = _Job(partial(function, *args, **kwargs))
        self._note(job)
        self._jobs.put(job)
        left = current().left if has_to_wait else None
        watch = left and asyncio.ensure_future(self._watch(job, left))
        try:
            with within(self.span):
                result: T = await job.outcome
        except asyncio.CancelledError:
            self._leave(job)
            raise
        finally:
            if watch:
                watch.cancel()
            if self._timed is not None and len(job.times) == 3:
                asked, begun, done = job.times
                self._timed.tell(begun - asked, done - begun)
        return result

    def _note(self, job: _Job) -> None:
        if self._timed is not None:
            job.times.append(self._timed.clock())

    async def _watch(self, job: _Job, left: Callable[[], Awaitable[None]]) -> None:
        """Take a job back that has not begun when its client leaves."""
        await left()
        if self._leave(job) and not job.outcome.done():
            job.outcome.set_exception(self.overloaded("the client has left"))

    def close(self) -> None:
        """Refuse whoever comes; who was admitted is served. Does not block."""
        with self._lock:
            self._closed = True
        for _ in self._threads:
            self._jobs.put(None)

    def _start_thread(self) -> None:
        """Start one more, unless those that there are suffice."""
        if len(self._threads) < min(self._most, self._waiting + self._running):
            name = f"{self.kind}_{len(self._threads)}"
            self._threads.append(Thread(target=self._work, name=name, daemon=True))
            self._threads[-1].start()

    def _leave(self, job: _Job) -> bool:
        """Give a job's place to others; tell whether no thread had taken it up."""
        with self._lock:
            was_waiting = job.is_waiting
            self._waiting -= was_waiting
            job.is_waiting = False
        return was_waiting

    def _next(self) -> _Job | None:
        """Wait for work; rest once before a longer wait."""
        if self._rest is not None:
            try:
                return self._jobs.get(timeout=_REST_AFTER)
            except Empty:
                self._rest()
        return self._jobs.get()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            with self._lock:
                if not job.is_waiting:
                    continue
                job.is_waiting = False
                self._waiting -= 1
                self._running += 1
            result, error = None, None
            self._note(job)
            try:
                result = job.call()
            except Exception as raised:
                error = raised
            self._note(job)
            with self._lock:
                self._running -= 1
            job.tell(result, error)
            del job, result, error  # a password is kept no longer than it has to be


class HashingPool(BoundedThreads):
    """Threads for passwords: as many as there are cores."""

    kind = "hashing"
    span = "hash a password"
    overloaded = HashingOverloaded
