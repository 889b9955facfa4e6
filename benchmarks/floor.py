"""``python -m benchmarks.floor``: what is below a request, each part alone.

Microseconds of CPU, the best of many turns, so that whoever else works on the machine
counts little. Without sockets: what the kernel takes for them comes on top. What a
whole path costs is `make bench`'s to say; what is left of it there is ours.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy import bindparam, select
from sqlalchemy.types import Integer
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn import Config
from uvicorn.server import ServerState

from app.cli.http.protocol import guarded
from app.core import jose
from app.database import Database
from benchmarks.load import get
from tests.servers.postgres import PostgresServer

_TURNS, _TIMES = 40, 500
_REQUEST = get("/")
_ONE = select(bindparam("one", type_=Integer).label("one"))
_CLAIMS = {"iss": "https://auth.example.com", "scope": "api", "jti": "0" * 300}


class _Wire(asyncio.Transport):
    """Takes what is written, and says so."""

    def __init__(self, written: Callable[[], Any]) -> None:
        super().__init__()
        self._written = written

    def write(self, data: Any) -> None:
        if data.endswith(b"}"):
            self._written()

    def is_closing(self) -> bool:
        return False

    def resume_reading(self) -> None:
        pass

    def close(self) -> None:
        pass


async def _smallest(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer as a framework does that knows no routes."""
    Request(scope, receive)
    await Response(b"{}", media_type="application/json")(scope, receive, send)


async def _server() -> float:
    """Return what parser, server and the smallest of answers take."""
    config = Config(_smallest, ws="none", lifespan="off", log_config=None)
    config.load()
    answered = asyncio.Event()
    kind: Any = guarded("https://auth.example.com")
    protocol = kind(config, ServerState(), {})
    protocol.connection_made(_Wire(answered.set))

    async def ask() -> None:
        answered.clear()
        protocol.data_received(_REQUEST)
        await answered.wait()

    return await _best(ask)


async def _statement(url: str) -> float:
    """Return what one round trip on the pool takes."""
    database = Database(url)

    async def ask() -> None:
        await database.fetch_one(_ONE, {"one": 1})

    best = await _best(ask)
    await database.close()
    return best


async def _signature(algorithm: str) -> float:
    key = jose.generate_key(algorithm)

    async def sign() -> None:
        jose.sign(_CLAIMS, key, kid="k", algorithm=algorithm, typ="at+jwt")

    return await _best(sign)


async def _best(work: Callable[[], Awaitable[None]]) -> float:
    """Return the microseconds of one time in the quickest turn."""
    turns = []
    for _ in range(_TURNS):
        used = time.process_time()
        for _ in range(_TIMES):
            await work()
        turns.append((time.process_time() - used) / _TIMES)
    return min(turns) * 1e6


async def _print(url: str) -> None:
    parts = {f"signature, {name}": _signature(name) for name in ("ES256", "EdDSA")}
    parts |= {
        "parser, server, smallest answer": _server(),
        "one round trip": _statement(url),
    }
    for name, part in parts.items():
        print(f"{name:32} {await part:5.1f}")


def main() -> None:
    """Measure and print."""
    with (
        tempfile.TemporaryDirectory() as directory,
        PostgresServer.start(Path(directory)) as postgres,
    ):
        uvloop.run(_print(postgres.url()))


if __name__ == "__main__":
    main()
