"""Clients that register and manage themselves, as tests see them."""

from typing import Any

from httpx2 import AsyncClient, Response

from app.oauth.clients.client import Client
from app.services.server.runtime import Runtime

WEB: dict[str, Any] = {"redirect_uris": ["https://client.example.org/callback"]}


def options_of(mode: str) -> dict[str, object]:
    """Return the settings of a service whose registration is in this mode."""
    return {
        "oauth": {"registration": mode, "scopes": {"orders:read": "See your orders"}},
        "outbound": {"allowed_hosts": ["127.0.0.1"]},
        "limits": {"registration_address": "100/3600"},
    }


async def register(client: AsyncClient, **metadata: Any) -> dict[str, Any]:
    """Register a client and return what it was told."""
    answer = await client.post("/oauth2/register", json=WEB | metadata)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def manage(
    client: AsyncClient, method: str, told: dict[str, Any], body: Any = None
) -> Response:
    """Manage a client with its own token, at the address that it was told."""
    url = told["registration_client_uri"].removeprefix("http://localhost:8000")
    headers = {"Authorization": f"Bearer {told['registration_access_token']}"}
    sent = {"json": body} if body is not None else {}
    return await client.request(method, url, headers=headers, **sent)


def refused(answer: Response) -> str:
    """Return the error of a refusal in the form of RFC 7591 section 3.2.2."""
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["error_description"]
    error: str = body["error"]
    return error


def unauthorized(answer: Response) -> str:
    assert answer.status_code == 401, answer.text
    return answer.headers["www-authenticate"]


async def seen(runtime: Runtime, client_id: str) -> Client:
    client = await runtime.clients.by_client_id(client_id)
    assert client is not None
    return client
