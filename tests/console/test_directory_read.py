"""Directories that are read as a whole, at the console (ADR-0105)."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from app.pages.console.programs import directory_read
from app.pages.console.programs.connection_form import shown_connection
from app.pages.console.programs.setting_fields import fields_of
from app.schemas.connection import SYNC_WORDS
from app.upstreams.kinds import KINDS
from tests.console.conftest import Holder
from tests.console.test_connections import send, stored
from tests.directories.conftest import add_person, filled
from tests.directories.server import PEOPLE, Directory
from tests.directories.syncing import connected, crowd, links, run_jobs, sync, told_of
from tests.support.api import Api, Person
from tests.support.browser import Visitor
from tests.support.chance import FakeClock

READ = "Read everybody now"
GONE = "Sign out who is missing or disabled there, however many"


@pytest.fixture
def options() -> dict[str, object]:
    return {"outbound": {"allowed_hosts": ["127.0.0.1"]}}


@pytest.fixture
async def directory() -> AsyncIterator[Directory]:
    async with filled().running() as running:
        yield running


@pytest.fixture
async def path(api: Api, directory: Directory) -> str:
    """The page of a directory of five people more."""
    crowd(directory, 5)
    return f"/admin/connections/{await connected(api, directory)}"


def test_each_reason_of_an_ending_has_its_sentence() -> None:
    assert directory_read._WHY.keys() == set(SYNC_WORDS["reason"][0])


async def test_a_directory_is_tried_and_then_read(
    api: Api, visitor: Visitor, admin: Person, path: str
) -> None:
    before = (await visitor.get(path)).text
    tried = await send(visitor, f"{path}/sync", path, dry_run="on")
    waiting = (await visitor.get(tried.headers["location"])).text
    twice = await visitor.post(f"{path}/sync", await visitor.hidden("/account/profile"))
    await run_jobs(api)
    after_try, people = (await visitor.get(path)).text, await links(api)
    read = await send(visitor, f"{path}/sync", path)
    await run_jobs(api)
    after = (await visitor.get(path)).text

    assert "It was never read." in before and READ in before
    assert tried.headers["location"] == f"{path}?done=sync"
    assert "The directory is read within seconds" in waiting
    assert "Waits to begin" in waiting and READ not in waiting
    assert twice.status_code == 409
    assert "This directory is being read already" in twice.text
    assert "Only tried" in after_try and "Read to its end" in after_try
    assert after.count(f'<a href="/admin/users/{admin.id}">An administrator') == 2
    assert not people and len(await links(api)) == 6
    assert read.status_code == 303 and after.count("Read to its end") == 2
    assert "<dt>New accounts</dt><dd>6</dd>" in after
    assert GONE not in after


async def test_who_is_missing_goes_when_the_name_is_typed(
    api: Api,
    visitor: Visitor,
    admin: Person,
    directory: Directory,
    path: str,
    clock: FakeClock,
) -> None:
    connection = path.rpartition("/")[2]
    await sync(api, connection)
    clock.advance(seconds=10)  # whoever was linked since it began is not missing
    for at in range(4):
        del directory.entries[f"uid=p{at},{PEOPLE}"]
    await sync(api, connection)

    page = (await visitor.get(path)).text
    wrong = await send(visitor, f"{path}/sync", path, accept="Firm & Co")
    empty = await send(visitor, f"{path}/sync", path, accept="")
    asked = await told_of(api, "connection.sync_requested")
    right = await send(visitor, f"{path}/sync", path, accept="firm")
    await run_jobs(api)
    after = (await visitor.get(path)).text

    assert "<dt>Let in until confirmed</dt><dd>4</dd>" in page and GONE in page
    assert "Missing there: 4. Disabled there: 0. More than may be" in page
    assert "linked people" not in page  # that is for programs and the log
    assert (wrong.status_code, empty.status_code) == (422, 422)
    assert 'id="accept-error"' in wrong.text and len(asked) == 2
    assert right.status_code == 303
    assert "<dt>Let in no more</dt><dd>4</dd>" in after and GONE not in after
    assert (await told_of(api, "connection.sync_requested"))[-1]["accept_missing"]


async def test_who_is_left_out_is_counted_by_reason(
    api: Api, visitor: Visitor, admin: Person, directory: Directory, path: str
) -> None:
    add_person(directory, "twin", str(uuid4()), mail="p0@example.com")
    add_person(directory, "mute", str(uuid4()), mail=None)
    await sync(api, path.rpartition("/")[2])

    page = (await visitor.get(path)).text

    assert "Left out: Two entries have the same address</dt><dd>1</dd>" in page
    assert "Left out: No email address</dt><dd>1</dd>" in page


async def test_how_often_and_how_many_are_typed_in_the_form(
    api: Api, visitor: Visitor, admin: Person, path: str
) -> None:
    row = await stored(api.runtime, path)
    fields = shown_connection(row, fields_of(KINDS["ldap"]))
    old = await visitor.hidden(path)
    saved = await visitor.post(
        path, old | fields | {"sync_every": "3600", "sync_missing_percent": "25"}
    )
    policy = (await stored(api.runtime, path)).policy
    shown = (await visitor.get(path)).text
    often = await send(visitor, path, path, **fields | {"sync_every": "60"})
    words = await send(visitor, path, path, **fields | {"sync_missing_percent": "few"})
    other = (await visitor.get("/admin/connections/new/oidc")).text

    assert saved.status_code == 303, saved.text
    assert (policy["sync_every"], policy["sync_missing_percent"]) == (3600, 25)
    assert 'value="3600"' in shown and 'value="25"' in shown
    assert (often.status_code, words.status_code) == (422, 422)
    assert 'id="sync_every-error"' in often.text
    assert 'id="sync_missing_percent-error"' in words.text
    assert (await stored(api.runtime, path)).policy == policy
    assert "sync_every" not in other


async def test_who_may_only_look_sees_readings_and_asks_for_none(
    api: Api, visitor: Visitor, path: str, holder: Holder
) -> None:
    await sync(api, path.rpartition("/")[2])
    await holder("connections:read")

    page = (await visitor.get(path)).text
    form = await visitor.hidden("/account/profile")
    answer = await visitor.post(f"{path}/sync", form)

    assert "Read to its end" in page and READ not in page
    assert "An administrator, by the API" in page and "/admin/users/" not in page
    assert "connection.sync_requested" not in page  # the log is not theirs to read
    assert answer.status_code == 403
    assert len(await told_of(api, "connection.sync_requested")) == 1


async def test_reading_asks_for_a_sign_in_of_just_now(
    api: Api, visitor: Visitor, admin: Person, path: str, clock: FakeClock
) -> None:
    form = await visitor.hidden(path)
    clock.advance(hours=1)

    answer = await visitor.post(f"{path}/sync", form)

    assert answer.headers["location"].startswith("/signin?to=console.connections.")
    assert not await told_of(api, "connection.sync_requested")


async def test_the_page_costs_at_most_four_statements(
    api: Api, visitor: Visitor, admin: Person, path: str, asked: list[str]
) -> None:
    for _ in range(2):
        await sync(api, path.rpartition("/")[2])
    asked.clear()

    page = await visitor.get(path)

    assert page.text.count("Read to its end") == 2
    assert len(asked) <= 4, "\n".join(asked)
