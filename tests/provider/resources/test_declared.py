"""APIs of the settings that something stored is called like."""

from contextlib import AsyncExitStack

import pytest

from app.config import Settings
from app.services.server.runtime import build_runtime
from app.services.server.startup import StartRefused, start
from tests.conftest import SECRET
from tests.support.oauth import Protocol


async def serve(database_url: str, identifier: str) -> None:
    """Start a service that declares an API, as another process of this database."""
    chosen = {
        "database_url": database_url,
        "secret_key": SECRET,
        "jobs": False,
        "resources": [{"identifier": identifier}],
    }
    runtime = build_runtime(Settings.model_validate(chosen))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(runtime.close)
        await start(runtime, serving=True)


async def test_no_start_with_an_api_called_like_a_client_people_sign_in_to(
    protocol: Protocol, database_url: str
) -> None:
    """RFC 9068 §5: an ID token would pass for an access token, and the reverse."""
    app = await protocol.apps()
    machine = await protocol.apps.machine()

    with pytest.raises(StartRefused) as refused:
        await serve(database_url, app.client_id)
    await serve(database_url, machine.client_id)

    said = str(refused.value)
    assert said.startswith(f"AUTH_SERVE_RESOURCES: {app.client_id} is the identifier")
    assert "delete that client, or give the API another identifier" in said


@pytest.mark.parametrize(
    ("identifier", "flaw"),
    [
        ("http://localhost:8000/orders", "of this server itself"),
        ("http://localhost:3000", "a protected host"),
    ],
)
async def test_no_start_with_an_api_called_like_what_is_here(
    protocol: Protocol, database_url: str, identifier: str, flaw: str
) -> None:
    admin = (await protocol.api.admin()).headers
    body = {"host": "localhost:3000"}
    made = await protocol.http.post("/api/v1/protected-hosts", json=body, headers=admin)
    assert made.status_code == 201, made.text

    with pytest.raises(StartRefused, match=flaw):
        await serve(database_url, identifier)
