"""Runs the jobs inside the process, one task each."""

import asyncio
import logging
from collections.abc import Collection, Sequence

from app.core.context import RequestContext, begin
from app.jobs.base import Job
from app.services.server.runtime import Runtime

LONGEST_PAUSE = 300.0  # seconds after repeated failures

_log = logging.getLogger("auth_serve.jobs")


class Worker:
    """Starts the jobs, keeps them going, and stops them without losing anything.

    What a job promises stands in the database. A process that dies at any moment
    loses time and no work.
    """

    def __init__(self, runtime: Runtime, jobs: Sequence[Job]) -> None:
        """Prepare; nothing runs yet."""
        self._runtime = runtime
        self._jobs = jobs
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start every job; its first run comes at once."""
        self._stopping.clear()
        self._tasks = [
            asyncio.create_task(self._keep_running(job), name=f"job-{job.name}")
            for job in self._jobs
        ]

    async def stop(self, grace: float = 10.0) -> None:
        """Let the runs under way finish, and start no other.

        Args:
            grace: Seconds; what is not finished then is cancelled, and its work is
                claimed again by whoever runs next.
        """
        self._stopping.set()
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=grace)
        for task in late:
            name = task.get_name()
            _log.warning("cancelled at the end of the grace", extra={"job": name})
        await _cancel(late)
        self._tasks = []

    async def run_once(self) -> None:
        """Run every job until it has nothing more to do; errors come out."""
        for job in self._jobs:
            while await self._run(job):
                pass

    async def _keep_running(self, job: Job) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                more, failures = await self._run(job), 0
            except Exception:
                # Whatever it was, mail and keys must go on when it is over.
                more, failures = False, failures + 1
                _log.exception("job failed", extra={"job": job.name})
            await self._pause(0.0 if more else _pause_after(failures, job.interval))

    async def _run(self, job: Job) -> bool:
        begin(RequestContext(correlation_id=str(self._runtime.randomness.uuid7())))
        return await job.run()

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            pass  # the ordinary end of a pause


async def _cancel(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel tasks, more than once if need be.

    Before Python 3.12 ``wait_for`` swallows a cancellation that comes together with
    what it waits for (gh-86296), and a mail would then go on until its time-out.
    """
    for _ in range(5):
        if not tasks:
            return
        for task in tasks:
            task.cancel()
        _, tasks = await asyncio.wait(tasks, timeout=1.0)


def _pause_after(failures: int, interval: float) -> float:
    """Return the interval, longer with each failure in a row."""
    return max(interval, min(interval * 2.0 ** min(failures, 10), LONGEST_PAUSE))
