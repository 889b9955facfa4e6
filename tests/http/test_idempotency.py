"""``Idempotency-Key``: whose key it is, for which request, and for how long."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response

from tests.support.api import PASSWORD, Api, Person
from tests.support.chance import FakeClock

KEY = {"Idempotency-Key": "abc"}
REGISTER = "/api/v1/auth/register"


@pytest.fixture
async def stranger(app: FastAPI) -> AsyncIterator[AsyncClient]:
    """Somebody in another network than ``client``."""
    transport = ASGITransport(app=app, client=("198.51.100.7", 40_000))
    async with AsyncClient(transport=transport, base_url="http://test") as http:
        yield http


async def create(api: Api, person: Person, kind: str, name: str) -> Response:
    """Make a user or a role under the same key."""
    bodies = {"users": {"email": f"{name}@example.com"}, "roles": {"name": name}}
    path, headers = f"/api/v1/{kind}", person.headers | KEY
    return await api.client.post(path, json=bodies[kind], headers=headers)


@pytest.mark.parametrize("kind", ["users", "roles"])
async def test_the_key_of_one_user_means_nothing_to_another(
    api: Api, kind: str
) -> None:
    ann, bob = await api.admin(), await api.admin()

    first = await create(api, ann, kind, "first")
    other = await create(api, bob, kind, "other")
    again = await create(api, ann, kind, "first")
    reused = await create(api, ann, kind, "other")

    assert (first.status_code, other.status_code) == (201, 201), other.text
    assert (again.status_code, again.text) == (201, first.text)
    assert reused.json()["code"] == "idempotency_key_reused"


async def test_the_key_of_one_route_means_nothing_to_another(api: Api) -> None:
    admin = await api.admin()

    answers = [await create(api, admin, kind, "new") for kind in ("users", "roles")]

    assert [answer.status_code for answer in answers] == [201, 201]


async def test_a_stranger_neither_blocks_a_key_nor_gets_its_answer(
    api: Api, stranger: AsyncClient
) -> None:
    ann = {"email": "ann@example.com", "password": PASSWORD}
    eve = {"email": "eve@example.com", "password": PASSWORD}

    blocking = await stranger.post(REGISTER, json=eve, headers=KEY)
    first = await api.client.post(REGISTER, json=ann, headers=KEY)
    copied = await stranger.post(REGISTER, json=ann, headers=KEY)
    again = await api.client.post(REGISTER, json=ann, headers=KEY)

    assert (blocking.status_code, first.status_code) == (201, 201), first.text
    assert copied.json()["code"] == "idempotency_key_reused"
    assert (again.status_code, again.json()) == (201, first.json())


async def test_a_key_is_forgotten_after_a_day(api: Api, clock: FakeClock) -> None:
    ann = {"email": "ann@example.com", "password": PASSWORD}
    bob = {"email": "bob@example.com", "password": PASSWORD}
    first = await api.client.post(REGISTER, json=ann, headers=KEY)

    clock.advance(hours=23)
    kept = await api.client.post(REGISTER, json=ann, headers=KEY)
    clock.advance(hours=1)
    same = await api.client.post(REGISTER, json=ann, headers=KEY)
    other = await api.client.post(REGISTER, json=bob, headers=KEY)

    assert (kept.status_code, kept.json()) == (201, first.json())
    assert same.json()["code"] == "email_taken"  # it was tried, not remembered
    assert (other.status_code, other.json()["email"]) == (201, bob["email"])
