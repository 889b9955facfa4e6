"""Accounts that two processes change at the same moment."""

import asyncio
from typing import Any
from uuid import uuid4

from httpx2 import AsyncClient
from sqlalchemy import func, select

from app.models import User
from app.policies.permission import ADMIN_ROLE
from tests.factories.role import RoleFactory
from tests.races.crowd import (
    NEW_PASSWORD,
    SIGN_IN_LIMIT,
    address,
    administrators,
    assert_one_success,
    crowd,
    no_administrators,
    statuses,
)
from tests.support.api import PASSWORD, Api, Person
from tests.support.page import Page


async def test_trap_18_t083_one_address_in_many_spellings_is_one_account(
    api: Api, both: list[AsyncClient]
) -> None:
    mark = uuid4().hex[:8]
    spellings = [
        f"{first}.{last}.{mark}@{domain}"
        for first in ("jos\u00e9", "jose\u0301", "JOS\u00c9", "JOSE\u0301")
        for last in ("strasse", "STRASSE", "Strasse", "sTRASSE")
        for domain in ("example.com", "EXAMPLE.com", "example.COM")
    ]
    bodies = [{"email": email, "password": PASSWORD} for email in spellings]

    answers = await crowd(both, "/api/v1/auth/register", bodies)

    assert statuses(answers) == {201: 1, 409: len(spellings) - 1}
    query = select(func.count()).select_from(User)
    async with api.runtime.database.session(read_only=True) as db:
        same = query.where(User.email_canonical.contains(mark))
        assert await db.scalar(same) == 1


async def test_nothing_issued_before_a_password_change_works_after_it(
    api: Api, both: list[AsyncClient]
) -> None:
    person = await api.person(email=address())
    other = await api.signed_in(person)
    old = {"email": person.email, "password": PASSWORD}
    spent = {"refresh_token": other.tokens["refresh_token"]}
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}

    changed, logins, refreshes = await asyncio.gather(
        api.post("/auth/change-password", change, person),
        crowd(both, "/api/v1/auth/login", [old] * (SIGN_IN_LIMIT - 2)),
        crowd(both, "/api/v1/auth/refresh", [spent] * 30),
    )

    assert changed.status_code == 204
    issued = [a.json() for a in (*logins, *refreshes) if a.status_code == 200]
    for tokens in (other.tokens, *issued):
        holder = Person(person.id, person.email, tokens)
        again = {"refresh_token": tokens["refresh_token"]}
        assert (await api.get("/users/me", holder)).status_code == 401
        assert (await api.post("/auth/refresh", again)).status_code == 401
    assert (await api.get("/users/me", person)).status_code == 200


async def test_of_two_administrators_who_demote_each_other_one_stays(
    api: Api, both: list[AsyncClient]
) -> None:
    for _ in range(4):
        async with api.runtime.unit_of_work() as uow:
            await uow.db.execute(no_administrators())
        ann, bob = [await api.person(ADMIN_ROLE, email=address()) for _ in range(2)]

        answers = await asyncio.gather(
            *(
                http.patch(
                    f"/api/v1/users/{victim.id}",
                    json={"roles": ["user"]},
                    headers=actor.headers,
                )
                for http, actor, victim in zip(both, (ann, bob), (bob, ann))
            )
        )

        assert_one_success(answers, 200)
        assert len(await administrators(api.runtime)) == 1


async def _roles_made(api: Api, count: int) -> list[str]:
    names = [f"role-{uuid4().hex[:12]}" for _ in range(count)]
    for name in names:
        await RoleFactory(api.runtime)(name)
    return names


async def _at_console(http: AsyncClient, api: Api, path: str) -> dict[str, Any]:
    """Sign an administrator in at a browser; return what the form at a path carries."""
    admin = await api.admin()
    form = Page((await http.get("/signin")).text).inputs["csrf"]["value"]
    fields = {"csrf": form, "email": admin.email, "password": PASSWORD}
    assert (await http.post("/signin", data=fields)).status_code == 303
    page = Page((await http.get(path)).text)
    return {"csrf": page.inputs["csrf"]["value"]}


async def test_roles_that_operators_give_in_the_same_moment_are_all_held(
    api: Api, both: list[AsyncClient]
) -> None:
    ada = await api.person(email=address())
    names, path = await _roles_made(api, 12), f"/admin/users/{ada.id}/roles"
    form = await _at_console(both[0], api, path)
    cookie = "; ".join(f"{name}={text}" for name, text in both[0].cookies.items())

    given = [form | {"add": name} for name in names]
    answers = await crowd(both, path, given, form=True, browser={"Cookie": cookie})

    assert statuses(answers) == {303: 12}
    held = (await api.get("/users/me", ada)).json()["roles"]
    assert held == sorted(["user", *names])


async def test_trap_22_t175_two_processes_try_no_more_passwords_than_the_limit(
    api: Api, both: list[AsyncClient]
) -> None:
    user = await api.users.with_password(PASSWORD, email=address())
    wrong = [{"email": user.email, "password": f"wrong {n:012}"} for n in range(60)]
    right = {"email": user.email, "password": PASSWORD}

    answers = await crowd(both, "/api/v1/auth/login", wrong)
    late = await crowd(both, "/api/v1/auth/login", [right] * 2)

    assert statuses(answers) == {401: SIGN_IN_LIMIT, 429: 60 - SIGN_IN_LIMIT}
    assert statuses(late) == {429: 2}
    assert (await api.trail(user.id)).count("sign_in.failed") == SIGN_IN_LIMIT
