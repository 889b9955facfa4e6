"""A role that a group carries counts as one's own, wherever roles count."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from app.core import jose
from app.models import Group
from app.policies.permission import ADMIN_ROLE
from app.repositories.statements.attention import count
from app.services.server.runtime import Runtime
from tests.access.conftest import MakeGroup
from tests.sign_in.test_demanded_factors import REFUSED, asked, demand, with_two
from tests.support.api import Api

Leave = Callable[[Group, UUID], Awaitable[None]]


def roles_in(tokens: dict[str, Any]) -> list[str]:
    """Return what an access token of ours says."""
    roles: list[str] = jose.unverified_claims(tokens["access_token"])["roles"]
    return roles


async def test_it_allows_from_the_next_request_on_and_no_longer_than_membership(
    api: Api, make_group: MakeGroup, leave: Leave
) -> None:
    await api.admin()  # another one has to be left
    person = await api.person()
    before = await asked(api, person)
    group = await make_group("ops", person.id, roles=["admin"])

    inside = await asked(api, person)
    await leave(group, person.id)
    after = await asked(api, person)

    assert (before[0], inside[0], after[0]) == (403, 200, 403)


async def test_tokens_of_a_sign_in_and_a_refresh_name_it_and_nobody_elses(
    api: Api, make_group: MakeGroup, leave: Leave
) -> None:
    await api.admin()
    ann, bob = await api.person(), await api.person()
    group = await make_group("ops", ann.id, roles=["admin", "user"])

    tokens = (await api.signed_in(ann)).tokens
    body = {"refresh_token": tokens["refresh_token"]}
    refreshed = (await api.post("/auth/refresh", body)).json()
    again = (await api.post("/auth/refresh", body)).json()  # a lost answer
    await leave(group, ann.id)
    body = {"refresh_token": refreshed["refresh_token"]}
    left = (await api.post("/auth/refresh", body)).json()
    body = {"refresh_token": bob.tokens["refresh_token"]}
    others = (await api.post("/auth/refresh", body)).json()

    told = [roles_in(each) for each in (tokens, refreshed, again)]
    assert told == [["admin", "user"]] * 3
    assert (roles_in(left), roles_in(others)) == (["user"], ["user"])
    assert (await api.get("/users/me", ann)).json()["roles"] == ["user"]


async def test_t098_what_it_demands_is_demanded_of_members(
    api: Api, runtime: Runtime, make_group: MakeGroup
) -> None:
    person = await api.person()
    await make_group("ops", person.id, roles=["admin"])
    await demand(runtime)

    with_one = await asked(api, person)
    second = await with_two(api, await api.person())
    await make_group("other", second.id, roles=["admin"])
    password_only = await api.login(person.email)

    assert with_one == REFUSED
    assert (await asked(api, second))[0] == 200
    assert password_only.status_code == 401
    assert password_only.json()["code"] == "mfa_required"


async def test_who_is_administrator_by_a_group_is_not_changed_by_less(
    api: Api, make_group: MakeGroup
) -> None:
    """T155: whoever changes an account could act as its owner."""
    admin, boss = await api.admin(), await api.users()
    await make_group("ops", boss.id, roles=["admin"])
    role = {"name": "helper", "permissions": ["users:read", "users:write"]}
    await api.post("/roles", role, admin)
    helper = await api.person("helper")

    answer = await api.patch(f"/users/{boss.id}", {"status": "disabled"}, helper)

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("way", ["leave", "role", "group", "account", "disable"])
async def test_the_last_administrator_stays_though_a_group_makes_them_one(
    api: Api, make_group: MakeGroup, way: str
) -> None:
    person = await api.person()
    group = await make_group("ops", person.id, roles=["admin"])
    path = f"/groups/{group.id}"
    ways: dict[str, Any] = {
        "leave": lambda: api.delete(f"{path}/members/{person.id}", person),
        "role": lambda: api.patch(path, {"roles": []}, person),
        "group": lambda: api.delete(path, person),
        "account": lambda: api.delete("/users/me", person),
        "disable": lambda: api.patch(
            f"/users/{person.id}", {"status": "disabled"}, person
        ),
    }

    answer = await ways[way]()

    assert (answer.status_code, answer.json()["code"]) == (409, "last_administrator")
    assert (await asked(api, person))[0] == 200


async def test_one_administrator_by_a_group_is_enough_for_another_to_go(
    api: Api, make_group: MakeGroup
) -> None:
    admin, person = await api.admin(), await api.person()
    await make_group("ops", person.id, roles=["admin"])

    answer = await api.patch(f"/users/{admin.id}", {"roles": ["user"]}, person)

    assert answer.status_code == 200, answer.text


async def test_members_without_a_second_factor_need_attention(
    api: Api, runtime: Runtime, make_group: MakeGroup
) -> None:
    person = await api.users()
    async with runtime.database.session(read_only=True) as db:
        before = await count(db, ADMIN_ROLE, runtime.clock.now())
    await make_group("ops", person.id, roles=["admin"])

    async with runtime.database.session(read_only=True) as db:
        after = await count(db, ADMIN_ROLE, runtime.clock.now())

    assert (before.unprotected, after.unprotected) == (0, 1)


async def test_a_copy_of_ones_data_names_groups(
    api: Api, make_group: MakeGroup
) -> None:
    person = await api.person()
    await make_group("staff", person.id)

    copy = (await api.get("/users/me/export", person)).json()

    assert copy["user"]["groups"] == ["staff"]
