"""Groups in the console: made, changed, deleted; people come and go."""

from typing import Any

import pytest

from app.models.access.group import Group
from app.services.access.group import GroupService
from app.services.server.runtime import Runtime
from tests.console.conftest import Holder
from tests.factories.role import RoleFactory
from tests.support.api import Api, Person
from tests.support.browser import Visitor
from tests.support.chance import FakeClock

NEW = "/admin/groups/new"


async def only(runtime: Runtime) -> tuple[Group, list[str]]:
    """Return the one group that there is, and its roles."""
    async with runtime.unit_of_work(read_only=True) as uow:
        groups = GroupService(uow)
        [group] = await groups.list_page(after=None, limit=9)
        return group, (await groups.roles_of([group])).get(group.id, [])


async def members(runtime: Runtime) -> list[str]:
    group, _ = await only(runtime)
    async with runtime.unit_of_work(read_only=True) as uow:
        rows = await GroupService(uow).list_members(group.id, after=None, limit=9)
    return [row.user.email for row in rows]


async def send(visitor: Visitor, path: str, at: str, **fields: str) -> Any:
    return await visitor.post(path, await visitor.hidden(at) | fields)


@pytest.fixture
async def path(visitor: Visitor, admin: Person, runtime: Runtime) -> str:
    """A group, made by an administrator; its page."""
    await RoleFactory(runtime)("support", "users:read")
    made = await send(visitor, NEW, NEW, name="team-a", roles="support")
    assert made.headers["location"].endswith("?done=made"), made.text
    return str(made.headers["location"]).partition("?")[0]


async def test_no_pattern_is_shown_to_who_names_a_group_wrongly(
    visitor: Visitor, admin: Person
) -> None:
    bad = await send(visitor, NEW, NEW, name="Our staff")

    assert bad.status_code == 422 and "pattern" not in bad.text
    assert ": Letters A to Z, digits and . _ : / @ + - without spaces.</a>" in bad.text


async def test_a_group_is_made_changed_and_deleted(
    visitor: Visitor, runtime: Runtime, path: str
) -> None:
    first, carried = await only(runtime)
    listed = (await visitor.get("/admin/groups")).text
    old = await visitor.hidden(path)
    fields = {"name": "team-b", "description": "Second line", "roles": ""}
    saved = await visitor.post(path, old | fields)
    late = await visitor.post(path, old | {"name": "team-c"})
    second, left = await only(runtime)
    unknown = await send(visitor, path, path, name="team-b", roles="none-such")
    wrong = await send(visitor, f"{path}/delete", path, typed="team-a")
    kept, _ = await only(runtime)
    deleted = await send(visitor, f"{path}/delete", path, typed="TEAM-B")

    assert (first.name, carried) == ("team-a", ["support"]) and "team-a" in listed
    assert saved.headers["location"] == f"{path}?done=saved"
    assert (second.name, second.description, left) == ("team-b", "Second line", [])
    assert (late.status_code, unknown.status_code, wrong.status_code) == (412, 422, 422)
    assert kept.name == "team-b"
    assert deleted.headers["location"] == "/admin/groups?done=deleted"
    assert (await visitor.get(path)).status_code == 404


async def test_people_come_by_address_and_go(
    api: Api, visitor: Visitor, runtime: Runtime, path: str
) -> None:
    ann = await api.person()
    to = f"{path}/members"

    added = await send(visitor, to, path, member=ann.email.upper())
    inside = await members(runtime)
    page = (await visitor.get(path)).text
    unknown = await send(visitor, to, path, member="nobody@example.com")
    removed = await send(visitor, to, path, remove=str(ann.id))

    assert added.headers["location"] == f"{path}?done=added" and inside == [ann.email]
    assert ann.email in page
    assert unknown.status_code == 422
    assert "There is no active account of this address or ID." in unknown.text
    assert removed.headers["location"] == f"{path}?done=removed"
    assert await members(runtime) == []


async def test_nobody_gives_or_takes_by_a_group_what_they_do_not_hold(
    api: Api, visitor: Visitor, runtime: Runtime, path: str, holder: Holder
) -> None:
    ann = await api.person()
    await holder("groups:read", "groups:write")

    answers = [
        await send(visitor, NEW, NEW, name="Mine", roles="support"),
        await send(visitor, path, path, name="team-a", roles=""),
        await send(visitor, f"{path}/members", path, member=str(ann.id)),
        await send(visitor, f"{path}/delete", path, typed="team-a"),
    ]
    named = await send(visitor, f"{path}/members", path, member=ann.email)

    assert {each.status_code for each in answers} == {403}
    assert named.status_code == 422  # addresses are for who may read accounts
    group, carried = await only(runtime)
    assert (group.name, carried) == ("team-a", ["support"])
    assert await members(runtime) == []


async def test_who_may_only_look_sees_no_form_and_no_address(
    api: Api, visitor: Visitor, runtime: Runtime, path: str, holder: Holder
) -> None:
    ann = await api.person()
    await send(visitor, f"{path}/members", path, member=ann.email)
    version = (await visitor.hidden(path))["version"]
    await holder("groups:read")
    form = await visitor.hidden("/account/profile") | {"version": version}

    page = (await visitor.get(path)).text
    kept = {"name": "team-a", "roles": "support"}  # gives and takes no right
    tried = await visitor.post(path, form | kept | {"description": "Mine"})

    assert "team-a" in page and ann.email not in page and f'action="{path}' not in page
    assert tried.status_code == 403 and (await visitor.get(NEW)).status_code == 403
    assert (await only(runtime))[0].description == ""


async def test_a_change_asks_for_a_sign_in_of_just_now(
    api: Api, visitor: Visitor, runtime: Runtime, path: str, clock: FakeClock
) -> None:
    ann = await api.person()
    clock.advance(hours=1)

    answers = [
        await send(visitor, NEW, NEW, name="other"),
        await send(visitor, path, path, name="other", roles=""),
        await send(visitor, f"{path}/members", path, member=ann.email),
        await send(visitor, f"{path}/delete", path, typed="team-a"),
    ]

    places = [each.headers["location"] for each in answers]
    assert all(each.startswith("/signin?to=console.groups") for each in places)
    group, carried = await only(runtime)
    assert (group.name, carried, await members(runtime)) == ("team-a", ["support"], [])
