"""Every list has one form, and says where it ends."""

from typing import Any
from uuid import UUID

import pytest

from app.policies.permission import ADMIN_ROLE
from app.services.oauth.consent import OAuthConsentService
from app.services.server.signing_key import SigningKeyService
from app.services.sign_in.remembered_device import RememberedDeviceService
from tests.connections.support import add_connection
from tests.factories.oauth import ApplicationFactory
from tests.http.test_api_document import document
from tests.support.api import Api, Person


def _is_list(operation: dict[str, Any]) -> bool:
    answer = operation.get("responses", {}).get("200", {}).get("content", {})
    schema = answer.get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    found = document()["components"]["schemas"].get(name, {})
    return "items" in found.get("properties", {})


_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_CONDITION = {"claim": "sub", "equals": "x"}
# What belongs to one thing, and what is off unless somebody turns it on, is paged by
# its own tests.
LISTS = sorted(
    path
    for path, item in document()["paths"].items()
    if _is_list(item.get("get", {})) and "{" not in path and "/tokens" not in path
)


@pytest.fixture
def options() -> dict[str, object]:
    return {"oauth": {"scopes": {"orders:read": "See orders"}}}


async def fill(api: Api) -> Person:
    """Put more than three rows into every list; return who may read them all."""
    admin = await api.admin()
    for number in range(4):
        name = f"role{number}"
        await api.post("/roles", {"name": name}, admin)
        admin = await api.signed_in(admin)
        await api.post("/groups", {"name": name}, admin)
        await api.post("/attributes", {"name": name}, admin)
        await api.post("/webhooks", {"url": f"https://{name}.example"}, admin)
        await add_connection(api, admin, name)
        await api.post("/resources", {"identifier": f"https://{name}.example"}, admin)
        await api.post("/protected-hosts", {"host": f"localhost:400{number}"}, admin)
        robot: dict[str, Any] = {"client_id": f"robot{number}"}
        robot["scope"] = "orders:read"
        robot |= {"grant_types": ["client_credentials", _BEARER], "response_types": []}
        await api.post("/clients", robot, admin)
        rule = {"client_id": robot["client_id"], "conditions": [_CONDITION]}
        issuer = {"name": name, "issuer": f"https://{name}.example", "rules": [rule]}
        await api.post("/trusted-issuers", issuer, admin)
        person = await api.users()
        await api.post("/auth/forgot-password", {"email": person.email})
        application = await ApplicationFactory(api.runtime)()
        await SigningKeyService(api.runtime).rotate()
        async with api.runtime.unit_of_work() as uow:
            consents = OAuthConsentService(uow)
            await consents.remember(admin.id, application.client_id, ("openid",), ())
        devices = RememberedDeviceService(api.runtime)
        await devices.remember(admin.id, admin.session_id, ())
    return admin


async def page(api: Api, path: str, reader: Person, **query: Any) -> dict[str, Any]:
    """Return a page."""
    fields = {"state": "pending"} if path.endswith("/outbox") else {}
    fields |= {name: str(value) for name, value in query.items() if value is not None}
    answer = await api.client.get(path, params=fields, headers=reader.headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert set(found) == {"items", "next_cursor"}
    return found


def test_the_lists_are_found() -> None:
    found = [path.removeprefix("/api/v1") for path in LISTS]

    assert found == [
        "/attributes",
        "/audit-events",
        "/clients",
        "/connections",
        "/groups",
        "/keys",
        "/outbox",
        "/protected-hosts",
        "/resources",
        "/roles",
        "/trusted-issuers",
        "/users",
        "/users/me/activity",
        "/users/me/consents",
        "/users/me/devices",
        "/users/me/sessions",
        "/webhooks",
    ]


async def test_a_full_last_page_is_the_last_page(api: Api) -> None:
    reader = await fill(api)

    for path in LISTS:
        everything = (await page(api, path, reader, limit=200))["items"]
        count = len(everything)
        assert count >= 4, path
        exact = await page(api, path, reader, limit=count)
        fewer = await page(api, path, reader, limit=count - 1)
        rest = {"limit": count - 1, "cursor": fewer["next_cursor"]}
        last = await page(api, path, reader, **rest)

        assert (exact["items"], exact["next_cursor"]) == (everything, None), path
        assert fewer["items"] + last["items"] == everything, path
        assert len(last["items"]) == 1 and last["next_cursor"] is None, path


async def test_pages_of_one_row_show_every_row_once(api: Api) -> None:
    reader = await fill(api)

    for path in LISTS:
        everything = (await page(api, path, reader, limit=200))["items"]
        seen, cursor = [], None
        for _ in everything:
            part = await page(api, path, reader, limit=1, cursor=cursor)
            seen += part["items"]
            cursor = part["next_cursor"]

        assert seen == everything and cursor is None, path


async def test_a_cursor_of_somebody_elses_sessions_is_refused(api: Api) -> None:
    ann, bob = await api.person(ADMIN_ROLE), await api.person()
    await api.signed_in(ann)
    first = (await api.get("/users/me/sessions?limit=1", ann)).json()

    path = f"/users/me/sessions?limit=1&cursor={first['next_cursor']}"
    mine, theirs = await api.get(path, ann), await api.get(path, bob)

    assert UUID(mine.json()["items"][0]["id"]).version == 7
    assert (theirs.status_code, theirs.json()["code"]) == (400, "invalid_cursor")
