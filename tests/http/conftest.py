"""A server of nothing but the protocol, for tests that speak raw bytes to it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from tests.http.wire import LIMIT, Connect, Streams, WireProtocol, application
from tests.servers.ports import LOOPBACK


@pytest.fixture
async def state() -> ServerState:
    """What uvicorn knows of its connections."""
    return ServerState()


@pytest.fixture
async def connect(state: ServerState) -> AsyncIterator[Connect]:
    """Open connections to a server of the protocol; all are closed at the end."""
    config = Config(
        application,
        ws="none",
        limit_concurrency=LIMIT,
        log_config=None,
        timeout_keep_alive=600,
    )
    config.load()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: WireProtocol(config, state, {}), LOOPBACK, 0
    )
    port = server.sockets[0].getsockname()[1]
    writers: list[asyncio.StreamWriter] = []

    async def open_one() -> Streams:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writers.append(writer)
        return reader, writer

    yield open_one
    for writer in writers:
        writer.close()
    server.close()
    for connection in (*state.connections, *WireProtocol.turned_away):
        transport: Any = connection.transport
        transport.end()  # some still wait for more of what was refused
    await asyncio.sleep(0.01)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a head be overdue soon; tests of that alone, since busy machines are slow."""
    monkeypatch.setattr(WireProtocol, "head_timeout", 0.15)
