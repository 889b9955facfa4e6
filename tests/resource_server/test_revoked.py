"""A real service and an API that follows what is revoked, over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from auth_serve_client import Refused, ResourceServer, Unavailable
from fastapi import FastAPI

from app.core.clock import Clock, SystemClock
from app.services.sessions.end import end_session
from tests.servers.ports import free_port
from tests.support.oauth import Protocol, SignedIn

API = "https://orders.example"


@pytest.fixture
def clock() -> Clock:
    """The time as it is: the API looks at its own."""
    return SystemClock()


@pytest.fixture
def port() -> int:
    """Where the service listens."""
    return free_port()


@pytest.fixture
def options(port: int) -> dict[str, object]:
    """An issuer that can be reached by its name."""
    return {"public_url": f"http://127.0.0.1:{port}"}


@pytest.fixture
async def live(app: FastAPI, port: int) -> AsyncIterator[uvicorn.Server]:
    """The service on a port."""
    config = uvicorn.Config(app, port=port, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server
    server.should_exit = True
    app.state.runtime.stopping.is_begun = True
    await serving


@pytest.fixture
async def who(protocol: Protocol) -> SignedIn:
    """Somebody who signed in at an application of the API."""
    return await protocol.signed_in(await protocol.apps(columns={"audience": API}))


async def _server(protocol: Protocol, **more: Any) -> ResourceServer:
    columns = {"is_resource_server": True, "audience": API}
    app = await protocol.apps(columns=columns)
    return ResourceServer(
        protocol.runtime.settings.public_url,
        API,
        credentials=(app.client_id, app.secret),
        **more,
    )


async def _eventually_refused(server: ResourceServer, token: str) -> str:
    for _ in range(1_200):  # a minute at least: nothing is measured
        try:
            await server.authenticate(f"Bearer {token}")
        except Refused as refused:
            return refused.hint
        await asyncio.sleep(0.05)
    raise AssertionError("never refused")


async def test_who_signs_out_is_refused_at_the_api(
    live: uvicorn.Server, protocol: Protocol, who: SignedIn
) -> None:
    async with await _server(protocol) as server:
        assert (await server.authenticate(f"Bearer {who.access}")).claims["sid"]

        async with protocol.runtime.unit_of_work() as uow:
            await end_session(uow, who.user.id, who.issued.session_id, "owner")

        assert await _eventually_refused(server, who.access) == "revoked"


async def test_what_ended_before_the_api_began_is_known_at_once(
    live: uvicorn.Server, protocol: Protocol, who: SignedIn
) -> None:
    await protocol.revoke(who.app, who.access)

    async with await _server(protocol) as server:
        with pytest.raises(Refused):
            await server.authenticate(f"Bearer {who.access}")


@pytest.mark.parametrize("choice", ["accept", "refuse"])
async def test_the_api_chooses_what_silence_means(
    live: uvicorn.Server, protocol: Protocol, who: SignedIn, choice: str
) -> None:
    async with await _server(protocol, when_silent=choice) as server:
        await server.authenticate(f"Bearer {who.access}")
        assert server.revoked is not None
        server.revoked._heard_at -= 120

        if choice == "accept":
            await server.authenticate(f"Bearer {who.access}")
        else:
            with pytest.raises(Unavailable):
                await server.authenticate(f"Bearer {who.access}")
