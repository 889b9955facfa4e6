"""Personal access tokens: what ends them, and who may."""

import pytest

from app.services.server.runtime import Runtime
from app.services.server.token_epoch import begin_epoch
from tests.personal_tokens.maker import Tokens, stored
from tests.support.api import PASSWORD, Api, Person
from tests.support.chance import FakeClock

WAYS = ["owner", "admin", "expired", "disabled", "deleted", "reset", "all"]


@pytest.mark.parametrize("way", WAYS)
async def test_it_ends_at_once_with_whatever_it_hangs_on(
    api: Api, tokens: Tokens, runtime: Runtime, clock: FakeClock, way: str
) -> None:
    person, admin = await api.person(), await api.admin()
    made = await tokens.make(person)
    before = await tokens.use(made["token"])
    await runtime.personal_tokens.settle()
    of_them = f"/users/{person.id}"

    if way == "owner":
        await api.delete(f"/users/me/tokens/{made['id']}", person)
    elif way == "admin":
        await api.delete(f"{of_them}/tokens/{made['id']}", admin)
    elif way == "expired":
        clock.advance(days=7)
    elif way == "disabled":
        await api.patch(of_them, {"status": "disabled"}, admin)
    elif way == "deleted":
        await api.delete(of_them, admin)
    elif way == "reset":
        await api.post(f"{of_them}/password-reset", None, admin)
    else:
        async with runtime.unit_of_work() as uow:
            assert (await begin_epoch(uow, "operator")).personal_tokens == 1
    after = await tokens.use(made["token"])

    assert (before.status_code, after.status_code) == (200, 401)
    assert len(await stored(runtime)) == (way == "expired")
    if way in ("disabled", "deleted", "reset"):
        assert "personal_token.all_revoked" in await api.trail(person.id)


async def test_a_disabled_account_that_comes_back_has_none(
    api: Api, tokens: Tokens
) -> None:
    person, admin = await api.person(), await api.admin()
    made = await tokens.make(person)

    for status in ("disabled", "active"):
        await api.patch(f"/users/{person.id}", {"status": status}, admin)

    assert (await tokens.use(made["token"])).status_code == 401


async def test_who_is_there_and_changes_the_password_keeps_them(
    api: Api, tokens: Tokens
) -> None:
    person = await api.person()
    made = await tokens.make(person)
    body = {"current_password": PASSWORD, "new_password": "another horse entirely"}

    changed = await api.post("/auth/change-password", body, person)

    assert changed.status_code == 204
    assert (await tokens.use(made["token"])).status_code == 200


async def test_this_wasnt_me_ends_the_token_that_a_thief_made(
    api: Api, tokens: Tokens
) -> None:
    made = await tokens.make(await api.person())
    link = await api.not_me("personal_token_created")

    said = await api.post("/auth/not-me", {"token": link})

    assert said.status_code in (200, 202, 204)
    assert (await tokens.use(made["token"])).status_code == 401


async def test_another_persons_token_does_not_exist(api: Api, tokens: Tokens) -> None:
    person, other = await api.person(), await api.person()
    made = await tokens.make(person)

    refused = await api.delete(f"/users/me/tokens/{made['id']}", other)

    assert refused.json()["code"] == "personal_token_not_found"
    assert (await tokens.use(made["token"])).status_code == 200
    assert (await api.get("/users/me/tokens", other)).json()["items"] == []


async def test_a_manager_of_users_does_not_touch_those_of_an_administrator(
    api: Api, tokens: Tokens
) -> None:
    admin = await api.admin()
    made = await tokens.make(admin, "users:write")
    token = made["token"]

    own = await tokens.use(token, f"/users/{admin.id}/tokens/{made['id']}", "DELETE")
    other = await tokens.make(await api.admin())
    foreign = f"/users/{(await holder(api, tokens, other)).id}/tokens/{other['id']}"
    refused = await tokens.use(
        (await tokens.make(admin, "users:write"))["token"], foreign, "DELETE"
    )

    assert own.status_code == 204
    assert refused.status_code == 403  # as a token it may do less than its owner


async def holder(api: Api, tokens: Tokens, made: dict[str, str]) -> Person:
    """Return whose token it is."""
    user = (await tokens.use(made["token"])).json()
    return Person(user["id"], user["email"])
