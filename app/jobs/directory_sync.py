"""Reads directories as a whole, as often as their connections say (ADR-0105)."""

from app.services.server.runtime import Runtime


class DirectorySyncJob:
    """One reading a run; whoever asked for one by hand waits seconds for its begin."""

    name = "directory_sync"
    interval = 10.0

    def __init__(self, runtime: Runtime) -> None:
        """Work in transactions of its own."""
        self._runtime = runtime

    async def run(self) -> bool:
        """Go through a reading that is open or due; True if there was one."""
        if not await self._runtime.connections.all():
            return False
        # Here: few services have a directory.
        from app.services.upstreams.sync.run import SyncRunner

        return await SyncRunner(self._runtime, self._runtime.connections).advance()
