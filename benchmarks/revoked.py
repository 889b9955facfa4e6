"""What the feed of revoked tokens costs: ``python -m benchmarks.revoked``.

The service in this process, on a port and SQLite; an API that follows the feed in the
same process too, so that both share a core. ``make bench`` has a row for how soon an
API that waits is answered by a service as it is run.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from uuid import UUID

import httpx2
import uvicorn
from auth_serve_client import Refused, ResourceServer
from sqlalchemy import insert

from app.config import Settings
from app.main import create_app
from app.models.oauth.jti import OAuthRevokedToken
from app.services.server.runtime import Runtime
from app.services.sessions.end import end_session
from tests.servers.ports import free_port
from tests.support.api import Api
from tests.support.oauth import Protocol

API = "https://orders.example"
ENTRIES = 10_000
ROUNDS = 20
_SECRET = "benchmarks-only-0123456789-abcdefghijklmnop"


async def _latency(protocol: Protocol, server: ResourceServer) -> float:
    """Return the seconds from the commit that ends a session to the first refusal."""
    app = await protocol.apps(columns={"audience": API})
    who = await protocol.signed_in(app)
    await server.authenticate(f"Bearer {who.access}")
    async with protocol.runtime.unit_of_work() as uow:
        await end_session(uow, who.user.id, who.issued.session_id, "owner")
    ended = time.perf_counter()
    while True:
        try:
            await server.authenticate(f"Bearer {who.access}")
        except Refused:
            return time.perf_counter() - ended
        await asyncio.sleep(0.005)


async def _fill(runtime: Runtime) -> None:
    """Have so many tokens revoked one by one."""
    now = runtime.clock.now()
    noted = {"expires_at": now.replace(year=now.year + 1), "ended_at": now}
    new: list[dict[str, UUID | object]] = [
        {"id": runtime.randomness.uuid7(), **noted} for _ in range(ENTRIES)
    ]
    async with runtime.unit_of_work() as uow:
        await uow.db.execute(insert(OAuthRevokedToken), new)


async def _measure(folder: str) -> None:
    port = free_port()
    settings = Settings.model_validate(
        {
            "database_url": f"sqlite:///{Path(folder, 'auth.db')}",
            "secret_key": _SECRET,
            "public_url": f"http://127.0.0.1:{port}",
        }
    )
    app = create_app(settings)
    serving = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None))
    task = asyncio.create_task(serving.serve())
    while not serving.started:
        await asyncio.sleep(0.01)
    runtime: Runtime = app.state.runtime
    async with httpx2.AsyncClient(base_url=settings.public_url) as http:
        protocol = Protocol(Api(http, runtime))
        columns = {"is_resource_server": True, "audience": API}
        reader = await protocol.apps(columns=columns)
        server = ResourceServer(
            settings.public_url, API, credentials=(reader.client_id, reader.secret)
        )
        async with server:
            taken = [await _latency(protocol, server) for _ in range(ROUNDS)]
        print(f"a session ends, the API refuses: {statistics.median(taken):.2f} s")
        print(f"  at most, of {ROUNDS}: {max(taken):.2f} s")
        await _fill(runtime)
        await asyncio.sleep(1)
        began = time.perf_counter()
        first = await http.get("/oauth2/revoked", headers=reader.basic)
        print(f"{ENTRIES:,} entries: {len(first.content):,} bytes")
        print(f"  read, signed, sent: {(time.perf_counter() - began) * 1e3:.0f} ms")
        await asyncio.sleep(1)
        began, tag = time.perf_counter(), first.headers["etag"]
        known = {"If-None-Match": tag, **reader.basic}
        again = await http.get("/oauth2/revoked", headers=known)
        print(f"  looked at again ({again.status_code}): ", end="")
        print(f"{(time.perf_counter() - began) * 1e3:.0f} ms")
    runtime.stopping.is_begun = serving.should_exit = True
    await task


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        asyncio.run(_measure(made))
