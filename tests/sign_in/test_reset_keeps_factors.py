"""No way to a new password takes a second factor along, or goes around it."""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI

from app.policies.permission import ADMIN_ROLE
from app.services.accounts.invitation import InvitationService
from app.services.accounts.password import PasswordService
from app.services.server.setup_recovery import SetupRecoveryService
from tests.factories.factor import FactorFactory
from tests.support.api import Api, Mailed, Person
from tests.support.browser import Visitor

NEW_PASSWORD = "another horse entirely"
Way = Callable[[Api, Person, Visitor], Awaitable[None]]


async def asked(api: Api, person: Person) -> Mailed:
    """Ask for a reset; return what the mail carries."""
    await api.post("/auth/forgot-password", {"email": person.email})
    return await api.mailed("reset_password")


async def reset(api: Api, **proof: str) -> None:
    """Choose a password by API."""
    body = proof | {"new_password": NEW_PASSWORD}
    answer = await api.post("/auth/reset-password", body)
    assert (answer.status_code, answer.content) == (204, b"")
    assert "set-cookie" not in answer.headers


async def by_link(api: Api, person: Person, _: Visitor) -> None:
    await reset(api, token=(await asked(api, person)).token)


async def by_code(api: Api, person: Person, _: Visitor) -> None:
    await reset(api, email=person.email, code=(await asked(api, person)).code)


async def by_page(api: Api, person: Person, visitor: Visitor) -> None:
    path = f"/reset-password?token={(await asked(api, person)).token}"
    done = await visitor.submit(path, {"password": NEW_PASSWORD})
    assert done.headers["location"].startswith("/done/")


async def by_page_and_code(api: Api, person: Person, visitor: Visitor) -> None:
    code = (await asked(api, person)).code
    fields = {"email": person.email, "code": code, "password": NEW_PASSWORD}
    done = await visitor.submit("/reset-password", fields)
    assert done.headers["location"].startswith("/done/")


async def by_administrator(api: Api, person: Person, _: Visitor) -> None:
    path = f"/users/{person.id}/password-reset"
    answer = await api.post(path, {"required": True}, await api.admin())
    assert (answer.status_code, answer.content) == (202, b"")
    await reset(api, token=(await api.mailed("reset_password")).token)


async def by_command(api: Api, person: Person, _: Visitor) -> None:
    async with api.runtime.unit_of_work() as uow:
        link = await SetupRecoveryService(uow, api.runtime).recover(person.email)
    await reset(api, token=parse_qs(urlsplit(link).query)["token"][0])


async def by_invitation(api: Api, person: Person, _: Visitor) -> None:
    runtime = api.runtime
    async with runtime.unit_of_work() as uow:
        user = await uow.users.by_id(person.id)
        assert user is not None
        await InvitationService(uow, runtime, PasswordService(runtime)).send(user)
    token = (await api.mailed("invitation")).token
    body = {"email": person.email, "password": NEW_PASSWORD, "invitation": token}
    answer = await api.post("/auth/register", body)
    assert answer.status_code == 201
    assert "set-cookie" not in answer.headers


@pytest.fixture
def visitor(app: FastAPI) -> Visitor:
    """A browser."""
    return Visitor(app)


@pytest.mark.parametrize(
    "way",
    [
        by_link,
        by_code,
        by_page,
        by_page_and_code,
        by_administrator,
        by_command,
        by_invitation,
    ],
)
async def test_t098_no_new_password_skips_the_second_factor(
    api: Api, visitor: Visitor, way: Way
) -> None:
    person = await api.person(ADMIN_ROLE)
    held = await FactorFactory(api.runtime).totp(person.id)

    await way(api, person, visitor)
    first = await api.login(person.email, NEW_PASSWORD)
    refused = await api.get("/users/me", person)
    nobody = await visitor.who()
    body = {"mfa_token": first.json()["mfa_token"], "factor": "totp"}
    finished = await api.post("/auth/mfa", body | {"code": held.code})

    assert first.json()["code"] == "mfa_required"
    assert first.json()["factors"] == ["totp"]
    assert refused.status_code == 401
    assert nobody == ""
    assert finished.status_code == 200


async def test_an_administrator_starts_a_recovery_and_learns_nothing(
    api: Api,
) -> None:
    admin, person = await api.admin(), await api.person()
    await FactorFactory(api.runtime).totp(person.id)

    answers = [
        await api.post(f"/users/{person.id}/password-reset", {}, admin),
        await api.delete(f"/users/{person.id}/factors/totp", admin),
        await api.get("/outbox", admin),
        await api.get("/audit-events", admin),
        await api.get(f"/users/{person.id}", admin),
    ]

    mail = await api.mailed("reset_password")
    told = "".join(each.text for each in answers)
    assert [each.status_code for each in answers] == [202, 204, 200, 200, 200]
    assert mail.to == person.email
    assert mail.token not in told and mail.code not in told
    assert "sealed" not in told and "secret" not in told
