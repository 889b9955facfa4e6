"""An account whose password has to be reset: nothing but the mailed link lets in."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import Response

from app.models import Session, User
from app.services.accounts.password import PasswordService
from app.services.server.runtime import Runtime
from tests.factories.factor import FactorFactory
from tests.support.api import PASSWORD, Api, Person
from tests.support.authorization import rows
from tests.support.browser import Visitor

NEW_PASSWORD = "another horse battery"
Way = Callable[[Api, Person], Awaitable[Response]]


async def by_password(api: Api, person: Person) -> Response:
    return await api.login(person.email)


async def by_code(api: Api, person: Person) -> Response:
    await api.post("/auth/email-code", {"email": person.email})
    body = {"email": person.email, "code": (await api.mailed("email_code")).code}
    return await api.post("/auth/email-code/verify", body)


async def by_passkey(api: Api, person: Person) -> Response:
    held = await FactorFactory(api.runtime).passkey(person.id)
    options = (await api.post("/auth/passkey/options", {})).json()
    answer = held.get(options)
    return await api.post("/auth/passkey/verify", {"response": answer})


async def demand(api: Api, person: Person) -> None:
    """Have an administrator demand a reset."""
    path = f"/users/{person.id}/password-reset"
    answer = await api.post(path, {"required": True}, await api.admin())
    assert (answer.status_code, answer.content) == (202, b"")


async def reset(api: Api) -> None:
    """Choose a password with the latest mail."""
    token = (await api.mailed("reset_password")).token
    body = {"token": token, "new_password": NEW_PASSWORD}
    assert (await api.post("/auth/reset-password", body)).status_code == 204


@pytest.mark.parametrize("way", [by_password, by_code, by_passkey])
async def test_no_right_factor_signs_in_until_the_password_was_reset(
    api: Api, runtime: Runtime, way: Way
) -> None:
    person = await api.person()
    before = len(await rows(runtime, Session))
    await demand(api, person)

    refused = await way(api, person)

    assert refused.status_code == 403
    assert refused.json()["code"] == "password_reset_required"
    assert "sign_in.failed" in await api.trail(person.id)
    assert len(await rows(runtime, Session)) == before + 1  # the administrator's


@pytest.mark.parametrize("asked_again", [False, True])
async def test_the_mailed_link_ends_it(api: Api, asked_again: bool) -> None:
    person = await api.person()
    await demand(api, person)
    if asked_again:
        await api.post("/auth/forgot-password", {"email": person.email})

    await reset(api)

    assert (await api.login(person.email, PASSWORD)).status_code == 401
    assert (await api.login(person.email, NEW_PASSWORD)).status_code == 200


async def test_who_does_not_know_the_password_learns_nothing(api: Api) -> None:
    person = await api.person()
    await demand(api, person)

    wrong = await api.login(person.email, "a wrong one")
    unknown = await api.login("nobody@example.com", "a wrong one")

    assert wrong.json()["code"] == "invalid_credentials"
    assert wrong.json().keys() == unknown.json().keys()


async def test_without_being_required_a_reset_leaves_the_password(api: Api) -> None:
    person = await api.person()

    path = f"/users/{person.id}/password-reset"
    await api.post(path, {"required": False}, await api.admin())

    assert (await api.login(person.email)).status_code == 200


async def test_a_sign_in_that_waits_for_a_second_step_is_over(api: Api) -> None:
    person = await api.person()
    app = await FactorFactory(api.runtime).totp(person.id)
    first = (await api.login(person.email)).json()
    async with api.runtime.unit_of_work() as uow:  # by whatever way
        user = await uow.users.by_id(person.id)
        assert user is not None
        user.must_reset_password = True

    body = {"mfa_token": first["mfa_token"], "factor": "totp", "code": app.code}
    answer = await api.post("/auth/mfa", body)

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_mfa_token")


async def test_what_was_hashed_while_it_was_demanded_signs_nobody_in(
    api: Api, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await api.person()
    verify = PasswordService.verify_stranger

    async def verified_and_demanded(self: Any, *args: Any, **named: Any) -> Any:
        verified = await verify(self, *args, **named)
        async with runtime.unit_of_work() as uow:
            user = await uow.users.by_id(person.id)
            assert user is not None
            user.must_reset_password = True
        return verified

    monkeypatch.setattr(PasswordService, "verify_stranger", verified_and_demanded)
    answer = await api.login(person.email)

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")


async def test_the_page_says_what_to_do(api: Api, app: FastAPI) -> None:
    person = await api.person()
    await demand(api, person)

    page = await Visitor(app).submit(
        "/signin", {"email": person.email, "password": PASSWORD}
    )

    assert page.status_code == 403
    assert "Choose a new password first" in page.text
    assert "/forgot-password" in page.text


async def test_a_manager_cannot_demand_it_of_who_may_do_more(
    api: Api, runtime: Runtime
) -> None:
    admin, manager = await api.admin(), await api.person()
    body = {"name": "manager", "permissions": ["users:read", "users:write"]}
    await api.post("/roles", body, admin)
    await api.patch(f"/users/{manager.id}", {"roles": ["manager"]}, admin)

    path = f"/users/{admin.id}/password-reset"
    answer = await api.post(path, {"required": True}, manager)

    assert answer.status_code == 403
    users = await rows(runtime, User)
    assert not any(user.must_reset_password for user in users)
