"""uvicorn's server, with an end that refuses nobody who came in time."""

import asyncio
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any

from uvicorn.config import Config
from uvicorn.server import Server as UvicornServer

from app.cli.http.listening import hold_off

_HANDSHAKE = 0.1  # seconds in which who began to connect can finish


class Server(UvicornServer):
    """Serves who is connected, and who waits to be, before it ends.

    uvicorn closes its sockets, and the system then resets every connection that waits
    there for being accepted; and it closes connections from which nothing was read yet.
    The second is `GuardedProtocol.shutdown`'s matter.

    Attributes:
        listening: The sockets; uvicorn gets copies.
    """

    def __init__(
        self,
        config: Config,
        listening: Sequence[socket.socket],
        announce: Callable[[], None],
    ) -> None:
        """Prepare.

        Args:
            config: Of uvicorn.
            listening: Bound sockets; they listen once the application has started.
            announce: Called when they do.
        """
        super().__init__(config)
        self.listening = listening
        self._announce = announce

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until SIGTERM, on copies: they are closed before the queue is empty."""
        super().run([each.dup() for each in self.listening])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, listen, and say so."""
        try:
            await super().startup(sockets)
            self._listen()
        except OSError as error:  # somebody was faster since the sockets were bound
            await self.lifespan.shutdown()
            sys.exit(f"auth-serve: cannot listen: {error.strerror}")
        self._announce()

    async def on_tick(self, counter: int) -> bool:
        """Note that the process runs; called by uvicorn ten times a second."""
        protocol: Any = self.config.http_protocol_class
        protocol.pulse.beat(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept what waits, then nothing more; then end as uvicorn does."""
        held = [hold_off(each) for each in self.listening]  # all, before any is asked
        if any(held):
            await asyncio.sleep(_HANDSHAKE)
        for server in self.servers:
            server.close()
        for waiting in self._accepted():
            await self._take_in(waiting)
        await super().shutdown(sockets)

    def _listen(self) -> None:
        """Let people in, where uvicorn was given no sockets to do it."""

    def _accepted(self) -> list[socket.socket]:
        """Empty each queue and close it at once, so that nobody comes in between."""
        accepted: list[socket.socket] = []
        for listening in self.listening:
            while True:
                try:
                    accepted.append(listening.accept()[0])
                except OSError:  # nobody waits any more
                    break
            listening.close()
        return accepted

    async def _take_in(self, waiting: socket.socket) -> None:
        protocol = self.config.http_protocol_class
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(
            lambda: protocol(  # type: ignore[call-arg]  # as uvicorn calls it
                config=self.config,
                server_state=self.server_state,
                app_state=self.lifespan.state,
            ),
            waiting,
        )
