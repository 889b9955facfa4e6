"""The same change for many accounts: counted, confirmed, judged one by one."""

from typing import Any

import pytest
from sqlalchemy import select

from app.models import AuditEvent
from app.services.console import user_batch
from app.services.server.runtime import Runtime
from tests.console.conftest import Holder
from tests.factories.role import RoleFactory
from tests.support.api import Api, Person
from tests.support.browser import Visitor
from tests.support.chance import FakeClock
from tests.support.page import Page

PATH = "/admin/users/batch"


def ticked(action: str, *people: Any) -> str:
    """Return the address that the list leads to with these rows ticked."""
    return f"{PATH}?action={action}&" + "&".join(f"id={each.id.hex}" for each in people)


async def send(visitor: Visitor, address: str, typed: str, **fields: str) -> Any:
    """Open the page that asks, and confirm it."""
    form = await visitor.hidden(address)
    return await visitor.post(PATH, form | {"typed": typed} | fields)


async def test_what_was_ticked_is_counted_confirmed_and_done(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    ada, alan, grace = [await api.person() for _ in range(3)]
    address = ticked("disable", ada, alan)

    asks = await visitor.get(address)
    wrong = await send(visitor, address, "3")
    right = await send(visitor, address, "2")
    told = await visitor.get(right.headers["location"])

    assert "2 accounts" in asks.text and ada.email in asks.text
    assert grace.email not in asks.text
    assert wrong.status_code == 422 and right.status_code == 303
    assert "Done for 2 accounts." in told.text
    states = [(await api.get("/users/me", p)).status_code for p in (ada, alan, grace)]
    assert states == [401, 401, 200]
    for each in (ada, alan):
        assert "user.status_changed" in await api.trail(each.id)


async def test_yourself_and_who_may_do_more_are_left_as_they_are_and_named(
    api: Api, visitor: Visitor, holder: Holder
) -> None:
    me = await holder("users:read", "users:write")
    ada, root = await api.person(), await api.admin()

    sent = await send(visitor, ticked("disable", me, ada, root), "3")
    told = await visitor.get(sent.headers["location"])

    assert "Done for 1 account." in told.text
    assert me.email in told.text and "your own account" in told.text
    assert root.email in told.text and "may do more than you" in told.text
    assert (await api.get("/users/me", root)).status_code == 200
    assert (await api.get("/users/me", ada)).status_code == 401
    assert (await visitor.get("/admin/users")).status_code == 200


async def test_the_last_administrator_stays(
    api: Api, visitor: Visitor, holder: Holder, runtime: Runtime
) -> None:
    await holder("*")
    root, ada = await api.admin(), await api.person()

    sent = await send(visitor, ticked("disable", root, ada), "2")
    told = await visitor.get(sent.headers["location"])

    assert "last active administrator" in told.text
    assert (await api.get("/users/me", root)).status_code == 200
    assert (await api.get("/users/me", ada)).status_code == 401
    assert "user.status_changed" not in await api.trail(root.id)


async def test_a_whole_filter_is_done_piece_by_piece(
    api: Api, visitor: Visitor, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.pages.console.user_batch.MOST", 2)
    people = [await api.users(email=f"p{n}@a.example") for n in range(3)]
    address = f"{PATH}?action=disable&scope=filter&q=a.example"

    asks = await visitor.get(address)
    first = await send(visitor, address, "2")
    told = await visitor.get(first.headers["location"])
    [on] = [
        str(each["href"])
        for each in Page(told.text).all("a")
        if "after=" in str(each["href"])
    ]
    second = await send(visitor, on, "1")

    assert "There are more." in asks.text
    assert second.status_code == 303
    found = await visitor.get("/admin/users?status=disabled")
    assert all(each.email in found.text for each in people)
    end = await visitor.get(second.headers["location"])
    assert "Go on with the next" not in end.text


@pytest.mark.parametrize(
    ("action", "expected"),
    [("end_sessions", 401), ("enable", 200), ("add_role", 200)],
)
async def test_every_action_does_what_it_says(
    api: Api, visitor: Visitor, admin: Person, action: str, expected: int
) -> None:
    ada = await api.person()

    sent = await send(visitor, ticked(action, ada), "1", added="admin")

    assert "Done for 1 account." in (await visitor.get(sent.headers["location"])).text
    me = await api.get("/users/me", ada)
    assert me.status_code == expected
    if action == "add_role":
        assert me.json()["roles"] == ["admin", "user"]


async def test_invitations_go_to_who_did_not_accept_one(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    ada = await api.person()
    await visitor.submit("/admin/users/new", {"email": "new@a.example"})
    address = f"{PATH}?action=invite_again&scope=filter"

    sent = await send(visitor, address, "3")
    told = await visitor.get(sent.headers["location"])

    assert "Done for 1 account." in told.text
    assert "Signs in already." in told.text and ada.email in told.text
    assert len(await api.mails("invitation")) == 2


async def test_nobody_gives_many_what_they_may_not_give_one(
    api: Api, visitor: Visitor, holder: Holder
) -> None:
    await holder("users:read", "users:write")
    ada = await api.person()

    sent = await send(visitor, ticked("add_role", ada), "1", added="admin")

    assert "Done for 0 accounts." in (await visitor.get(sent.headers["location"])).text
    assert (await api.get("/users/me", ada)).json()["roles"] == ["user"]


async def test_who_may_not_look_at_roles_types_which_one_many_get(
    api: Api, visitor: Visitor, holder: Holder, runtime: Runtime
) -> None:
    await holder("users:read", "users:write")
    await RoleFactory(runtime)("helper")
    ada = await api.person()

    asked = await visitor.get(ticked("add_role", ada))
    await send(visitor, ticked("add_role", ada), "1", added="helper")

    page = Page(asked.text)
    assert not page.all("select") and page.inputs["added"]["type"] == "text"
    assert "helper" not in asked.text
    assert (await api.get("/users/me", ada)).json()["roles"] == ["helper", "user"]


async def test_a_batch_of_elsewhere_changes_nobody(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    ada = await api.person()
    fields = {"action": "disable", "ids": ada.id.hex, "typed": "1"}

    foreign = await visitor.post(PATH, fields | {"csrf": "x"})
    crossed = await visitor.post(PATH, fields, Sec_Fetch_Site="cross-site")

    assert (foreign.status_code, crossed.status_code) == (403, 403)
    assert (await api.get("/users/me", ada)).status_code == 200


async def test_no_more_than_a_batch_is_taken_at_once(
    api: Api, visitor: Visitor, admin: Person
) -> None:
    form = await visitor.hidden(ticked("disable", await api.users()))
    many = user_batch.MOST + 1
    ids = " ".join(f"{number:032x}" for number in range(1, many + 1))

    answer = await visitor.post(PATH, form | {"ids": ids, "typed": str(many)})

    assert answer.status_code == 422


async def test_what_came_of_a_batch_is_told_to_nobody_else(
    api: Api, visitor: Visitor, admin: Person, runtime: Runtime, app: Any
) -> None:
    ada, other = await api.person(), await api.admin()
    sent = await send(visitor, ticked("disable", ada, admin), "2")
    elsewhere = Visitor(app)
    await elsewhere.sign_in(other.email)

    told = await elsewhere.get(sent.headers["location"])

    assert "Nothing found" in told.text and admin.email not in told.text
    async with runtime.database.session(read_only=True) as db:
        query = select(AuditEvent).where(AuditEvent.name == "user.changed_together")
        [kept] = (await db.scalars(query)).all()
    assert kept.actor_id == admin.id
    assert kept.data["done"] == 1 and kept.data["action"] == "disable"
    assert kept.data["refused"] == {str(admin.id): "yourself"}


@pytest.mark.parametrize(
    "query", ["", "?action=nonsense", "?action=disable", "?action=disable&id=x"]
)
async def test_addresses_without_sense_lead_nowhere_bad(
    visitor: Visitor, admin: Person, query: str
) -> None:
    answer = await visitor.get(f"{PATH}{query}")

    if "action=disable" in query:
        told = await visitor.get(answer.headers["location"])
        assert "Nobody was chosen" in told.text and "data-tick" in told.text
    else:
        assert answer.headers["location"] == "/admin/users"


@pytest.mark.parametrize("scope", ["", "&scope=filter&q=nobody@example.com"])
async def test_asking_costs_four_statements_at_most(
    api: Api, visitor: Visitor, admin: Person, asked: list[str], scope: str
) -> None:
    address = ticked("disable", await api.users()) + scope
    asked.clear()

    answer = await visitor.get(address)

    assert answer.status_code == (303 if scope else 200)  # nobody: back to the list
    assert 3 <= len(asked) <= 4, asked


@pytest.mark.parametrize(
    ("action", "fields"), [("disable", {}), ("add_role", {"added": "admin"})]
)
async def test_t103_many_ask_for_the_sign_in_of_just_now_that_one_asks_for(
    api: Api,
    visitor: Visitor,
    admin: Person,
    clock: FakeClock,
    action: str,
    fields: dict[str, str],
) -> None:
    ada = await api.person()
    clock.advance(seconds=601)

    sent = await send(visitor, ticked(action, ada), "1", **fields)

    assert sent.headers["location"] == "/signin?to=console.users"
    assert not {"user.status_changed", "user.roles_changed"} & set(
        await api.trail(ada.id)
    )
