"""Asks other services about people who came from there."""

from app.services.server.runtime import Runtime


class UpstreamJob:
    """A batch a run: what is withdrawn there is seen a minute after it was due."""

    name = "upstream"
    interval = 60.0

    def __init__(self, runtime: Runtime) -> None:
        """Work in transactions of its own."""
        self._runtime = runtime

    async def run(self) -> bool:
        """Ask on; True while more is due."""
        if not await self._runtime.connections.all():
            return False
        # Here: few services have a connection.
        from app.services.upstreams.check import UpstreamCheckService

        checks = UpstreamCheckService(self._runtime, self._runtime.connections)
        return await checks.advance()
