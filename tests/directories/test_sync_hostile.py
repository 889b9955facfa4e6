"""What a directory, and who is in it, could try when all of it is read."""

import asyncio
import itertools
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, select

from app.models import AuditEvent, UserRole
from app.policies.permission import ADMIN_ROLE
from app.services.upstreams.sync import state, store
from app.services.upstreams.sync.run import SyncRunner
from app.upstreams.directory import ber, link, message
from tests.connections.support import account, groups_of
from tests.directories.conftest import ANN, ANN_ID, add_person
from tests.directories.server import GROUPS, PEOPLE, Directory
from tests.directories.syncing import (
    addresses,
    connected,
    crowd,
    links,
    numbers,
    run_jobs,
    sync,
    told_of,
)
from tests.directories.test_sign_in import sign_in
from tests.support.api import Api
from tests.support.browser import Visitor
from tests.support.chance import FakeClock

MAIL = "ann@example.com"


async def test_rubbish_is_left_out_and_keeps_nobody_else_out(
    api: Api, directory: Directory
) -> None:
    rubbish: dict[str, dict[str, Any]] = {
        "long": {"entryUUID": "a" * 256},
        "bytes": {"entryUUID": b"\xff\xfe\0"},
        "lines": {"entryUUID": "a\nb"},
        "none": {"entryUUID": b""},
        "header": {"mail": "a@example.com\r\nBcc: b@example.com"},
        "nul": {"mail": "a\0@example.com"},
        "endless": {"mail": "a" * 400 + "@example.com"},
        "binary": {"mail": b"\xff@example.com"},
        # Whose account is made all the same, with no such name.
        "name": {"cn": "A\0\n\u202e" * 50},
        "novel": {"cn": "x" * 100_000},
        "raw": {"cn": b"\xff\xfe"},
    }
    for login, more in rubbish.items():
        add_person(directory, login, str(uuid4()), **more)
    directory.entries[f"no DN, at all\\,{PEOPLE}"] = directory.entries.pop(ANN)
    connection = await connected(
        api, directory, {"page_size": 10}, follow={"profile": {"name": "name"}}
    )
    told = await sync(api, connection)
    again = await sync(api, connection)
    names = [(await account(api, f"{n}@example.com")).name for n in ("novel", "raw")]

    assert (told["outcome"], told["made"]) == ("complete", 4 - 1 + 1)
    assert told["left_out"] == {"no_identifier": 4, "no_address": 4}
    assert names == [None, None]
    assert numbers(again) == {"entries": 12, "unchanged": 4}
    shown = (await account(api, "name@example.com")).name or ""
    assert shown.isprintable()


async def test_one_subject_in_two_cases_is_one_person(
    api: Api, directory: Directory
) -> None:
    add_person(directory, "twin", ANN_ID.upper())
    connection = await connected(api, directory)
    told = await sync(api, connection)

    assert numbers(told) == {"entries": 2, "made": 1}
    assert told["left_out"] == {"told_twice": 1} and [*await links(api)] == [ANN_ID]


async def test_who_comes_later_with_an_address_of_somebody_there_gets_nothing_of_theirs(
    api: Api, directory: Directory
) -> None:
    connection = await connected(api, directory)
    await sync(api, connection)
    ann = await account(api, MAIL)
    add_person(directory, "twin", str(uuid4()), mail="ANN@example.com")
    told = [await sync(api, connection) for _ in range(2)]
    del directory.entries[ANN]
    alone = await sync(api, connection)  # and not when she is gone

    for each in (*told, alone):
        assert each["left_out"] == {"address_shared": 1} and each["linked"] == 0
    assert await links(api) == {ANN_ID: ann.id}


@pytest.mark.parametrize(
    "doubt",
    [
        {"trusted_domains": []},
        {"trusted_domains": ["other.example"]},
        {"settings": {"verified_mail": False}},
    ],
)
async def test_an_administrators_address_finds_nobody_who_is_not_vouched_for(
    api: Api, directory: Directory, doubt: dict[str, Any]
) -> None:
    chief = await api.users(email=MAIL, email_verified=True, roles=[ADMIN_ROLE])
    doubt = dict(doubt)
    connection = await connected(api, directory, doubt.pop("settings", None), **doubt)
    told = await sync(api, connection)

    assert told["left_out"] == {"needs_proof": 1} and await links(api) == {}
    assert await api.trail(chief.id) == []


async def test_a_reading_enables_nobody(
    api: Api, visitor: Visitor, directory: Directory, clock: FakeClock
) -> None:
    """Whether an account is on is decided here alone, also when it is linked."""
    person = await api.users(email=MAIL, email_verified=True, status="disabled")
    connection = await connected(api, directory, follow={"profile": {"name": "name"}})
    linked = await sync(api, connection)
    directory.entries[ANN]["nsaccountlock"] = [b"TRUE"]
    clock.advance(seconds=10)
    gone = await sync(api, connection)
    del directory.entries[ANN]["nsaccountlock"]
    back = await sync(api, connection)
    await sign_in(visitor)

    assert [numbers(each) for each in (linked, gone, back)] == [
        {"entries": 1, "linked": 1},
        {"entries": 1, "disabled": 1, "withdrawn": 1},
        {"entries": 1, "returned": 1},
    ]
    assert (await account(api, MAIL)).status == "disabled"
    assert await visitor.who() == "" and person.id in (await links(api)).values()


async def test_who_was_deleted_here_and_is_there_still_gets_another_account(
    api: Api, directory: Directory
) -> None:
    """As by signing in; who is to stay out is disabled (docs/upstreams.md)."""
    admin = await api.admin()
    connection = await connected(api, directory)
    await sync(api, connection)
    first = await account(api, MAIL)
    gone = await api.delete(f"/users/{first.id}", admin)
    assert gone.status_code in (202, 204), gone.text
    told = await sync(api, connection)

    assert numbers(told) == {"entries": 1, "made": 1}
    assert (await account(api, MAIL)).id != first.id


async def test_the_last_administrator_stays_one_until_there_is_another(
    api: Api, directory: Directory, clock: FakeClock
) -> None:
    """Leaving is done as soon as it can be, not when the directory changes again."""
    admin = await api.admin()
    made = await api.post("/groups", {"name": "chiefs", "roles": [ADMIN_ROLE]}, admin)
    assert made.status_code == 201, made.text
    mapped = {f"cn=staff,{GROUPS}": "chiefs"}
    connection = await connected(api, directory, follow={"groups": {"groups": mapped}})
    await sync(api, connection)
    ann = await account(api, MAIL)
    del directory.entries[f"cn=staff,{GROUPS}"]
    clock.advance(seconds=10)
    asked = await api.post(f"/connections/{connection}/syncs", {}, await api.admin())
    async with api.runtime.unit_of_work() as uow:
        await uow.db.execute(delete(UserRole).where(UserRole.role == ADMIN_ROLE))
    await run_jobs(api)
    alone = await groups_of(api, ann.id)
    await sync(api, connection)  # asked for by another one

    assert asked.status_code == 202 and alone == ["chiefs"]
    assert await groups_of(api, ann.id) == []


async def test_who_is_linked_and_dies_on_the_way_out_of_a_group_still_leaves_it(
    api: Api, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is noted as seen of somebody before all of it is done."""
    admin = await api.admin()
    group = await api.post("/groups", {"name": "staff"}, admin)
    person = await api.users(email=MAIL, email_verified=True)
    async with api.runtime.unit_of_work() as uow:
        now, staff = uow.clock.now(), UUID(group.json()["id"])
        await uow.groups.add_member(staff, person.id, now)
    del directory.entries[f"cn=staff,{GROUPS}"]
    mapped = {f"cn=staff,{GROUPS}": "staff"}
    connection = await connected(api, directory, follow={"groups": {"groups": mapped}})

    async def die(*_: Any) -> bool:
        raise SystemError

    with monkeypatch.context() as patch, pytest.raises(SystemError):
        patch.setattr(store, "leave_groups", die)
        await sync(api, connection)
    before = await groups_of(api, person.id)
    await sync(api, connection)

    assert before == ["staff"] and await groups_of(api, person.id) == []


async def test_an_administrator_who_is_withdrawn_signs_in_as_before(
    api: Api, directory: Directory, clock: FakeClock
) -> None:
    """What ends is what began by the directory: password and roles are their own."""
    chief = await api.person(ADMIN_ROLE, email=MAIL, email_verified=True)
    connection = await connected(api, directory)
    await sync(api, connection)
    directory.entries[ANN]["nsaccountlock"] = [b"TRUE"]
    clock.advance(seconds=10)
    told = await sync(api, connection)
    still = await api.get("/users", chief)
    again = await api.get("/users", await api.signed_in(chief))

    assert told["withdrawn"] == 1
    assert (still.status_code, again.status_code) == (200, 200)


async def test_what_a_server_says_is_shown_on_one_line(
    api: Api, directory: Directory, caplog: pytest.LogCaptureFixture
) -> None:
    connection = await connected(api, directory)
    said = 'no\r\nINFO all is well\x1b[2J\u202e "' + "x" * 5_000
    directory.bind_answers[directory_searcher(directory)] = ((53, said, {}),) * 2
    told = await sync(api, connection)
    [trail] = await told_of(api, "connection.synced")

    assert told["outcome"] == trail["outcome"] == "failed"
    for detail in (told["detail"], trail["detail"]):
        assert "INFO all is well" in detail
        assert detail.isprintable() and len(detail) <= 500


def directory_searcher(directory: Directory) -> str:
    """Return who searches, as the server knows them."""
    [found] = [dn for dn in directory.passwords if dn.startswith("cn=search")]
    return found


async def test_pages_that_never_end_are_left(
    api: Api, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tells of people on each of them, with a cookie that is another each time."""
    monkeypatch.setattr(link, "_MOST_PAGED", 500)
    cookies = itertools.count(1)
    del directory.entries[ANN]
    crowd(directory, 10)
    connection = await connected(api, directory, {"page_size": 10})
    await sync(api, connection)
    from tests.directories import server

    def page(hits: Any, control: bytes) -> Any:
        on = ber.octets(str(next(cookies)).encode())
        answer = ber.sequence(ber.integer(0), on)
        return hits[:10], {message.PAGED: answer}, False

    monkeypatch.setattr(server, "_page", page)
    async with asyncio.timeout(60):
        told = await sync(api, connection)

    assert (told["outcome"], told["withdrawn"], told["made"]) == ("failed", 0, 0)
    assert told["entries"] == 500 and "500" in told["detail"]


async def test_a_reading_that_takes_half_a_day_is_left(
    api: Api, directory: Directory, clock: FakeClock
) -> None:
    crowd(directory, 29)
    connection = await connected(api, directory, {"page_size": 10})

    async def dawdle() -> None:
        clock.advance(seconds=state.LONGEST.total_seconds() / 2)

    directory.hook = dawdle
    told = await sync(api, connection)

    assert (told["outcome"], told["withdrawn"]) == ("failed", 0)
    assert "hours" in told["detail"]


@pytest.mark.parametrize("what", ["groups", "id_attribute"])
async def test_who_reads_long_before_the_first_page_is_not_thought_dead(
    api: Api, directory: Directory, clock: FakeClock, what: str
) -> None:
    """Else two processes would begin anew in turns, and neither would come to it."""
    admin = await api.admin()
    names = [f"g{at}" for at in range(9)]
    for name in names:
        await api.post("/groups", {"name": name}, admin)
        dn = f"cn={name},{GROUPS}"
        directory.add(dn, objectClass="groupOfNames", cn=name, member=ANN)
    crowd(directory, 80)
    for values in directory.entries.values():
        if b"person" in values.get("objectclass", []):
            values["employeenumber"] = [values["uid"][0]]
    more: dict[str, Any] = {}
    if what == "groups":
        more["follow"] = {"groups": {"groups": {f"cn={n},{GROUPS}": n for n in names}}}
    settings: dict[str, Any] = {"page_size": 10}
    if what == "id_attribute":
        settings["id_attribute"] = "employeeNumber"
    connection = await connected(api, directory, settings, **more)
    other, stolen = SyncRunner(api.runtime, api.runtime.connections), []

    async def slow() -> None:
        clock.advance(seconds=25)  # each answer within its time
        directory.hook = None
        stolen.append(await other.advance())
        directory.hook = slow

    directory.hook = slow
    told = await sync(api, connection)

    assert (told["outcome"], told["made"]) == ("complete", 81)
    assert len(stolen) > 9 and not any(stolen)


async def test_two_directories_with_one_person_are_two_ways_to_one_account(
    api: Api, visitor: Visitor, directory: Directory, clock: FakeClock
) -> None:
    first = await connected(api, directory)
    second = await connected(api, directory, name="branch")
    made, linked = await sync(api, first), await sync(api, second)
    await sign_in(visitor)
    off = await api.patch(
        f"/connections/{second}",
        {"settings": directory.settings() | {"user_filter": "(uid=nobody)"}},
        await api.admin(),
    )
    assert off.status_code == 200, off.text
    add_person(directory, "nobody", str(uuid4()))
    clock.advance(seconds=10)
    left = await sync(api, second, accept_missing=True)

    assert numbers(made) == {"entries": 1, "made": 1}
    assert numbers(linked) == {"entries": 1, "linked": 1}
    assert left["withdrawn"] == 1
    assert await visitor.who() == MAIL  # who came by the other one
    assert MAIL in await addresses(api)


async def test_who_asked_for_a_reading_is_in_the_trail(
    api: Api, directory: Directory
) -> None:
    who = await api.admin()
    connection = await connected(api, directory)
    answer = await api.post(f"/connections/{connection}/syncs", {}, who)
    assert answer.status_code == 202
    query = select(AuditEvent.actor_id).where(
        AuditEvent.name == "connection.sync_requested"
    )
    async with api.runtime.database.session(read_only=True) as db:
        actors = [*await db.scalars(query)]

    assert actors == [who.id]


async def test_a_group_that_is_told_in_parts_takes_nobody_out_of_it(
    api: Api, directory: Directory, clock: FakeClock
) -> None:
    """As Active Directory tells of 1,500 and no more, where it is asked as another."""
    await api.post("/groups", {"name": "engineers"}, await api.admin())
    mapped = {f"cn=engineers,{GROUPS}": "engineers"}
    connection = await connected(api, directory, follow={"groups": {"groups": mapped}})
    await sync(api, connection)
    group = directory.entries[f"cn=engineers,{GROUPS}"]
    group["member;range=0-1499"] = group.pop("member")
    clock.advance(seconds=10)
    told = await sync(api, connection)

    assert (told["outcome"], told["entries"]) == ("failed", 0)
    assert "in parts" in told["detail"] and told["reason"] == "directory"
    assert await groups_of(api, (await account(api, MAIL)).id) == ["engineers"]
