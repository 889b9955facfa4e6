"""Says in time, and again, which secret key this process seals with."""

from app.services.process.process import Process
from app.services.server.secret_key.presence import INTERVAL, SealingPresence


class SealingJob:
    """Runs in every process that may seal something, with or without other jobs."""

    name = "sealing"
    interval = INTERVAL

    def __init__(self, process: Process, *, is_said: bool = False) -> None:
        """Go on with what the start has said.

        Args:
            process: Which may seal something.
            is_said: It was said a moment before the first run, which need not.
        """
        self._presence = SealingPresence(process)
        self._is_said = is_said

    async def run(self) -> bool:
        """Say it once, but not what was said just now."""
        if not self._is_said:
            await self._presence.announce()
        self._is_said = False
        return False
