"""Attributes at the same moment: defined, set and deleted by two processes."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncClient
from sqlalchemy import func, select, text

from app.models.access.attribute import Attribute, UserAttribute
from app.policies.attribute import MAX_BYTES
from app.policies.permission import ADMIN_ROLE
from tests.races.crowd import address, assert_one_success
from tests.support.api import Api, Person


@pytest.fixture
async def admin(api: Api) -> Person:
    """Who defines and sets."""
    return await api.person(ADMIN_ROLE, email=address())


@pytest.fixture
def there(api: Api, both: list[AsyncClient]) -> list[Api]:
    """The same people at either process."""
    return [api, Api(both[1], api.runtime)]


async def _define(api: Api, admin: Person, **members: Any) -> str:
    name = f"race-{uuid4().hex[:12]}"
    made = await api.post("/attributes", {"name": name, **members}, admin)
    assert made.status_code == 201, made.text
    return name


async def test_of_two_who_change_what_both_read_one_is_told(
    api: Api, there: list[Api], admin: Person
) -> None:
    path = f"/attributes/{await _define(api, admin)}"
    read = await api.get(path, admin)
    tag = {"If_Match": read.headers["etag"]}

    answers = await asyncio.gather(
        *(
            there[number % 2].patch(path, {"label": f"Label {number}"}, admin, **tag)
            for number in range(10)
        )
    )

    assert_one_success(answers, 200)
    [won] = [each.json() for each in answers if each.status_code == 200]
    assert (await api.get(path, admin)).json()["label"] == won["label"]


async def test_nobody_writes_past_the_bound_of_a_person_together(
    api: Api, there: list[Api], admin: Person
) -> None:
    """Each alone would fit; writers hold the account."""
    person = await api.person(email=address())
    names = [await _define(api, admin, type="strings") for _ in range(4)]
    texts = [f"{number}{'x' * 999}" for number in range(MAX_BYTES // 1_000 - 3)]

    answers = await asyncio.gather(
        *(
            there[number % 2].patch(
                f"/users/{person.id}", {"attributes": {name: texts}}, admin
            )
            for number, name in enumerate(names)
        )
    )

    assert_one_success(answers, 200)


async def test_no_value_is_stored_that_the_definition_of_then_refuses(
    api: Api, there: list[Api], admin: Person
) -> None:
    """Writers hold the definition, and whoever changes it holds it alone."""
    name = await _define(api, admin)
    people = [await api.users(email=address()) for _ in range(10)]

    async def write(number: int) -> int:
        body = {"attributes": {name: "old"}}
        path = f"/users/{people[number].id}"
        return (await there[number % 2].patch(path, body, admin)).status_code

    async def narrow() -> int:
        change = {"pattern": "new"}
        return (await api.patch(f"/attributes/{name}", change, admin)).status_code

    changed, *during = await asyncio.gather(narrow(), *(write(n) for n in range(10)))
    after = [await write(number) for number in range(2)]
    assert changed == 200 and set(during) <= {200, 422} and after == [422, 422]
    mine = UserAttribute.attribute == name
    async with api.runtime.database.session(read_only=True) as db:
        stored = (await db.scalars(select(UserAttribute.updated_at).where(mine))).all()
        definition = await db.get_one(Attribute, name)
    assert len(stored) == during.count(200)
    assert all(at <= definition.updated_at for at in stored)


async def test_a_value_is_judged_by_the_definition_that_is_being_changed(
    api: Api, admin: Person
) -> None:
    """Who writes waits for who changes, and then reads what was changed."""
    name, person = await _define(api, admin), await api.users(email=address())
    body = {"attributes": {name: "old"}}
    async with api.runtime.database.session() as db, db.begin():
        definition = await db.get_one(Attribute, name, with_for_update=True)
        definition.pattern = "new"
        await db.flush()
        writing = asyncio.create_task(api.patch(f"/users/{person.id}", body, admin))
        while not (writing.done() or await _somebody_waits(db)):
            await asyncio.sleep(0.01)

    assert (await writing).status_code == 422


async def _somebody_waits(db: Any) -> bool:
    """Tell whether a statement waits for us; writers of SQLite always do."""
    if db.get_bind().dialect.name == "sqlite":
        return True
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    return bool(await db.scalar(text(waiting)))


async def test_what_is_deleted_leaves_no_value_behind(
    api: Api, there: list[Api], admin: Person
) -> None:
    name = await _define(api, admin)
    people = [await api.users(email=address()) for _ in range(10)]

    async def write(number: int) -> int:
        body = {"attributes": {name: "x"}}
        path = f"/users/{people[number].id}"
        return (await there[number % 2].patch(path, body, admin)).status_code

    async def delete() -> int:
        return (await api.delete(f"/attributes/{name}", admin)).status_code

    statuses = await asyncio.gather(delete(), *(write(each) for each in range(10)))

    assert statuses[0] == 204
    assert set(statuses[1:]) <= {200, 422}
    mine = UserAttribute.attribute == name
    async with api.runtime.database.session(read_only=True) as db:
        count = await db.scalar(select(func.count()).where(mine))
    assert count == 0
