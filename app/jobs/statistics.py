"""Counts what happened, hour by hour."""

from app.services.server.runtime import Runtime
from app.services.server.statistics import StatisticsService


class StatisticsJob:
    """A piece of an hour a run: seldom late by more than its interval and the lag."""

    name = "statistics"
    interval = 60.0

    def __init__(self, runtime: Runtime) -> None:
        """Work in transactions of its own."""
        self._service = StatisticsService(runtime)

    async def run(self) -> bool:
        """Count on; True while hours are behind."""
        return await self._service.advance()
