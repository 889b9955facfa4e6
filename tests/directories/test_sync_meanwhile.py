"""What is held back of a directory that is read, and what comes in between."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from app.models import UpstreamIdentity, User
from app.models.upstream.session import UpstreamLogout
from app.models.upstream.sync import ConnectionSync
from app.services.upstreams.sync import run
from app.services.upstreams.sync.run import SyncRunner
from app.services.upstreams.sync.store import store
from tests.connections.support import account, groups_of
from tests.directories.conftest import ANN, ANN_ID, add_person
from tests.directories.server import GROUPS, PEOPLE, Directory
from tests.directories.syncing import connected, crowd, links, sync, told_of
from tests.support.api import Api
from tests.support.chance import FakeClock

MAIL = "ann@example.com"


@pytest.fixture
def options() -> dict[str, object]:
    return {"outbound": {"allowed_hosts": ["127.0.0.1"]}}


async def test_groups_that_are_not_all_told_take_nobody_out_of_one(
    api: Api, directory: Directory
) -> None:
    await api.post("/groups", {"name": "staff"}, await api.admin())
    mapped = {f"cn=staff,{GROUPS}": "staff"}
    connection = await connected(api, directory, follow={"groups": {"groups": mapped}})
    await sync(api, connection)
    ann = await account(api, MAIL)
    staff = directory.entries.pop(f"cn=staff,{GROUPS}")
    for at in range(10):
        dn = f"cn=g{at},{GROUPS}"
        directory.add(dn, objectClass="groupOfNames", cn=f"g{at}", member=PEOPLE)
    directory.entries[f"cn=staff,{GROUPS}"] = staff
    directory.most = 8
    told = await sync(api, connection)

    assert (told["outcome"], told["entries"]) == ("failed", 0)
    assert "groups" in told["detail"] and await groups_of(api, ann.id) == ["staff"]


async def test_members_that_are_not_all_told_take_nobody_out_either(
    api: Api, directory: Directory
) -> None:
    await api.post("/groups", {"name": "staff"}, await api.admin())
    del directory.entries[ANN]
    for at in range(12):
        add_person(
            directory,
            f"p{at}",
            "-",
            objectClass=["person", "user"],
            objectCategory="person",
            objectGUID=bytes([at]) * 16,
            userAccountControl=512,
        )
    directory.add(
        f"cn=staff,{GROUPS}",
        objectClass="group",
        cn="staff",
        member=[f"uid=p{at},{PEOPLE}" for at in range(12)],
    )
    connection = await connected(
        api,
        directory,
        kind="active_directory",
        follow={"groups": {"groups": {f"cn=staff,{GROUPS}": "staff"}}},
    )
    first = await sync(api, connection)
    directory.most = 8
    told = await sync(api, connection)
    last = await account(api, "p11@example.com")

    assert first["made"] == 12
    assert (told["outcome"], told["entries"]) == ("failed", 0)
    assert await groups_of(api, last.id) == ["staff"]


async def test_identifiers_that_are_not_all_told_may_be_of_several(
    api: Api, directory: Directory
) -> None:
    for at in range(12):
        add_person(directory, f"p{at}", str(uuid4()), employeeNumber=str(at))
    connection = await connected(api, directory, {"id_attribute": "employeeNumber"})
    directory.most = 8
    told = await sync(api, connection)

    assert (told["outcome"], told["made"]) == ("failed", 0)
    assert "employeeNumber" in told["detail"]


@pytest.mark.parametrize(
    "change",
    [
        {"email_verified": False},
        {"email": "other@example.com", "email_canonical": "other@example.com"},
    ],
)
async def test_an_account_that_is_another_by_now_is_not_linked(
    api: Api,
    directory: Directory,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, Any],
) -> None:
    person = await api.users(email=MAIL, email_verified=True)
    connection = await connected(api, directory)

    async def late(*given: Any) -> None:
        async with api.runtime.unit_of_work() as uow:
            theirs = update(User).where(User.id == person.id)
            await uow.db.execute(theirs.values(**change))
        await store(*given)

    monkeypatch.setattr(run, "store", late)
    told = await sync(api, connection)

    assert told["left_out"] == {"changed_meanwhile": 1} and await links(api) == {}


async def test_who_was_thought_dead_writes_nothing_more(
    api: Api, directory: Directory
) -> None:
    crowd(directory, 29)
    connection = await connected(api, directory, {"page_size": 10})
    asked = await api.post(f"/connections/{connection}/syncs", {}, await api.admin())
    first, second = (SyncRunner(api.runtime, api.runtime.connections) for _ in range(2))
    answers, went_on = 0, []

    async def steal() -> None:
        nonlocal answers
        answers += 1
        if answers == 4:  # after the bind, and two pages
            async with api.runtime.unit_of_work() as uow:
                at = uow.clock.now()
                await uow.db.execute(update(ConnectionSync).values(lease_until=at))
            directory.hook = None
            went_on.append(await second.advance())

    directory.hook = steal
    dead = await first.advance()
    ended = await told_of(api, "connection.synced")

    assert asked.status_code == 202 and went_on == [True] and dead is False
    assert [(each["made"], each["entries"]) for each in ended] == [(10, 30)]
    assert len(await told_of(api, "upstream.imported")) == 30


async def test_who_is_halfway_in_when_they_are_withdrawn_is_kept_out(
    api: Api, directory: Directory, clock: FakeClock
) -> None:
    """Who proved a password there, and not yet a second factor here."""
    connection = await connected(api, directory)
    await sync(api, connection)
    directory.entries[ANN]["nsaccountlock"] = [b"TRUE"]
    clock.advance(seconds=10)
    await sync(api, connection)
    async with api.runtime.database.session(read_only=True) as db:
        ended = [*await db.scalars(select(UpstreamLogout.subject))]

    assert ended == [ANN_ID]


@pytest.mark.parametrize("came", ["before that page was asked for", "after it"])
async def test_who_is_let_in_after_a_page_told_of_them_as_disabled_stays(
    api: Api, directory: Directory, clock: FakeClock, came: str
) -> None:
    """The page is the first of two, and the reading ends ten seconds after it."""
    crowd(directory, 19)
    connection = await connected(api, directory, {"page_size": 10})
    await sync(api, connection)
    clock.advance(seconds=10)
    directory.entries[ANN]["nsaccountlock"] = [b"TRUE"]
    answers, comes_at = 0, 1 if came.startswith("before") else 3

    async def come() -> None:
        nonlocal answers
        answers += 1
        if answers == comes_at:  # to the bind, or to what is asked for after the page
            await _used(api, "ann")
        clock.advance(seconds=10)

    directory.hook = come
    told = await sync(api, connection)
    directory.hook = None

    assert told["outcome"] == "complete"
    is_out = comes_at == 1
    assert (told["disabled"], told["withdrawn"]) == (is_out, is_out)


async def _used(api: Api, login: str) -> None:
    """Note that somebody was let in, as their sign-in would."""
    async with api.runtime.unit_of_work() as uow:
        subject = UpstreamIdentity.claims["preferred_username"].as_string()
        values = {"last_used_at": uow.clock.now()}
        statement = update(UpstreamIdentity).where(subject == login)
        await uow.db.execute(statement.values(values))
