"""What tests of ``/api/v1/clients`` share: a client, and what became of it."""

from typing import Any

from httpx2 import Response
from sqlalchemy import select

from app.models.audit_event import AuditEvent
from app.oauth.clients.client import Client
from app.services.server.runtime import Runtime
from tests.support.api import Api, Person

SHOP: dict[str, Any] = {
    "client_id": "shop",
    "client_name": "Shop",
    "redirect_uris": ["https://shop.example/cb"],
}
JWKS = {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "rPwukRQSzl0LM4e2hUHd3GJMto"}]}


async def make(api: Api, admin: Person, **changes: Any) -> dict[str, Any]:
    """Make a client and return the answer, or demand that it was made."""
    answer = await api.post("/clients", SHOP | changes, admin)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def seen(runtime: Runtime, client_id: str = "shop") -> Client:
    """Return the client as the protocol engine sees it."""
    client = await runtime.clients.by_client_id(client_id)
    assert client is not None
    return client


def fields(answer: Response) -> list[str]:
    """Return which fields a refusal names."""
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return [error["field"] for error in answer.json()["errors"]]


async def events(runtime: Runtime, prefix: str = "oauth_client.") -> list[AuditEvent]:
    query = select(AuditEvent).where(AuditEvent.name.startswith(prefix))
    async with runtime.database.session(read_only=True) as db:
        return list(await db.scalars(query.order_by(AuditEvent.id)))
