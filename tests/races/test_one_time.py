"""What mails bring works once, whichever process it is sent to and how often."""

import json

from httpx2 import AsyncClient
from sqlalchemy import update

from app.models import Session
from app.policies.permission import ADMIN_ROLE
from app.services.accounts.password import PasswordService
from app.services.server.setup import SetupService
from tests.factories.authenticator import Authenticator
from tests.races.crowd import (
    NEW_PASSWORD,
    address,
    administrators,
    assert_one_success,
    crowd,
    no_administrators,
)
from tests.support.api import PASSWORD, Api
from tests.support.page import Page


async def test_trap_18_t124_a_reset_link_works_once(
    api: Api, both: list[AsyncClient]
) -> None:
    person = await api.person(email=address())
    await api.post("/auth/forgot-password", {"email": person.email})
    link = await api.mailed("reset_password")
    body = {"token": link.token, "new_password": NEW_PASSWORD}

    answers = await crowd(both, "/api/v1/auth/reset-password", [body] * 50)

    assert_one_success(answers, 204)
    assert (await api.trail(person.id)).count("password.reset") == 1


async def test_a_verification_mail_works_once_by_link_and_code_together(
    api: Api, both: list[AsyncClient]
) -> None:
    person = await api.person(email=address(), email_verified=False)
    await api.post("/auth/resend-verification", {"email": person.email})
    mail = await api.mailed("verify_email")
    ways = [{"token": mail.token}, {"email": person.email, "code": mail.code}]

    # Two of a kind after each other, so that both processes get both.
    bodies = [ways[number // 2 % 2] for number in range(50)]
    answers = await crowd(both, "/api/v1/auth/verify-email", bodies)

    assert_one_success(answers, 204)


async def test_a_change_of_address_is_confirmed_once(
    api: Api, both: list[AsyncClient]
) -> None:
    person = await api.person(email=address())
    await api.post("/users/me/email", {"email": address()}, person)
    mail = await api.mailed("change_email")
    bodies = [{"token": mail.token}] * 50

    answers = await crowd(both, "/api/v1/users/me/email/confirm", bodies, person=person)

    assert_one_success(answers, 204)


async def test_sign_ins_of_one_moment_and_place_are_told_of_once(
    api: Api, both: list[AsyncClient]
) -> None:
    person = await api.person(email=address())
    form = {"email": person.email, "password": PASSWORD}
    async with api.runtime.database.session() as db:  # as if it was elsewhere
        query = update(Session).where(Session.user_id == person.id)
        await db.execute(query.values(network="192.0.2.200"))
        await db.commit()

    answers = await crowd(both, "/api/v1/auth/login", [form] * 8)

    assert {answer.status_code for answer in answers} == {200}
    assert len(await api.mails("new_sign_in", person.email)) == 1


async def test_this_wasnt_me_is_said_once(api: Api, both: list[AsyncClient]) -> None:
    person = await api.person(email=address())
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    await api.post("/auth/change-password", change, person)
    link = await api.not_me("password_changed", person.email)

    answers = await crowd(both, "/api/v1/auth/not-me", [{"token": link}] * 50)

    assert_one_success(answers, 204)
    assert (await api.trail(person.id)).count("sign_in.not_me") == 1
    assert len(await api.mails("reset_password", person.email)) == 1
    assert len(await api.mails("not_me", person.email)) == 1


async def test_an_invitation_is_accepted_once(
    api: Api, both: list[AsyncClient]
) -> None:
    admin, email = await api.person(ADMIN_ROLE, email=address()), address()
    await api.post("/users", {"email": email}, admin)
    link = await api.mailed("invitation")
    form = {"token": link.token, "password": NEW_PASSWORD, "name": "Ann"}

    answers = await crowd(both, "/accept-invitation", [form] * 50, form=True)

    assert_one_success(answers, 303)


async def test_a_code_signs_in_once(api: Api, both: list[AsyncClient]) -> None:
    user = await api.users(email=address())
    await api.post("/auth/email-code", {"email": user.email})
    code = (await api.mailed("email_code")).code
    bodies = [{"email": user.email, "code": code}] * 50

    answers = await crowd(both, "/api/v1/auth/email-code/verify", bodies)

    assert_one_success(answers, 200)


async def test_a_set_up_link_makes_one_administrator(
    api: Api, both: list[AsyncClient]
) -> None:
    async with api.runtime.unit_of_work() as uow:
        await uow.db.execute(no_administrators())
        setup = SetupService(uow, api.runtime, PasswordService(api.runtime))
        token = str(await setup.link()).partition("token=")[2]
    forms = [
        {"token": token, "email": address(), "password": NEW_PASSWORD}
        for _ in range(50)
    ]

    answers = await crowd(both, "/setup", forms, form=True)

    assert_one_success(answers, 303)
    assert len(await administrators(api.runtime)) == 1


async def test_a_set_up_link_makes_one_administrator_of_passkeys_too(
    api: Api, both: list[AsyncClient]
) -> None:
    """Each form was opened at the same browser, with an authenticator of its own."""
    async with api.runtime.unit_of_work() as uow:
        await uow.db.execute(no_administrators())
        setup = SetupService(uow, api.runtime, PasswordService(api.runtime))
        token = str(await setup.link()).partition("token=")[2]
    origin = api.runtime.settings.public_url
    browser = await both[0].get(f"/setup?token={token}")
    csrf = Page(browser.text).inputs["csrf"]["value"]
    cookie = browser.headers["set-cookie"].partition(";")[0]
    forms = []
    for _ in range(20):
        page = Page((await both[0].get(f"/setup?token={token}")).text)
        [asked] = [each for each in page.all("form") if each.get("data-options")]
        made = Authenticator(origin).create(json.loads(asked["data-options"] or ""))
        forms.append(
            {
                "token": token,
                "csrf": csrf,
                "email": address(),
                "response": json.dumps(made),
            }
        )

    at_browser = {"Cookie": cookie}
    answers = await crowd(both, "/setup", forms, form=True, browser=at_browser)

    assert_one_success(answers, 303)
    assert len(await administrators(api.runtime)) == 1
