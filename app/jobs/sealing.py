"""Says in time, and again, which secret key this process seals with."""

from app.services.process.process import Process
from app.services.server.secret_key.presence import INTERVAL, SealingPresence


class SealingJob:
    """Runs in every process that may seal something, with or without other jobs."""

    name = "sealing"
    interval = INTERVAL

    def __init__(self, process: Process) -> None:
        """Go on with what the start has said."""
        self._presence = SealingPresence(process)

    async def run(self) -> bool:
        """Say it once."""
        await self._presence.announce()
        return False
