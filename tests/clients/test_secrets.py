"""Secrets of clients, as administrators give, rotate and end them."""

import json
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.models.oauth.client import OAuthClientSecret
from app.oauth.clients.secrets import find_secret
from app.services.server.runtime import Runtime
from tests.support.api import Api, Person
from tests.support.chance import FakeClock
from tests.support.client import JWKS, SHOP, events, make, seen
from tests.support.tables import contents


@pytest.fixture
async def admin(api: Api) -> Person:
    return await api.admin()


async def test_a_repeated_post_gets_the_same_secret_and_the_table_does_not_show_it(
    api: Api, runtime: Runtime, admin: Person
) -> None:
    headers = admin.headers | {"Idempotency-Key": "once"}

    answers = [
        await api.client.post(path, json=body, headers=headers)
        for path, body in [
            ("/api/v1/clients", SHOP),
            ("/api/v1/clients/shop/secrets", None),
        ]
        for _ in range(2)
    ]

    first, again, rotated, rotated_again = answers
    assert (first.status_code, first.text) == (201, again.text), first.text
    assert again.headers["location"] == "/api/v1/clients/shop"
    assert (rotated.status_code, rotated.text) == (201, rotated_again.text)
    assert len((await seen(runtime)).secrets) == 2
    held = json.dumps(await contents(runtime))
    for answer in (first, rotated):
        assert answer.json()["client_secret"] not in held
        assert answer.json()["client_secret"][6:] not in held


async def test_two_secrets_live_while_one_is_rotated(
    api: Api, runtime: Runtime, clock: FakeClock, admin: Person
) -> None:
    first = (await make(api, admin))["client_secret"]
    second = (await api.post("/clients/shop/secrets", None, admin)).json()
    both = (await seen(runtime)).secrets
    third = (await api.post("/clients/shop/secrets", None, admin)).json()
    left = (await seen(runtime)).secrets
    clock.advance(days=7)
    alone = (await seen(runtime)).secrets
    admin = await api.signed_in(admin)

    assert second["expires_at"] is None
    assert find_secret(first, both) and find_secret(second["client_secret"], both)
    assert find_secret(first, left) is None
    assert find_secret(second["client_secret"], left)
    assert find_secret(third["client_secret"], left)
    assert [find_secret(third["client_secret"], alone)] == list(alone)
    shown = (await api.get("/clients/shop", admin)).json()["secrets"]
    assert [each["id"] for each in shown] == [third["id"]]
    names = [event.name for event in await events(runtime)]
    assert names[1:] == ["oauth_client.secret_rotated"] * 2


async def test_a_secret_that_leaked_ends_at_once(
    api: Api, runtime: Runtime, admin: Person
) -> None:
    await make(api, admin)
    kept = (await api.post("/clients/shop/secrets", None, admin)).json()
    await make(api, admin, client_id="other")
    secrets = (await api.get("/clients/shop", admin)).json()["secrets"]
    old = next(each["id"] for each in secrets if each["id"] != kept["id"])

    foreign = await api.delete(f"/clients/other/secrets/{old}", admin)
    gone = await api.delete(f"/clients/shop/secrets/{old}", admin)
    again = await api.delete(f"/clients/shop/secrets/{old}", admin)

    assert [each.status_code for each in (foreign, gone, again)] == [404, 204, 404]
    assert again.json()["code"] == "client_secret_not_found"
    [left] = (await seen(runtime)).secrets
    assert find_secret(kept["client_secret"], [left])
    assert (await events(runtime))[-1].data == {"client_id": "shop", "secret_id": old}


async def test_who_needs_no_secret_gets_none_and_loses_what_it_had(
    api: Api, runtime: Runtime, admin: Person
) -> None:
    public = await make(api, admin, client_id="spa", token_endpoint_auth_method="none")
    await make(api, admin)
    keys = {"token_endpoint_auth_method": "private_key_jwt", "jwks": JWKS}

    refused = await api.post("/clients/spa/secrets", None, admin)
    moved = await api.patch("/clients/shop", keys, admin)

    assert public["client_secret"] is None and public["secrets"] == []
    assert (refused.status_code, refused.json()["code"]) == (
        409,
        "client_without_secret",
    )
    assert moved.json()["secrets"] == []
    async with runtime.database.session(read_only=True) as db:
        assert (await db.scalars(select(OAuthClientSecret))).all() == []


async def test_unknown_secret_ids_are_not_found(api: Api, admin: Person) -> None:
    await make(api, admin)

    answer = await api.delete(f"/clients/shop/secrets/{uuid4()}", admin)

    assert answer.status_code == 404
