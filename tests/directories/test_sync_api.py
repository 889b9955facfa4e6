"""Readings of directories at the API and by command."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.models import AuditEvent, ConnectionSync
from app.policies.permission import OPERATOR_ID
from tests.cli.test_cli import run
from tests.conftest import SECRET
from tests.connections.support import add_connection
from tests.directories.conftest import add_person
from tests.directories.server import PEOPLE, Directory
from tests.directories.syncing import connected, run_jobs, sync, told_of
from tests.support.api import Api
from tests.support.chance import FakeClock


@pytest.fixture
def options() -> dict[str, object]:
    return {"outbound": {"allowed_hosts": ["127.0.0.1"]}}


async def test_one_is_read_at_a_time_and_whoever_may_look_sees_all(
    api: Api, directory: Directory
) -> None:
    who = await api.admin()
    connection = await connected(api, directory)
    path = f"/connections/{connection}/syncs"
    first = await api.post(path, {"dry_run": True}, who)
    second = await api.post(path, {}, who)
    waiting = await api.get(path, who)
    await run_jobs(api)
    ended = (
        await api.client.get(first.headers["location"], headers=who.headers)
    ).json()
    for _ in range(3):
        await sync(api, connection)
    one = await api.client.get(f"/api/v1{path}?limit=3", headers=who.headers)
    rest = await api.client.get(
        f"/api/v1{path}?limit=3&cursor={one.json()['next_cursor']}", headers=who.headers
    )

    assert (first.status_code, second.status_code) == (202, 409)
    assert second.json()["code"] == "sync_running"
    [open_one] = waiting.json()["items"]
    assert open_one == first.json()
    assert (open_one["started_at"], open_one["outcome"]) == (None, None)
    assert (ended["outcome"], ended["made"], ended["dry_run"]) == ("complete", 1, True)
    ids = [each["id"] for each in one.json()["items"] + rest.json()["items"]]
    assert len(ids) == 4 and ids[-1] == ended["id"]
    asked = await told_of(api, "connection.sync_requested")
    assert asked[0] == {
        "connection": "firm",
        "dry_run": True,
        "accept_missing": False,
    }


@pytest.mark.parametrize(
    ("body", "status"),
    [({"dry_run": "yes"}, 422), ({"fast": True}, 422), ([], 422), ({}, 202)],
)
async def test_bad_input_is_refused(
    api: Api, directory: Directory, body: Any, status: int
) -> None:
    connection = await connected(api, directory)
    answer = await api.post(f"/connections/{connection}/syncs", body, await api.admin())

    assert answer.status_code == status


async def test_only_a_directory_that_is_on_is_read(
    api: Api, directory: Directory
) -> None:
    who = await api.admin()
    provider = await add_connection(api, who)
    connection = await connected(api, directory, enabled=False)
    found = []
    for each in (provider, connection, str(uuid4())):
        answer = await api.post(f"/connections/{each}/syncs", {}, who)
        found.append((answer.status_code, answer.json()["code"]))
    missing = await api.get(f"/connections/{connection}/syncs/{uuid4()}", who)
    every = await api.patch(f"/connections/{provider}", {"sync_every": 600}, who)
    quick = await api.patch(f"/connections/{connection}", {"sync_every": 60}, who)
    percent = {"sync_missing_percent": 101}
    wide = await api.patch(f"/connections/{connection}", percent, who)
    kept = await api.patch(
        f"/connections/{connection}",
        {"sync_every": 300, "sync_missing_percent": 0},
        who,
    )

    assert found == [
        *((409, "sync_not_possible"), (409, "sync_not_possible")),
        (404, "connection_not_found"),
    ]
    assert missing.json()["code"] == "sync_not_found"
    assert every.json()["errors"][0]["code"] == "not_a_directory"
    assert (quick.status_code, wide.status_code) == (422, 422)
    assert (kept.json()["sync_every"], kept.json()["sync_missing_percent"]) == (300, 0)


async def test_a_connection_that_goes_while_it_is_read_takes_the_reading_along(
    api: Api, directory: Directory
) -> None:
    """The page that was being judged makes nobody an account."""
    who = await api.admin()
    for at in range(20):
        add_person(directory, f"p{at}", str(uuid4()))
    connection = await connected(api, directory, {"page_size": 10})
    answers = 0

    async def delete() -> None:
        nonlocal answers
        answers += 1
        if answers == 3:  # after the bind and a page
            gone = await api.delete(f"/connections/{connection}", who)
            assert gone.status_code == 204

    directory.hook = delete
    await api.post(f"/connections/{connection}/syncs", {}, who)
    await run_jobs(api)

    assert len(await told_of(api, "upstream.imported")) == 10
    assert await told_of(api, "connection.synced") == []
    [deleted] = await told_of(api, "connection.deleted")
    assert deleted["identities"] == 10


async def test_a_connection_that_is_changed_while_it_is_read_ends_the_reading(
    api: Api, directory: Directory
) -> None:
    who = await api.admin()
    for at in range(20):
        add_person(directory, f"p{at}", str(uuid4()))
    connection = await connected(api, directory, {"page_size": 10})
    answers = 0

    async def change() -> None:
        nonlocal answers
        answers += 1
        if answers == 3:
            rule = {"account_rule": "closed"}
            done = await api.patch(f"/connections/{connection}", rule, who)
            assert done.status_code == 200

    directory.hook = change
    told = await sync(api, connection)

    assert (told["outcome"], told["made"]) == ("changed", 10)


async def _asked_by(api: Api) -> set[Any]:
    """Return whom the trail names as who had a directory read."""
    query = select(AuditEvent.actor_id).where(
        AuditEvent.name == "connection.sync_requested"
    )
    async with api.runtime.database.session(read_only=True) as db:
        return {*(await db.scalars(query)).all()}


async def test_a_reading_says_who_asked_for_it(
    api: Api, directory: Directory, clock: FakeClock
) -> None:
    who = await api.admin()
    connection = await connected(api, directory, sync_every=300)
    await run_jobs(api)
    clock.advance(seconds=10)
    mine = await api.post(f"/connections/{connection}/syncs", {}, who)
    await run_jobs(api)
    listed = await api.get(f"/connections/{connection}/syncs", who)

    assert [
        (each["requested_via"], each["requested_by"], each["is_scheduled"])
        for each in listed.json()["items"]
    ] == [("api", str(who.id), False), ("schedule", None, True)]
    assert mine.json()["requested_by"] == str(who.id)
    assert await _asked_by(api) == {who.id}  # nobody asked for the other one


async def test_readings_of_an_older_and_of_a_later_release_are_shown(
    api: Api, directory: Directory
) -> None:
    who = await api.admin()
    connection = await connected(api, directory)
    await sync(api, connection)
    async with api.runtime.unit_of_work() as uow:
        [row] = (await uow.db.scalars(select(ConnectionSync))).all()
        row.counts = {n: v for n, v in row.counts.items() if n != "disabled"}
        row.counts |= {"of_tomorrow": 1}
        row.reason = row.requested_via = row.outcome = "tomorrow"

    listed = await api.get(f"/connections/{connection}/syncs", who)

    [told] = listed.json()["items"]
    assert (told["disabled"], told["entries"], told["reason"]) == (0, 1, None)
    assert (told["requested_via"], told["outcome"]) == (None, "failed")


async def test_the_command_reads_it_and_ends_with_an_error_where_people_were_kept(
    api: Api,
    directory: Directory,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)
    monkeypatch.setenv("AUTH_SERVE_OUTBOUND__ALLOWED_HOSTS", "127.0.0.1")
    for at in range(9):
        add_person(directory, f"p{at}", str(uuid4()))
    await connected(api, directory)

    async def command(*words: str) -> tuple[int, dict[str, Any]]:
        done = await asyncio.to_thread(
            run, "connection", "sync", "firm", *words, "--json"
        )
        return done.exit_code, json.loads(done.stdout or "{}")

    tried = await command("--dry-run")
    made = await command()
    for at in range(5):
        del directory.entries[f"uid=p{at},{PEOPLE}"]
    kept = await command()
    accepted = await command("--accept-missing")
    who = await _asked_by(api)
    shown = await asyncio.to_thread(run, "connection", "sync", "firm", "--progress")
    unknown = await asyncio.to_thread(run, "connection", "sync", "home")

    assert kept[1]["reason"] == "too_many" and accepted[1]["reason"] is None
    assert (kept[1]["requested_via"], kept[1]["requested_by"]) == ("command", None)
    assert who == {OPERATOR_ID}
    assert (tried[0], tried[1]["made"]) == (0, 10) and made[1]["made"] == 10
    assert (kept[0], kept[1]["kept"], kept[1]["withdrawn"]) == (1, 5, 0)
    assert (accepted[0], accepted[1]["withdrawn"]) == (0, 5)
    assert shown.exit_code == 0 and "complete" in shown.stdout
    assert "5" in shown.stderr
    assert unknown.exit_code == 1 and "no such connection" in unknown.stderr
