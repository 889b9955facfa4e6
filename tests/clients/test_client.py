"""Clients, as administrators make and manage them under ``/api/v1/clients``."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.models.oauth.grant import OAuthGrant
from app.oauth.clients.secrets import find_secret
from app.services.server.runtime import Runtime
from tests.support.api import Api, Person
from tests.support.client import SHOP, events, fields, make, seen
from tests.support.tables import contents


@pytest.fixture
def options() -> dict[str, object]:
    return {"oauth": {"scopes": {"orders:read": "See your orders"}}}


@pytest.fixture
async def admin(api: Api) -> Person:
    return await api.admin()


async def grant(runtime: Runtime, person: Person, client_id: str = "shop") -> UUID:
    """Store what a person granted to a client."""
    async with runtime.unit_of_work() as uow:
        now, grant_id = uow.clock.now(), uow.randomness.uuid7()
        uow.db.add(
            OAuthGrant(
                id=grant_id,
                client_id=client_id,
                user_id=person.id,
                session_id=grant_id,
                is_offline=True,
                scope="openid",
                claims={},
                acr="aal1",
                amr="pwd",
                authenticated_at=now,
                counter=0,
                created_at=now,
                redeemed_at=now,
                refreshed_at=now,
                expires_at=now,
                absolute_expires_at=now,
            )
        )
    return grant_id


async def test_a_client_is_made_with_a_secret_that_is_shown_once(
    api: Api, runtime: Runtime, admin: Person
) -> None:
    answer = await api.post("/clients", SHOP, admin)
    made = answer.json()
    read = await api.get("/clients/shop", admin)
    listed = (await api.get("/clients", admin)).json()

    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == "/api/v1/clients/shop"
    assert made["client_secret"].startswith("as_cs_")
    assert made["token_endpoint_auth_method"] == "client_secret_basic"
    assert made["scope"] == "openid profile email address phone offline_access"
    assert (made["is_self_registered"], made["is_first_party"]) == (False, False)
    assert read.headers["etag"] == '"1"'
    assert read.json() == {n: v for n, v in made.items() if n != "client_secret"}
    assert [each["client_id"] for each in listed["items"]] == ["shop"]
    [secret] = (await seen(runtime)).secrets
    assert find_secret(made["client_secret"], [secret]) == secret
    [event] = await events(runtime)
    assert (event.name, event.actor_id) == ("oauth_client.registered", admin.id)


async def test_an_identifier_is_made_where_none_is_chosen(
    api: Api, admin: Person
) -> None:
    made = await make(api, admin, client_id=None)

    assert made["client_id"].startswith("client-") and len(made["client_id"]) == 39


async def test_an_identifier_is_of_one_client(api: Api, admin: Person) -> None:
    made = await make(api, admin)
    again = await api.post("/clients", SHOP | {"client_name": "Other"}, admin)

    assert (again.status_code, again.json()["code"]) == (409, "client_exists")
    assert (await api.get("/clients/shop", admin)).json()["client_name"] == "Shop"
    assert made["client_name"] == "Shop"


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"redirect_uris": ["http://shop.example/cb"]}, "redirect_uris"),
    ({"redirect_uris": []}, "redirect_uris"),
    ({"client_name": "Sh\u202eop"}, "client_name"),
    ({"scope": "openid admin"}, "scope"),
    ({"grant_types": ["password"]}, "grant_types"),
    (
        {"token_endpoint_auth_method": "client_secret_jwt"},
        "token_endpoint_auth_method",
    ),
    ({"token_endpoint_auth_method": "private_key_jwt"}, "jwks"),
    ({"jwks": {"keys": [{"kty": "oct", "k": "x"}]}}, "jwks"),
    ({"default_max_age": -1}, "default_max_age"),
    ({"minimum_acr": "aal3"}, "minimum_acr"),
    (
        {"redirect_uri_patterns": ["https://*.preview.example.com/cb"]},
        "redirect_uri_patterns",
    ),
    ({"id_token_signed_response_alg": "none"}, "id_token_signed_response_alg"),
    (
        {"frontchannel_logout_uri": "https://evil.example/"},
        "frontchannel_logout_uri",
    ),
    ({"audience": "shop"}, "audience"),
    ({"audience": "http://LOCALHOST:8000"}, "audience"),
    ({"audience": "http://localhost:8000/"}, "audience"),
    ({"audience": "http://localhost:8000/api/v1"}, "audience"),
    ({"audience": "https://api.example/#x"}, "audience"),
    ({"pkce": "never"}, "pkce"),
    ({"status": None}, "status"),
    ({"is_first_party": "true"}, "is_first_party"),
    ({"is_self_registered": True}, "is_self_registered"),
    ({"client_secret": "mine"}, "client_secret"),
    ({"version": 7}, "version"),
]


async def test_what_is_not_acceptable_is_refused_by_name_and_changes_nothing(
    api: Api, runtime: Runtime, admin: Person
) -> None:
    await make(api, admin)
    before = await contents(runtime)

    for change, field in REFUSED:
        made = await api.post("/clients", SHOP | {"client_id": "new"} | change, admin)
        changed = await api.patch("/clients/shop", change, admin)

        assert (fields(made), fields(changed)) == ([field], [field]), change
    assert await contents(runtime) == before


async def test_administrators_decide_what_clients_cannot(
    api: Api, runtime: Runtime, admin: Person
) -> None:
    await make(
        api,
        admin,
        pkce="always",
        minimum_acr="aal2",
        is_first_party=True,
        is_resource_server=True,
        audience="https://api.example/orders",
        scope="openid orders:read",
    )

    client = await seen(runtime)

    assert (client.pkce, client.is_first_party) == ("always", True)
    assert client.is_resource_server and client.minimum_acr == "aal2"
    assert client.audience == "https://api.example/orders"
    assert client.scope == {"openid", "orders:read"}


async def test_a_machine_is_given_no_scope_that_nobody_named(
    api: Api, runtime: Runtime, admin: Person
) -> None:
    asks = {"is_resource_server": True, "audience": "https://api.example/orders"}
    await make(api, admin, grant_types=["client_credentials"], redirect_uris=[], **asks)

    client = await seen(runtime)

    assert (client.scope, client.response_types) == (frozenset(), frozenset())
    changed = await api.patch("/clients/shop", {"client_name": "Robot"}, admin)
    assert (changed.status_code, changed.json()["scope"]) == (200, "")


async def test_a_machine_that_would_get_no_token_is_not_made(
    api: Api, runtime: Runtime, admin: Person
) -> None:
    """RFC 6749 §3.3, §4.4: without a scope of its own it would be refused each time."""
    robot = {"client_id": "robot", "grant_types": ["client_credentials"]}
    before = await contents(runtime)

    for scope in ({}, {"scope": ""}, {"scope": "openid profile"}):
        refused = await api.post("/clients", robot | scope, admin)

        assert (refused.status_code, fields(refused)) == (422, ["scope"])
        assert "AUTH_SERVE_OAUTH__SCOPES" in refused.text
    assert await contents(runtime) == before
    made = await api.post("/clients", robot | {"scope": "orders:read"}, admin)
    assert made.status_code == 201
    taken = await api.patch("/clients/robot", {"scope": ""}, admin)
    assert fields(taken) == ["scope"]
    async with runtime.unit_of_work() as uow:  # one that an older release made
        row = await uow.oauth_clients.by_client_id("robot")
        assert row is not None
        row.document = {n: v for n, v in row.document.items() if n != "scope"}
    renamed = await api.patch("/clients/robot", {"client_name": "Old robot"}, admin)
    assert renamed.status_code == 200
    disabled = await api.patch("/clients/robot", {"status": "disabled"}, admin)
    assert disabled.json()["status"] == "disabled"


async def test_a_change_is_seen_at_once_and_judged_with_all_the_rest(
    api: Api, runtime: Runtime, admin: Person
) -> None:
    await make(api, admin, logo_uri="https://shop.example/logo")
    assert "logo_uri" in (await seen(runtime)).links  # and it is kept for a while

    answer = await api.patch(
        "/clients/shop",
        {"redirect_uris": ["https://shop.example/new"], "logo_uri": None},
        admin,
        If_Match='"1"',
    )
    stale = await api.patch(
        "/clients/shop", {"client_name": "x"}, admin, If_Match='"1"'
    )
    alone = await api.patch("/clients/shop", {"response_types": []}, admin)
    same = await api.patch("/clients/shop", {"client_name": "Shop"}, admin)

    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert answer.json()["logo_uri"] is None
    assert answer.json()["client_name"] == "Shop"
    client = await seen(runtime)
    assert client.redirect_uris == ("https://shop.example/new",)
    assert client.links == {}
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert fields(alone) == ["response_types"]
    assert same.headers["etag"] == '"2"'
    updated = [e.data for e in await events(runtime) if e.name.endswith(".updated")]
    assert updated == [
        {"client_id": "shop", "fields": ["logo_uri", "redirect_uris"]},
    ]


@pytest.mark.parametrize("way", ["disabled", "deleted"])
async def test_a_client_that_ends_takes_what_was_granted_along(
    api: Api, runtime: Runtime, admin: Person, way: str
) -> None:
    await make(api, admin)
    await make(api, admin, client_id="other")
    ended, left = await grant(runtime, admin), await grant(runtime, admin, "other")
    assert await runtime.clients.by_client_id("shop")

    if way == "disabled":
        answer = await api.patch("/clients/shop", {"status": "disabled"}, admin)
        assert answer.json()["status"] == "disabled"
    else:
        assert (await api.delete("/clients/shop", admin)).status_code == 204
        gone = await api.get("/clients/shop", admin)
        assert (gone.status_code, gone.json()["code"]) == (404, "client_not_found")

    assert await runtime.clients.by_client_id("shop") is None
    async with runtime.database.session(read_only=True) as db:
        rows = {row.id: row for row in await db.scalars(select(OAuthGrant))}
    assert rows[left].revoked_at is None
    if way == "disabled":
        assert rows[ended].revoked_reason == "client_disabled"
    else:
        assert ended not in rows
    assert (await events(runtime))[-1].data["client_id"] == "shop"


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE", "POST"])
async def test_a_client_that_is_not_there_is_not_found(
    api: Api, admin: Person, method: str
) -> None:
    path = "/api/v1/clients/nobody" + ("/secrets" if method == "POST" else "")
    body = {"client_name": "x"} if method == "PATCH" else None

    answer = await api.client.request(method, path, json=body, headers=admin.headers)

    assert (answer.status_code, answer.json()["code"]) == (404, "client_not_found")


async def test_clients_are_listed_page_by_page(api: Api, admin: Person) -> None:
    for name in ("c-1", "C-2", "a-3", "b.4"):
        await make(api, admin, client_id=name)

    found: list[str] = []
    path = "/clients?limit=3"
    cursor = None
    for _ in range(2):
        page = (
            await api.get(path + (f"&cursor={cursor}" if cursor else ""), admin)
        ).json()
        found += [each["client_id"] for each in page["items"]]
        cursor = page["next_cursor"]

    assert found == ["C-2", "a-3", "b.4", "c-1"]
    assert cursor is None
    assert (await api.get("/clients?cursor=x", admin)).status_code == 400


async def test_a_client_that_manages_itself_gets_no_powers(
    api: Api, runtime: Runtime, admin: Person
) -> None:
    await make(api, admin)
    async with runtime.unit_of_work() as uow:
        row = await uow.oauth_clients.by_client_id("shop")
        assert row is not None
        row.is_self_registered = True

    answers = [
        await api.patch("/clients/shop", change, admin)
        for change in (
            {"is_first_party": True},
            {"is_resource_server": True},
            {"audience": "https://api.example"},
        )
    ]

    assert [fields(answer)[0] for answer in answers] == [
        "is_first_party",
        "is_resource_server",
        "audience",
    ]
    disabled = await api.patch("/clients/shop", {"status": "disabled"}, admin)
    assert disabled.status_code == 200
