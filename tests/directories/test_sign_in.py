"""Signing in by a directory at our own page, step by step as people do."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import Response
from sqlalchemy import select

from app.core.hashing_pool import HashingPool
from app.models.upstream.connection import UpstreamIdentity
from tests.connections.support import account, count, groups_of, refusal
from tests.directories.conftest import (
    ANN,
    ANN_ID,
    PASSWORD,
    PATIENT,
    add_person,
    filled,
)
from tests.directories.server import (
    GROUPS,
    PEOPLE,
    Answer,
    Directory,
    ppolicy,
)
from tests.support.api import Api
from tests.support.browser import Visitor
from tests.support.page import Page

MAIL = "ann@example.com"
NEW = "another-Horse-8-battery"


async def connected(
    api: Api, directory: Directory, settings: dict[str, Any] | None = None, **more: Any
) -> str:
    """Connect with a directory; return the connection's id."""
    body: dict[str, Any] = {
        "name": "firm",
        "kind": "ldap",
        "display_name": "Firm & Co",
        "account_rule": "anybody",
        "trusted_domains": ["example.com"],
        "settings": directory.settings() | {"timeout": PATIENT} | (settings or {}),
    }
    answer = await api.post("/connections", body | more, await api.admin())
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def sign_in(
    visitor: Visitor, name: str = "ann", password: str = PASSWORD, **more: str
) -> Response:
    """Press the button, type, and press the other one."""
    pressed = await visitor.post("/upstreams/firm", await visitor.hidden("/signin"))
    assert pressed.status_code == 303, pressed.text
    fields = await visitor.hidden(pressed.headers["location"])
    typed = {"login": name, "password": password, **more}
    return await visitor.post("/upstreams/firm", fields | typed)


async def test_somebody_new_gets_an_account_and_comes_back_to_it(
    api: Api, visitor: Visitor, app: FastAPI, directory: Directory
) -> None:
    groups = {"CN = Staff, " + GROUPS: "staff"}
    admin = await api.admin()
    await api.post("/groups", {"name": "staff"}, admin)
    await connected(
        api,
        directory,
        follow={"profile": {"name": "name"}, "groups": {"groups": groups}},
    )
    button = (await visitor.get("/signin")).text
    form = await visitor.get("/upstreams/firm")
    first = await sign_in(visitor)
    user = await account(api, MAIL)
    joined = await groups_of(api, user.id)
    del directory.entries[f"cn=engineers,{GROUPS}"]
    again = Visitor(app)
    second = await sign_in(again, MAIL)

    assert "Continue with Firm &amp; Co" in button
    fields = {tag.get("autocomplete") for tag in Page(form.text).all("input")}
    assert {"username", "current-password"} <= fields
    assert "Firm &amp; Co" in form.text
    assert (first.status_code, first.headers["location"]) == (303, "/")
    assert second.status_code == 303 and await again.who() == MAIL
    assert (user.name, user.password_hash) == ("Ann", None) and user.email_verified
    assert joined == ["staff"] and await groups_of(api, user.id) == []
    assert PASSWORD not in str(await api.trail(user.id))


async def test_who_proved_nothing_is_told_nothing(
    api: Api, visitor: Visitor, directory: Directory
) -> None:
    await connected(api, directory)
    add_person(directory, "dora", "d")
    add_person(directory, "lou", "l")
    add_person(directory, "ann2", "a2", mail="lou@example.com")
    disabled: Answer = (53, "Account inactivated", {})
    directory.bind_answers[f"uid=dora,{PEOPLE}"] = (disabled, disabled)
    locked: Answer = (19, "Exceed password retry limit", {})
    directory.bind_answers[f"uid=lou,{PEOPLE}"] = (locked, locked)
    told, reasons = set(), []
    for name, password in (
        ("ann", "wrong"),
        ("nobody", PASSWORD),
        ("dora", PASSWORD),
        ("lou", PASSWORD),
        ("lou@example.com", PASSWORD),  # of two
        ("*", PASSWORD),
        ("ann", ""),
    ):
        answer = await sign_in(visitor, name, password)
        told.add(answer.status_code)
        assert "Wrong name or password" in answer.text
        reasons.append((await refusal(api))["reason"])

    assert told == {401}
    assert reasons == [
        *("wrong_password", "wrong_password", "not_active", "locked"),
        *("wrong_subject", "wrong_password", "wrong_password"),
    ]
    assert await visitor.who() == ""


@pytest.mark.parametrize(
    ("kind", "answer", "said", "status"),
    [
        ("ldap", (49, "", ppolicy(error=0)), "has expired; ask", 403),
        ("active_directory", (49, "data 533, v4f7c", {}), "is disabled or", 403),
        ("active_directory", (49, "data 701, v4f7c", {}), "is disabled or", 403),
        ("active_directory", (49, "data 773, v4f7c", {}), "Choose a new", 403),
        ("ldap", (51, "busy", {}), "does not answer", 503),
        ("ldap", (8, "use TLS", {}), "give this number", 403),
    ],
)
async def test_who_proved_it_is_told_what_stands_against_them(
    api: Api,
    visitor: Visitor,
    directory: Directory,
    kind: str,
    answer: Any,
    said: str,
    status: int,
) -> None:
    ad = {"objectCategory": "person", "sAMAccountName": "bea", "objectGUID": b"g" * 16}
    add_person(directory, "bea", "b", **ad | {"objectClass": ["person", "user"]})
    wrong: Answer = (49, "data 52e", {})
    directory.bind_answers[f"uid=bea,{PEOPLE}"] = (answer, wrong)
    login = ["sAMAccountName", "uid"]
    await connected(api, directory, {"login_attributes": login}, kind=kind)
    shown = await sign_in(visitor, "bea")

    assert (shown.status_code, said in shown.text) == (status, True), shown.text
    assert await count(api) == 1


async def test_a_password_that_must_change_is_changed_and_signs_in(
    api: Api, visitor: Visitor, directory: Directory
) -> None:
    must: Answer = (0, "", ppolicy(error=2))
    directory.bind_answers[ANN] = (must, (49, "", {}))
    await connected(api, directory)
    asked = await sign_in(visitor)
    directory.change_answer = (19, "too short", ppolicy(error=6))
    short = await sign_in(visitor, new="short")
    directory.change_answer = (19, "too young", ppolicy(error=7))
    young = await sign_in(visitor, new=NEW)
    directory.change_answer = (0, "", {})
    wrong = await sign_in(visitor, password="wrong", new=NEW)
    done = await sign_in(visitor, new=NEW)

    assert 'name="new"' in asked.text and PASSWORD not in asked.text
    assert (short.status_code, "does not accept" in short.text) == (422, True)
    assert 'name="new"' in short.text and "too short a time ago" in young.text
    assert wrong.status_code == 401
    assert done.status_code == 303 and await visitor.who() == MAIL
    assert directory.passwords[ANN] == NEW


async def test_active_directory_is_asked_for_another_password_its_own_way(
    api: Api, visitor: Visitor, directory: Directory
) -> None:
    ad = {"objectCategory": "person", "sAMAccountName": "bea", "objectGUID": b"g" * 16}
    add_person(directory, "bea", "b", **ad | {"objectClass": ["person", "user"]})
    must: Answer = (49, "data 773, v4f7c", {})
    directory.bind_answers[f"uid=bea,{PEOPLE}"] = (must, (49, "data 52e", {}))
    directory.change_answer = (19, "0000052D: Constraint violation", {})
    await connected(api, directory, kind="active_directory")
    refused = await sign_in(visitor, "bea", new=NEW)

    assert (refused.status_code, "does not accept" in refused.text) == (422, True)
    [changes] = [detail for what, detail in directory.seen if what == "modify"]
    assert changes == [
        (1, "unicodePwd", f'"{PASSWORD}"'.encode("utf-16-le")),
        (0, "unicodePwd", f'"{NEW}"'.encode("utf-16-le")),
    ]


async def test_nobody_holds_a_connection_to_the_database_while_it_is_asked(
    api: Api, visitor: Visitor, directory: Directory
) -> None:
    await connected(api, directory)
    held = []

    async def look() -> None:
        state = api.runtime.database.pool_state()
        assert state is not None
        held.append(state.in_use)

    directory.hook = look
    done = await sign_in(visitor)

    assert done.status_code == 303
    assert len(held) >= 5 and set(held) == {0}


async def test_an_outage_stops_its_own_people_alone_and_counts_nothing(
    api: Api, visitor: Visitor, app: FastAPI, directory: Directory
) -> None:
    away = filled()
    async with away.running():
        await connected(api, away)
    for _ in range(12):
        answer = await sign_in(visitor)
        assert (answer.status_code, "does not answer" in answer.text) == (503, True)
    ready = await api.client.get("/health/ready")
    other, admin = Visitor(app), await api.admin()
    await other.sign_in(admin.email)

    assert ready.json()["status"] == "degraded"
    assert await other.who() == admin.email


async def test_wrong_passwords_of_a_name_are_limited(
    api: Api, visitor: Visitor, directory: Directory
) -> None:
    await connected(api, directory)
    statuses = [
        (await sign_in(visitor, name, "wrong")).status_code
        for name in ("ann", "ANN", "\uff41nn", "an\ufe0fn") * 4
    ] + [(await sign_in(visitor, "ann")).status_code]
    asked = directory.seen.count(("bind", ANN))

    assert statuses[0] == 401 and statuses[-1] == 429
    assert asked < len(statuses)


async def test_one_more_spelling_of_a_name_is_not_one_more_count(
    api: Api, app: FastAPI, directory: Directory
) -> None:
    ad = {"objectCategory": "person", "sAMAccountName": "bea", "objectGUID": b"g" * 16}
    add_person(directory, "bea", "b", **ad | {"objectClass": ["person", "user"]})
    await connected(api, directory, kind="active_directory")
    names = [f"D{number}\\bea" for number in range(20)]
    names += ["\uff22EA", "be\u0301a", "b\ufe0fea", "bea .", "b\u2003e a"]
    statuses = []
    for at, name in enumerate(names):  # from more networks than one
        stranger = Visitor(app, f"203.0.113.{at}")
        statuses.append((await sign_in(stranger, name, "wrong")).status_code)

    assert statuses[0] == 401 and set(statuses[-6:]) == {429}
    assert directory.seen.count(("bind", f"uid=bea,{PEOPLE}")) <= 10


async def test_strangers_keep_nobody_out_where_they_signed_in_before(
    api: Api, app: FastAPI, directory: Directory
) -> None:
    home, away, strange = "198.51.100.1", "198.51.100.2", "203.0.113.9"
    await connected(api, directory)
    await sign_in(Visitor(app, home))
    for name in ("ann", f"ann {home}", "nobody"):
        for _ in range(10):
            await sign_in(Visitor(app, strange), name, "wrong")
    owner = Visitor(app, home)
    wrong = [await sign_in(owner, each, "wrong") for each in ("ann", "nobody")]
    inside = await sign_in(owner)
    outside = await sign_in(Visitor(app, away))

    assert {each.status_code for each in wrong} == {429}  # whoever there is
    assert (inside.status_code, outside.status_code) == (303, 429)
    assert await owner.who() == MAIL


async def test_people_are_moved_off_it_only_where_that_is_wanted(
    api: Api, visitor: Visitor, app: FastAPI, directory: Directory
) -> None:
    await connected(api, directory, {"keeps_passwords": True})
    await sign_in(visitor)
    own = Visitor(app)
    before = await account(api, MAIL)
    await own.sign_in(MAIL, PASSWORD)
    directory.passwords[ANN] = NEW
    await sign_in(Visitor(app), password=NEW)
    await sign_in(Visitor(app), password=NEW)
    after = await account(api, MAIL)

    assert (before.password_hash or "").startswith("$argon2id$")
    assert await own.who() == MAIL
    assert before.password_hash != after.password_hash
    assert (await api.trail(after.id)).count("upstream.password_kept") == 2
    told = await api.mails("password_kept", MAIL)
    assert [mail["data"]["service"] for mail in told] == ["Firm & Co"] * 2
    assert all(mail["not_me_id"] for mail in told)
    assert await api.mails("new_sign_in", MAIL) == []  # nothing to be alarmed by


async def test_t094_nothing_is_hashed_to_be_kept_over_the_limit(
    api: Api, visitor: Visitor, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    await connected(api, directory, {"keeps_passwords": True})
    run, hashed = HashingPool.run, []

    async def counted(pool: HashingPool, *arguments: Any) -> Any:
        hashed.append(arguments)
        return await run(pool, *arguments)

    monkeypatch.setattr(HashingPool, "run", counted)
    await sign_in(visitor)
    cost = len(hashed)
    for _ in range(16):
        await sign_in(visitor, password="wrong")
    limited = await sign_in(visitor)

    assert limited.status_code == 429
    assert cost and len(hashed) == cost  # of those that were right, and let in


async def test_an_account_is_connected_by_who_just_signed_in(
    api: Api, visitor: Visitor, directory: Directory
) -> None:
    await connected(api, directory, trusted_domains=[])
    person = await api.person()
    await visitor.sign_in(person.email)
    fields = await visitor.hidden("/account/connections")
    led = await visitor.post("/account/connections", fields | {"connect": "firm"})
    form = await visitor.hidden(led.headers["location"])
    typed = {"login": "ann", "password": PASSWORD}
    done = await visitor.post("/upstreams/firm", form | typed)

    assert led.headers["location"] == "/upstreams/firm?connect=yes"
    assert form["connect"] == "yes"
    assert done.headers["location"] == "/account/connections?done=connected"
    assert await visitor.who() == person.email and await count(api) == 2


async def test_a_form_of_another_site_signs_nobody_in(
    api: Api, visitor: Visitor, directory: Directory
) -> None:
    await connected(api, directory)
    await visitor.get("/signin")
    typed = {"login": "ann", "password": PASSWORD}
    answer = await visitor.post("/upstreams/firm", typed)

    assert answer.status_code == 403
    assert directory.seen == []


@pytest.fixture(autouse=True)
async def _only_known_subjects(api: Api) -> AsyncIterator[None]:
    """What is stored of somebody is who they are there, and no DN."""
    yield
    async with api.runtime.database.session(read_only=True) as db:
        found = set((await db.scalars(select(UpstreamIdentity.subject))).all())
    assert found <= {ANN_ID}
