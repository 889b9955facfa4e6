"""``/api/v1/groups``: who may do what to which group, and what is left of it."""

import asyncio
from uuid import uuid4

from app.policies.permission import operator
from app.services.access.group import GroupService
from app.services.server.runtime import Runtime
from tests.access.conftest import MakeGroup
from tests.factories.role import RoleFactory
from tests.security.test_access_control import manager
from tests.support.api import Api, Person
from tests.support.tables import contents

BODY = {"name": "dev/backend", "description": "Who builds it", "roles": ["user"]}


async def put(api: Api, path: str, person: Person) -> int:
    answer = await api.client.put(f"/api/v1{path}", headers=person.headers)
    return answer.status_code


async def test_a_group_is_made_read_changed_and_deleted(api: Api) -> None:
    admin = await api.admin()
    made = await api.post("/groups", BODY, admin)
    path = made.headers["location"].removeprefix("/api/v1")
    read = await api.get(path, admin)
    change = {"name": "dev", "roles": []}

    changed = await api.patch(path, change, admin, If_Match=read.headers["etag"])
    stale = await api.patch(path, BODY, admin, If_Match=read.headers["etag"])
    listed = await api.get("/groups", admin)
    deleted = await api.delete(path, admin)
    gone = await api.get(path, admin)

    assert made.status_code == 201 and made.json() == read.json()
    assert {name: made.json()[name] for name in BODY} == BODY
    assert changed.json() == read.json() | change | {
        "updated_at": changed.json()["updated_at"]
    }
    assert (stale.status_code, deleted.status_code) == (412, 204)
    assert listed.json()["items"] == [changed.json()]
    assert (gone.status_code, gone.json()["code"]) == (404, "group_not_found")
    trail = [name for name in await api.trail(None) if name.startswith("group.")]
    assert trail == ["group.created", "group.updated", "group.deleted"]


async def test_members_come_in_pages_and_go(api: Api, make_group: MakeGroup) -> None:
    admin = await api.admin()
    people = [await api.users() for _ in range(3)]
    group = await make_group("staff")
    path = f"/groups/{group.id}/members"

    added = [await put(api, f"{path}/{user.id}", admin) for user in people]
    again = await put(api, f"{path}/{people[0].id}", admin)
    first = (await api.get(f"{path}?limit=2", admin)).json()
    rest = (
        await api.get(f"{path}?limit=2&cursor={first['next_cursor']}", admin)
    ).json()
    removed = await api.delete(f"{path}/{people[0].id}", admin)
    twice = await api.delete(f"{path}/{people[0].id}", admin)
    stranger = await put(api, f"{path}/{uuid4()}", admin)
    groups = await api.get(f"/users/{people[1].id}/groups", admin)

    assert (added, again) == ([204] * 3, 204)
    shown = [each["id"] for each in first["items"] + rest["items"]]
    assert shown == [str(user.id) for user in people] and not rest["next_cursor"]
    assert (removed.status_code, stranger) == (204, 404)
    assert twice.json()["code"] == "group_member_not_found"
    assert [each["name"] for each in groups.json()["items"]] == ["staff"]
    told = [f"group.member_{what}" for what in ("added", "removed")]
    assert await api.trail(people[0].id) == told


async def test_names_are_one_whatever_their_case(api: Api) -> None:
    admin = await api.admin()
    await api.post("/groups", {"name": "Dev"}, admin)
    other = (await api.post("/groups", {"name": "ops"}, admin)).json()

    twice = await api.post("/groups", {"name": "dEV"}, admin)
    renamed = await api.patch(f"/groups/{other['id']}", {"name": "DEV"}, admin)

    for refused in (twice, renamed):
        assert (refused.status_code, refused.json()["code"]) == (409, "group_exists")


async def test_a_name_fits_where_applications_put_it(api: Api) -> None:
    """A comma or a line end would be a second group in an HTTP field."""
    admin = await api.admin()
    before = await contents(api.runtime)

    for name in ("a,b", "a b", "a\r\nb", "", "é", "-a", "a" * 129):
        answer = await api.post("/groups", {"name": name}, admin)
        assert answer.status_code == 422, name

    assert await contents(api.runtime) == before


async def test_t148_t155_nobody_gives_or_takes_through_a_group_what_they_may_not(
    api: Api, runtime: Runtime, make_group: MakeGroup
) -> None:
    boss = await api.admin()
    person = await manager(api, "groups:read", "groups:write", "users:read")
    strong = await make_group("strong", boss.id, roles=["admin"])
    weak = await make_group("weak", roles=["user"])
    before = await contents(runtime)

    refused = [
        await api.post("/groups", {"name": "mine", "roles": ["admin"]}, person),
        await api.patch(f"/groups/{weak.id}", {"roles": ["admin"]}, person),
        await api.patch(f"/groups/{strong.id}", {"roles": []}, person),
        await api.delete(f"/groups/{strong.id}", person),
        await api.delete(f"/groups/{strong.id}/members/{boss.id}", person),
        await api.client.put(
            f"/api/v1/groups/{strong.id}/members/{person.id}", headers=person.headers
        ),
    ]
    unknown = await api.post("/groups", {"name": "a", "roles": ["nobody"]}, person)

    assert [each.status_code for each in refused] == [403] * 6
    assert unknown.json()["errors"][0]["code"] == "unknown_role"
    assert await contents(runtime) == before
    assert await put(api, f"/groups/{weak.id}/members/{person.id}", person) == 204


async def test_groups_are_a_filter_of_accounts(api: Api, make_group: MakeGroup) -> None:
    admin, ann, _ = await api.admin(), await api.users(), await api.users()
    await make_group("Staff", ann.id, roles=["admin"])

    in_group = (await api.get("/users?group=staff", admin)).json()["items"]
    with_role = (await api.get("/users?role=admin", admin)).json()["items"]

    assert [each["id"] for each in in_group] == [str(ann.id)]
    assert {each["id"] for each in with_role} == {str(admin.id), str(ann.id)}
    assert in_group[0]["roles"] == ["user"]  # given to the account itself


async def test_a_name_is_not_freed_by_who_may_not_delete_the_group(
    api: Api, runtime: Runtime, make_group: MakeGroup
) -> None:
    """Another group of that name would be let in where programs trust the name."""
    person = await manager(api, "groups:read", "groups:write")
    strong = await make_group("strong", roles=["admin"])
    weak = await make_group("weak")

    refused = await api.patch(f"/groups/{strong.id}", {"name": "old"}, person)
    described = await api.patch(
        f"/groups/{strong.id}", {"name": "strong", "description": "x"}, person
    )
    renamed = await api.patch(f"/groups/{weak.id}", {"name": "old"}, person)

    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert (described.status_code, renamed.status_code) == (200, 200)


async def test_roles_that_operators_add_in_the_same_moment_are_all_carried(
    api: Api, runtime: Runtime, make_group: MakeGroup
) -> None:
    names = [f"role{number}" for number in range(8)]
    for name in names:
        await RoleFactory(runtime)(name)
    group = await make_group("staff")
    actor = operator(runtime.clock.now())

    async def add(name: str) -> None:
        async with runtime.unit_of_work() as uow:
            await GroupService(uow).change_roles(actor, group.id, add=[name])

    await asyncio.gather(*map(add, names))

    shown = await api.get(f"/groups/{group.id}", await api.admin())
    assert shown.json()["roles"] == names
