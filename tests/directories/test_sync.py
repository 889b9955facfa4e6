"""Directories that are read as a whole: who gets in, who follows, who is withdrawn."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from app.services.upstreams.sync.run import SyncRunner
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


async def test_people_get_accounts_and_no_mail_and_sign_in_to_them(
    api: Api, visitor: Visitor, directory: Directory
) -> None:
    crowd(directory, 24)
    connection = await connected(api, directory, {"page_size": 10})
    told = await sync(api, connection)
    user = await account(api, MAIL)
    shown = await sign_in(visitor)

    assert numbers(told) == {"entries": 25, "made": 25}
    assert told["outcome"] == "complete" and told["detail"] == ""
    assert (user.name, user.email_verified, user.password_hash) == ("Ann", True, None)
    assert (await links(api))[ANN_ID] == user.id
    assert await api.mails() == []
    assert shown.status_code == 303 and await visitor.who() == MAIL
    trail = await api.trail(user.id)
    assert trail[:2] == ["user.registered", "upstream.imported"]
    assert "upstream.linked" not in trail  # it was made for her
    [ended] = await told_of(api, "connection.synced")
    assert (ended["made"], ended["outcome"]) == (25, "complete")


async def test_what_did_not_change_costs_one_paged_read_and_nothing_is_written(
    api: Api, directory: Directory, asked: list[str]
) -> None:
    crowd(directory, 39)
    admin = await api.admin()
    await api.post("/groups", {"name": "staff"}, admin)
    mapped = {f"cn=staff,{GROUPS}": "staff"}
    connection = await connected(
        api, directory, {"page_size": 10}, follow={"groups": {"groups": mapped}}
    )
    await sync(api, connection)
    answer = await api.post(f"/connections/{connection}/syncs", {}, admin)
    asked.clear()
    directory.seen.clear()
    await run_jobs(api)
    ldap = [what for what, _ in directory.seen]
    searched = [base for what, base in directory.seen if what == "search"]
    told = (
        await api.client.get(answer.headers["location"], headers=admin.headers)
    ).json()

    assert numbers(told) == {"entries": 40, "unchanged": 40}
    assert ldap.count("bind") == 1
    assert searched.count(PEOPLE) == 4  # pages
    # All groups at once, and each of the two by which somebody is in the mapped one.
    assert len(searched) == 4 + 1 + 2
    reads = [each for each in asked if "upstream_identities" in each]
    assert len(reads) == 4 + 1  # a page each, and how many there are
    writes = [
        each for each in asked if each.split()[0] in ("INSERT", "UPDATE", "DELETE")
    ]
    assert {each.split()[1] for each in writes} <= {"connection_syncs", "INTO"}
    assert [each for each in writes if "connection_syncs" not in each] == [
        each for each in writes if "audit_events" in each  # by hand: it is told
    ]
    assert len([each for each in writes if "connection_syncs" in each]) == 2


async def test_profile_and_groups_follow(
    api: Api, directory: Directory, clock: FakeClock
) -> None:
    admin = await api.admin()
    await api.post("/groups", {"name": "staff"}, admin)
    mapped = {"CN = Staff, " + GROUPS: "staff"}
    connection = await connected(
        api,
        directory,
        follow={"profile": {"name": "name"}, "groups": {"groups": mapped}},
    )
    await sync(api, connection)
    user = await account(api, MAIL)
    joined = await groups_of(api, user.id)
    directory.entries[ANN]["cn"] = [b"Ann Other"]
    del directory.entries[f"cn=engineers,{GROUPS}"]
    told = await sync(api, connection)
    again = await sync(api, connection)
    after = await account(api, MAIL)

    assert joined == ["staff"]
    assert numbers(told) == {"entries": 1, "changed": 1}
    assert numbers(again) == {"entries": 1, "unchanged": 1}
    assert after.name == "Ann Other" and await groups_of(api, user.id) == []
    assert (await api.trail(user.id)).count("group.member_removed") == 1


@pytest.mark.parametrize("by", ["groups", "group_names"])
async def test_the_groups_of_a_reading_are_those_of_a_sign_in(
    api: Api, visitor: Visitor, directory: Directory, by: str
) -> None:
    admin = await api.admin()
    names = ["engineers", "staff", "posix", "empty"]
    for name in names:
        await api.post("/groups", {"name": name}, admin)
    directory.add(
        f"cn=posix,{GROUPS}", objectClass="posixGroup", cn="posix", memberUid="ann"
    )
    directory.add(
        f"cn=empty,{GROUPS}", objectClass="groupOfNames", cn="empty", member=PEOPLE
    )
    # A circle, which ends nobody's walk.
    directory.add(
        f"cn=engineers,{GROUPS}",
        objectClass="groupOfNames",
        cn="engineers",
        member=[ANN, f"cn=staff,{GROUPS}"],
    )
    keys = {f"cn={n},{GROUPS}" if by == "groups" else n: n for n in names}
    connection = await connected(
        api, directory, follow={"groups": {"claim": by, "groups": keys}}
    )
    await sync(api, connection)
    user = await account(api, MAIL)
    read = await groups_of(api, user.id)
    await sign_in(visitor)

    assert read == ["engineers", "posix", "staff"]
    assert await groups_of(api, user.id) == read


async def test_active_directory_is_asked_a_group_and_not_a_person(
    api: Api, directory: Directory
) -> None:
    admin = await api.admin()
    for name in ("staff", "users"):
        await api.post("/groups", {"name": name}, admin)
    sid = b"\x01\x05" + b"\0" * 22
    for at in range(12):
        add_person(
            directory,
            f"p{at}",
            "-",
            objectClass=["person", "user"],
            objectCategory="person",
            sAMAccountName=f"p{at}",
            objectGUID=bytes([at]) * 16,
            userAccountControl=512,
            memberOf=f"cn=engineers,{GROUPS}" if at < 5 else [],
            objectSid=sid + (1000 + at).to_bytes(4, "little"),
            primaryGroupID=513 if at > 8 else 514,
        )
    groups: dict[str, dict[str, Any]] = {
        "engineers": {"member": [f"uid=p{at},{PEOPLE}" for at in range(5)]},
        "staff": {"member": f"cn=engineers,{GROUPS}"},
        "users": {"objectSid": sid + (513).to_bytes(4, "little")},
    }
    for name, more in groups.items():
        directory.add(f"cn={name},{GROUPS}", objectClass="group", cn=name, **more)
    keys = {f"CN={n},{GROUPS}": n for n in ("staff", "users")}
    connection = await connected(
        api,
        directory,
        kind="active_directory",
        follow={"groups": {"groups": keys}},
    )
    directory.seen.clear()
    told = await sync(api, connection)
    searches = [what for what, _ in directory.seen].count("search")

    found = {}
    for at in range(12):
        user = await account(api, f"p{at}@example.com")
        found[at] = await groups_of(api, user.id)
    assert numbers(told) == {"entries": 12, "made": 12}
    assert {at for at, names in found.items() if "staff" in names} == set(range(5))
    assert {at for at, names in found.items() if "users" in names} == {9, 10, 11}
    assert searches == 1 + 2 * 3  # everybody; each group, who is in it, what is in it


async def test_a_dry_run_tells_the_same_and_stores_nothing(
    api: Api, directory: Directory, clock: FakeClock
) -> None:
    crowd(directory, 5)
    add_person(directory, "twin", str(uuid4()), mail="P1@example.com")
    connection = await connected(api, directory, {"page_size": 10})
    dry = await sync(api, connection, dry_run=True)
    nobody = await links(api)
    real = await sync(api, connection)
    del directory.entries[f"uid=p1,{PEOPLE}"]
    clock.advance(seconds=10)
    after = await sync(api, connection, dry_run=True)

    assert nobody == {} and numbers(dry) == numbers(real)
    assert dry["left_out"] == real["left_out"] == {"address_shared": 1}
    assert (after["missing"], after["withdrawn"]) == (1, 1)
    assert await told_of(api, "upstream.withdrawn") == []


async def test_who_would_have_to_prove_something_is_left_out_and_told_why(
    api: Api, directory: Directory
) -> None:
    await api.users(email="held@example.com", email_verified=False)
    kept = await api.users(email="known@example.com", email_verified=True)
    await api.users(email="known@other.example", email_verified=True)
    del directory.entries[ANN]
    people: dict[str, dict[str, Any]] = {
        "held": {},
        "known": {},
        "stranger": {"mail": "known@other.example"},
        "outside": {"mail": "new@other.example"},
        "silent": {"mail": []},
        "broken": {"mail": "no address"},
        "locked": {"nsAccountLock": "TRUE"},
        "nameless": {"entryUUID": []},
        "double": {"entryUUID": ["a", "b"]},
    }
    for login, more in people.items():
        add_person(directory, login, str(uuid4()), **more)
    connection = await connected(api, directory)
    told = await sync(api, connection)

    assert told["left_out"] == {
        "needs_proof": 2,
        "unproven_address": 1,
        "no_address": 2,
        "not_active": 1,
        "no_identifier": 2,
    }
    assert numbers(told) == {"entries": 9, "linked": 1}
    assert [*(await links(api)).values()] == [kept.id]


@pytest.mark.parametrize(
    ("rule", "left_out"),
    [
        ({"account_rule": "closed"}, {"account_rule": 1}),
        ({"account_rule": "invited"}, {"account_rule": 1}),
        (
            {"account_rule": "domain", "account_domains": ["other.example"]},
            {"account_rule": 1},
        ),
        ({"trusted_domains": []}, {"unproven_address": 1}),
    ],
)
async def test_the_rule_of_accounts_is_that_of_a_sign_in(
    api: Api, directory: Directory, rule: dict[str, Any], left_out: dict[str, int]
) -> None:
    connection = await connected(api, directory, **rule)
    told = await sync(api, connection)

    assert told["left_out"] == left_out and told["made"] == 0
    assert MAIL not in await addresses(api)


async def test_an_owner_is_told_of_a_link_when_it_is_used_and_may_end_it(
    api: Api, visitor: Visitor, app: FastAPI, directory: Directory, clock: FakeClock
) -> None:
    person = await api.users(email=MAIL, email_verified=True)
    connection = await connected(api, directory)
    told = await sync(api, connection)
    silent = await api.mails()
    clock.advance(days=3)
    await sign_in(visitor)
    await sign_in(Visitor(app))
    token = await api.not_me("upstream_linked", MAIL)
    said = await api.post("/auth/not-me", {"token": token})

    assert numbers(told) == {"entries": 1, "linked": 1} and silent == []
    assert len(await api.mails("upstream_linked", MAIL)) == 1
    assert said.status_code in (200, 204), said.text
    assert await links(api) == {}
    assert "upstream.imported" in await api.trail(person.id)


async def test_a_chosen_identifier_that_two_have_is_nobodys(
    api: Api, directory: Directory
) -> None:
    for login, number in (("bea", "7"), ("cid", "7"), ("dan", "8")):
        add_person(directory, login, str(uuid4()), employeeNumber=number)
    connection = await connected(api, directory, {"id_attribute": "employeeNumber"})
    told = await sync(api, connection)

    assert told["left_out"] == {"no_identifier": 3}
    assert {*await links(api)} == {"8"}


async def test_nobody_holds_a_connection_to_the_database_while_it_is_asked(
    api: Api, directory: Directory
) -> None:
    crowd(directory, 30)
    connection = await connected(api, directory, {"page_size": 10})
    held = []

    async def look() -> None:
        state = api.runtime.database.pool_state()
        assert state is not None
        held.append(state.in_use)

    directory.hook = look
    await sync(api, connection)

    assert len(held) >= 5 and set(held) == {0}


async def test_it_is_read_as_often_as_its_connection_says(
    api: Api, directory: Directory, clock: FakeClock
) -> None:
    connection = await connected(api, directory, sync_every=600)
    counts = []
    for minutes in (0, 5, 6, 10):
        clock.advance(minutes=minutes)
        await run_jobs(api)
        shown = await api.get(f"/connections/{connection}/syncs", await api.admin())
        counts.append(len(shown.json()["items"]))

    assert counts == [1, 1, 2, 3]
    assert all(each["is_scheduled"] for each in shown.json()["items"])
    # What changed nothing leaves no evidence.
    assert len(await told_of(api, "connection.synced")) == 1


async def test_a_process_that_died_is_followed_by_another_and_nothing_is_done_twice(
    api: Api, directory: Directory, clock: FakeClock
) -> None:
    crowd(directory, 29)
    connection = await connected(api, directory, {"page_size": 10})
    who = await api.admin()
    answers, reached = 0, asyncio.Event()

    async def hang() -> None:
        nonlocal answers
        answers += 1
        if answers == 4:  # after the bind, and two pages
            reached.set()
            await asyncio.Event().wait()

    asked = await api.post(f"/connections/{connection}/syncs", {}, who)
    runner = SyncRunner(api.runtime, api.runtime.connections)
    directory.hook = hang
    dying = asyncio.create_task(runner.advance())
    await reached.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    directory.hook = None
    half = len(await links(api))
    early = await runner.advance()
    clock.advance(minutes=5)
    later = await runner.advance()
    who = await api.admin()
    told = (await api.client.get(asked.headers["location"], headers=who.headers)).json()

    assert half == 20 and not early and later
    assert numbers(told) == {"entries": 30, "made": 10, "unchanged": 20}
    assert len(await told_of(api, "upstream.imported")) == 30
