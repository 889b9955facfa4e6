"""What the owner of an account is told: all about oneself, nothing about others."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from fastapi import FastAPI
from starlette.types import Message

from app.models import AuditEvent
from app.services.accounts.export import BATCH
from app.services.server.runtime import Runtime
from tests.http.test_broken_requests import raw
from tests.support.api import Api, Person

AGENT = "stranger's browser"


async def store(runtime: Runtime, count: int, **columns: Any) -> list[UUID]:
    """Store audit events; return their ids."""
    now = runtime.clock.now() - timedelta(days=1)
    ids = [runtime.randomness.uuid7() for _ in range(count)]
    given: dict[str, Any] = {
        "name": "test.done",
        "correlation_id": "c",
        "ip": "203.0.113.9",
    }
    given |= {"user_agent": AGENT, "data": {}, "created_at": now}
    given |= {"user_id": None, "actor_id": None} | columns
    async with runtime.unit_of_work() as uow:
        uow.db.add_all(AuditEvent(id=event_id, **given) for event_id in ids)
    return ids


async def told(api: Api, person: Person, where: str) -> list[dict[str, Any]]:
    """Return every event that a person is told of."""
    if where == "export":
        content = (await api.get("/users/me/export", person)).json()
        found: list[dict[str, Any]] = content["activity"]
        return found
    answer = (await api.get("/users/me/activity?limit=200", person)).json()
    listed: list[dict[str, Any]] = answer["items"]
    return listed


@pytest.mark.parametrize("where", ["activity", "export"])
async def test_who_did_something_to_an_account_is_not_told_to_its_owner(
    api: Api, where: str
) -> None:
    owner, admin = await api.person(), await api.admin()
    [id_] = await store(api.runtime, 1, user_id=owner.id, actor_id=admin.id)
    await api.patch(f"/users/{owner.id}", {"name": "Renamed"}, admin)
    asked = {"email": owner.email}  # the holder learns that somebody wants the address
    await api.post("/users/me/email", asked, await api.person())

    events = await told(api, owner, where)

    names = {"test.done", "user.updated", "email.change_collided"}
    foreign = [event for event in events if event["name"] in names]
    assert len(foreign) == 3
    for event in foreign:
        assert (event["actor_id"], event["ip"], event["user_agent"]) == (None, "", "")
    own = next(event for event in events if event["name"] == "sign_in.succeeded")
    assert own["ip"] == "192.0.2.1" and own["user_agent"]
    auditor = (await api.get(f"/audit-events?actor_id={admin.id}", admin)).json()
    [whole] = [event for event in auditor["items"] if event["id"] == str(id_)]
    assert (whole["ip"], whole["user_agent"]) == ("203.0.113.9", AGENT)


@pytest.mark.parametrize("where", ["activity", "export"])
async def test_what_a_stranger_tried_is_told_with_the_address(
    api: Api, where: str
) -> None:
    owner = await api.person()
    await store(api.runtime, 1, user_id=owner.id)

    events = await told(api, owner, where)

    [event] = [event for event in events if event["name"] == "test.done"]
    assert (event["ip"], event["user_agent"]) == ("203.0.113.9", AGENT)


async def test_the_export_tells_what_one_did_but_not_to_whom(api: Api) -> None:
    admin, other, third = await api.admin(), await api.person(), await api.person()
    await api.patch(f"/users/{other.id}", {"name": "Renamed"}, admin)
    await store(api.runtime, 1, user_id=other.id, actor_id=third.id, name="other.own")

    answer = await api.get("/users/me/export", admin)

    [event] = [e for e in answer.json()["activity"] if e["name"] == "user.updated"]
    assert (event["user_id"], event["actor_id"]) == (None, str(admin.id))
    assert event["ip"] == "192.0.2.1"
    assert "other.own" not in answer.text and str(other.id) not in answer.text


async def test_the_export_does_not_tell_whose_address_was_asked_for(api: Api) -> None:
    person, holder = await api.person(), await api.person()
    await api.post("/users/me/email", {"email": holder.email}, person)

    exported = await api.get("/users/me/export", person)

    assert "collided" not in exported.text and str(holder.id) not in exported.text


@pytest.mark.parametrize("count", [BATCH - 2, BATCH - 1, BATCH, 2 * BATCH + 1])
async def test_a_long_export_goes_out_piece_by_piece_and_whole(
    api: Api, app: FastAPI, runtime: Runtime, count: int
) -> None:
    person = await api.person()
    half = count // 2
    ids = await store(runtime, half, user_id=person.id)
    ids += await store(runtime, count - half, user_id=uuid4(), actor_id=person.id)
    pool: Any = runtime.database.engine.sync_engine.pool
    held: list[int] = []
    pieces: list[bytes] = []

    async def look(message: Message) -> None:
        held.append(pool.checkedout())
        pieces.append(message.get("body", b""))

    authorization = (b"authorization", person.headers["Authorization"].encode())
    request: Message = {"type": "http.request", "body": b"", "more_body": False}
    path = "/api/v1/users/me/export"
    await raw(app, path, [request], authorization, method="GET", sent=look)

    activity = orjson.loads(b"".join(pieces))["activity"]
    found = [event["id"] for event in activity if event["name"] == "test.done"]
    assert found == sorted(str(each) for each in ids)  # oldest first
    assert len({event["id"] for event in activity}) == len(activity) == count + 2
    assert set(held) == {0}  # whoever does not read holds no connection
    assert max(piece.count(b"correlation_id") for piece in pieces) <= BATCH


async def test_exports_and_profile_changes_are_limited_by_account(api: Api) -> None:
    ann, bob = await api.person(), await api.person()

    exports = [await api.get("/users/me/export", ann) for _ in range(6)]
    changes = [await api.patch("/users/me", {"name": f"{n}"}, ann) for n in range(61)]

    for answers in (exports, changes):
        assert {answer.status_code for answer in answers[:-1]} == {200}
        assert answers[-1].status_code == 429
        assert answers[-1].json()["code"] == "too_many_attempts"
        assert int(answers[-1].headers["retry-after"]) > 0
    assert (await api.trail(ann.id)).count("user.updated") == 60
    assert (await api.get("/users/me/export", bob)).status_code == 200
    assert (await api.patch("/users/me", {"name": "B"}, bob)).status_code == 200
