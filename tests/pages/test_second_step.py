"""The second step at a browser: asked for, passed, remembered, and begun anew."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI
from sqlalchemy import update

from app.models import Role
from app.services.server.runtime import Runtime
from tests.factories.factor import FactorFactory
from tests.factories.oauth import Application
from tests.support.api import Api
from tests.support.browser import Visitor, flow_at, set_cookies
from tests.support.chance import FakeClock
from tests.support.page import Page

VERIFY = "/signin/verify"


@pytest.fixture
def factors(runtime: Runtime) -> FactorFactory:
    """Second factors for accounts."""
    return FactorFactory(runtime)


async def test_a_code_follows_the_password(
    api: Api, factors: FactorFactory, visitor: Visitor
) -> None:
    person = await api.person()
    app = await factors.totp(person.id)

    first = await visitor.sign_in(person.email)
    page = Page((await visitor.get(VERIFY)).text)
    nobody = await visitor.who()
    entered = await visitor.submit(VERIFY, {"code": app.code})

    assert (first.status_code, first.headers["location"]) == (303, VERIFY)
    cookie = set_cookies(first.headers.get_list("set-cookie"))["auth_serve_step"]
    assert (cookie["max-age"], cookie["httponly"]) == ("600", "True")
    assert page.inputs["code"]["autocomplete"] == "one-time-code"
    assert nobody == ""
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert await visitor.who() == person.email
    ended = set_cookies(entered.headers.get_list("set-cookie"))
    assert ended["auth_serve_step"]["max-age"] == "0"


async def test_the_application_is_not_forgotten_on_the_way(
    api: Api, factors: FactorFactory, visitor: Visitor, shop: Application
) -> None:
    person = await api.person()
    app = await factors.totp(person.id)
    flow = await flow_at(visitor, shop)

    first = await visitor.sign_in(person.email, flow=flow)
    page = await visitor.get(first.headers["location"])
    entered = await visitor.submit(first.headers["location"], {"code": app.code})
    resumed = await visitor.get(entered.headers["location"])

    assert first.headers["location"] == f"{VERIFY}?flow={flow}"
    assert "to continue to" in page.text
    assert "code" in parse_qs(urlsplit(resumed.headers["location"]).query)


async def test_a_wrong_code_is_said_and_another_may_be_tried(
    api: Api, factors: FactorFactory, visitor: Visitor
) -> None:
    person = await api.person()
    app = await factors.totp(person.id)
    await visitor.sign_in(person.email)

    wrong = await visitor.submit(VERIFY, {"code": app.wrong_code})
    right = await visitor.submit(VERIFY, {"code": app.code})

    assert wrong.status_code == 400
    assert 'role="alert"' in wrong.text and app.wrong_code not in wrong.text
    assert "Type the code that your app shows now" in wrong.text
    assert "ask for a new code" not in wrong.text
    assert right.status_code == 303


async def test_after_too_many_tries_the_password_is_asked_for_again(
    api: Api, factors: FactorFactory, visitor: Visitor
) -> None:
    person = await api.person()
    app = await factors.totp(person.id)
    await visitor.sign_in(person.email)
    for _ in range(5):
        await visitor.submit(VERIFY, {"code": app.wrong_code})

    over = await visitor.post(VERIFY, {"code": app.code})
    shown = await visitor.get(VERIFY)

    assert over.status_code == 401
    assert Page(over.text).inputs["password"]
    alert = over.text.partition('role="alert"')[2]
    assert "This sign-in took too long or is over" in alert
    assert (shown.status_code, shown.headers["location"]) == (303, "/signin")


async def test_a_wrong_recovery_code_is_said_as_one(
    api: Api, factors: FactorFactory, visitor: Visitor
) -> None:
    person = await api.person()
    await factors.totp(person.id)
    await factors.recovery_codes(person.id, 1)
    await visitor.sign_in(person.email)

    other = f"{VERIFY}?factor=recovery_code"
    wrong = await visitor.submit(other, {"code": "AAAA-AAAA-AAAA-AAAA"})

    assert wrong.status_code == 400
    assert "use another from your list" in wrong.text
    assert "ask for a new code" not in wrong.text


async def test_another_way_is_offered_where_there_is_one(
    api: Api, factors: FactorFactory, visitor: Visitor
) -> None:
    person = await api.person()
    await factors.totp(person.id)
    [code] = await factors.recovery_codes(person.id, 1)
    await visitor.sign_in(person.email)

    page = await visitor.get(VERIFY)
    other = f"{VERIFY}?factor=recovery_code"
    entered = await visitor.submit(other, {"code": code})

    assert f'href="{other}"' in page.text
    assert entered.status_code == 303
    assert await visitor.who() == person.email


async def test_t100_nobody_gets_here_without_a_first_step(visitor: Visitor) -> None:
    shown = await visitor.get(VERIFY)
    sent = await visitor.post(VERIFY, {"code": "123456", "factor": "totp"})

    assert [shown.status_code, sent.status_code] == [303, 303]
    assert shown.headers["location"] == sent.headers["location"] == "/signin"


async def test_the_form_of_another_browser_is_refused(
    api: Api, factors: FactorFactory, visitor: Visitor
) -> None:
    person = await api.person()
    app = await factors.totp(person.id)
    await visitor.sign_in(person.email)

    forged = await visitor.post(VERIFY, {"code": app.code, "csrf": "x"})

    assert forged.status_code == 403
    assert await visitor.who() == ""


async def test_a_remembered_browser_is_asked_once(
    api: Api,
    app: FastAPI,
    factors: FactorFactory,
    visitor: Visitor,
    clock: FakeClock,
) -> None:
    person = await api.person()
    phone = await factors.totp(person.id)
    await visitor.sign_in(person.email)
    await visitor.submit(VERIFY, {"code": phone.code, "remember": "on"})
    await visitor.submit("/signout")

    again = await visitor.sign_in(person.email)
    elsewhere = await Visitor(app, "198.51.100.7").sign_in(person.email)
    await visitor.submit("/signout")
    clock.advance(seconds=30 * 86_400)
    late = await visitor.sign_in(person.email)

    assert again.headers["location"] == "/"
    assert elsewhere.headers["location"] == VERIFY
    assert late.headers["location"] == VERIFY


async def test_nothing_is_offered_that_a_demand_makes_useless(
    api: Api, factors: FactorFactory, visitor: Visitor
) -> None:
    person = await api.person()
    phone = await factors.totp(person.id)
    await visitor.sign_in(person.email)
    before = Page((await visitor.get(VERIFY)).text)
    async with api.runtime.unit_of_work() as uow:
        await uow.db.execute(update(Role).values(mfa_required=True))

    page = Page((await visitor.get(VERIFY)).text)
    forged = await visitor.submit(VERIFY, {"code": phone.code, "remember": "on"})

    assert "remember" in before.inputs and "remember" not in page.inputs
    assert forged.headers["location"] == "/"
    assert "device.remembered" not in await api.trail(person.id)


async def test_what_is_remembered_of_one_account_says_nothing_of_another(
    api: Api, factors: FactorFactory, visitor: Visitor
) -> None:
    one, other = await api.person(), await api.person()
    phone = await factors.totp(one.id)
    await factors.totp(other.id)
    await visitor.sign_in(one.email)
    await visitor.submit(VERIFY, {"code": phone.code, "remember": "on"})
    await visitor.submit("/signout")

    asked = await visitor.sign_in(other.email)

    assert asked.headers["location"] == VERIFY


async def test_who_has_to_confirm_an_address_first_gets_the_link(
    api: Api, visitor: Visitor, clock: FakeClock
) -> None:
    until = clock.now() + timedelta(days=1)
    person = await api.person(email_verified=False, unverified_until=until)
    async with api.runtime.unit_of_work() as uow:
        await uow.db.execute(update(Role).values(mfa_required=True))
    await visitor.sign_in(person.email)

    page = await visitor.get(VERIFY)

    assert page.status_code == 403
    assert 'href="/resend-verification"' in page.text
