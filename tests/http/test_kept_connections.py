"""How long a connection waits for its next request (RFC 9112 §9.5)."""

import pytest
from uvicorn.server import ServerState

from app.cli.http import protocol
from app.cli.serve import server_config
from app.config import Settings
from tests.conftest import SECRET
from tests.http.wire import LIMIT, REQUEST, Connect, Streams


async def asked(streams: Streams) -> bytes:
    """Return the first line of the answer."""
    reader, writer = streams
    writer.write(REQUEST)
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(1)
    return head.partition(b"\r\n")[0]


async def test_a_connection_is_let_go_soon_where_they_are_scarce(
    connect: Connect, state: ServerState, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asked in time keeps what was promised; the last one makes room."""
    monkeypatch.setattr(protocol, "SCARCE", 0.01)
    early = await connect()
    assert await asked(early) == b"HTTP/1.1 200 OK"
    others = [await connect() for _ in range(LIMIT - 1)]

    assert await asked(others[-1]) == b"HTTP/1.1 200 OK"
    assert await others[-1][0].read() == b""
    assert await asked(early) == b"HTTP/1.1 200 OK"
    assert len(state.connections) == LIMIT - 1


def test_the_setting_says_how_long() -> None:
    chosen = {"database_url": "sqlite:///a.db", "secret_key": SECRET}

    usual = server_config(Settings.model_validate(chosen))
    longer = server_config(Settings.model_validate(chosen | {"keep_alive": 620}))

    assert (usual.timeout_keep_alive, longer.timeout_keep_alive) == (130, 620)
