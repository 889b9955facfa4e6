"""Asks the database for the time, in every process, with or without other jobs."""

from app.services.server.runtime import Runtime
from app.services.server.shared_clock import SharedClockService


class SharedClockJob:
    """What the clock knows is at most so old; see ADR-0021 for what that means."""

    name = "shared_clock"
    interval = 10.0

    def __init__(self, runtime: Runtime) -> None:
        """Go on with what the start found out."""
        self._service = SharedClockService(runtime)

    async def run(self) -> bool:
        """Ask once."""
        await self._service.measure()
        return False
