"""Looks at the process itself each second, where somebody reads metrics."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.services.server.metrics import MetricsService


_NAP = 0.1  # seconds; how much later the loop comes back is how late everything is


class SamplingJob:
    """Other processes behind the port are asked for what this one is like."""

    name = "sampling"
    interval = 0.9

    def __init__(self, metrics: "MetricsService") -> None:
        """Look at the process of a service."""
        self._metrics = metrics

    async def run(self) -> bool:
        """Look once."""
        loop = asyncio.get_running_loop()
        due = loop.time() + _NAP
        await asyncio.sleep(_NAP)
        self._metrics.sample(lag=max(0.0, loop.time() - due))
        return False
