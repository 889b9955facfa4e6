"""A balancer before several services, as a proxy of TCP is: it looks and passes on.

It asks each for readiness and sends new connections to who is ready. What a connection
carries is not looked at and never sent again, so each reset is a failed request.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any

from tests.servers.ports import LOOPBACK

INTERVAL = 0.05  # seconds between two looks
_READY = b"GET /health/ready HTTP/1.1\r\nHost: proxy\r\nConnection: close\r\n\r\n"


class Proxy:
    """Passes connections on.

    Attributes:
        ports: Of the services; a test changes them.
        ready: Those of them that said so when they were asked last.
        passing: What passes on, for each connection.
    """

    def __init__(self, ports: list[int]) -> None:
        self.ports = ports
        self.ready: list[int] = []
        self.passing: list[asyncio.Task[Any] | None] = []
        self._turn = count()

    async def look(self) -> None:
        """Ask everybody for readiness, again and again."""
        while True:
            asked = list(self.ports)
            found = await asyncio.gather(*(_is_ready(port) for port in asked))
            self.ready = [
                p for p, is_ready in zip(asked, found, strict=True) if is_ready
            ]
            await asyncio.sleep(INTERVAL)

    async def pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Connect somebody to the next who is ready."""
        self.passing.append(asyncio.current_task())
        ready = list(self.ready)
        there = await asyncio.open_connection(
            LOOPBACK, ready[next(self._turn) % len(ready)]
        )
        both = (_pump(reader, there[1]), _pump(there[0], writer))
        try:
            await asyncio.gather(*both, return_exceptions=True)
        finally:
            writer.close()
            there[1].close()


@asynccontextmanager
async def balancing(ports: list[int]) -> AsyncIterator[tuple[Proxy, str]]:
    """Serve before these services; yields the proxy and its address."""
    proxy = Proxy(ports)
    looking = asyncio.create_task(proxy.look())
    server = await asyncio.start_server(proxy.pass_on, LOOPBACK, 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield proxy, f"http://{LOOPBACK}:{port}"
    finally:
        looking.cancel()
        server.close()
        left = [task for task in proxy.passing if task is not None]
        for task in left:
            task.cancel()
        await asyncio.gather(looking, *left, return_exceptions=True)


async def _is_ready(port: int) -> bool:
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(60):  # a guard: who is slow is ready all the same
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            try:  # closed as well where the look is cancelled half-way
                writer.write(_READY)
                return (await reader.read())[9:12] == b"200"
            finally:
                writer.close()
    return False


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()  # a reset is passed on as what it is
