"""``/account/factors``: an app set up and removed, recovery codes, without script."""

import re
from datetime import timedelta

import pytest
from fastapi import FastAPI

from app.factors.otpauth import read_uri
from app.services.server.runtime import Runtime
from tests.factories.factor import FactorFactory
from tests.sign_in.lost.recovery import change
from tests.support.api import Api, Person
from tests.support.browser import Visitor
from tests.support.chance import FakeClock
from tests.support.page import Page

PATH = "/account/factors"


@pytest.fixture
async def person(api: Api, visitor: Visitor) -> Person:
    """Somebody who signed in at the visitor's browser just now."""
    person = await api.person()
    assert (await visitor.sign_in(person.email)).status_code == 303
    return person


def uri_on(html: str) -> str:
    """Return what an app would take over from a page."""
    links = [str(each["href"]) for each in Page(html).all("a")]
    [uri] = [each for each in links if each.startswith("otpauth:")]
    return uri


async def test_an_app_is_set_up_by_scanning_and_one_code(
    api: Api, visitor: Visitor, person: Person, clock: FakeClock
) -> None:
    begun = await visitor.submit(PATH, {"action": "begin"})
    key = read_uri(uri_on(begun.text))
    wrong = await visitor.submit(PATH, {"action": "confirm", "code": "000000"})
    code = key.code_at(key.step_at(clock.now()))
    added = await visitor.submit(PATH, {"action": "confirm", "code": code})
    shown = await visitor.get(added.headers["location"])

    assert Page(begun.text).all("svg")
    assert wrong.status_code == 400 and uri_on(wrong.text) == uri_on(begun.text)
    assert "check that the phone&#39;s clock is right" in wrong.text
    assert added.headers["location"] == f"{PATH}?done=added"
    assert "Remove authenticator app" in shown.text
    assert (await api.login(person.email)).json()["code"] == "mfa_required"


async def test_a_set_up_is_shown_to_nobody_in_another_session(
    app: FastAPI, visitor: Visitor, person: Person
) -> None:
    begun = await visitor.submit(PATH, {"action": "begin"})
    other = Visitor(app)
    await other.sign_in(person.email)

    wrong = await other.submit(PATH, {"action": "confirm", "code": "000000"})

    assert uri_on(begun.text)
    assert wrong.status_code == 400 and "otpauth:" not in wrong.text


@pytest.mark.parametrize("path", [PATH, "/account/passkeys"])
async def test_a_frozen_account_has_no_buttons_and_says_until_when(
    api: Api, visitor: Visitor, person: Person, clock: FakeClock, path: str
) -> None:
    until = clock.now() + timedelta(hours=1)
    await change(api, person, factors_frozen_until=until)

    page = await visitor.get(path)

    assert "<button" not in page.text
    assert f"{until:%H:%M} UTC" in page.text and "an administrator" in page.text.lower()


@pytest.mark.parametrize("path", [PATH, "/account/passkeys"])
async def test_an_unconfirmed_address_is_said_with_a_link(
    api: Api, visitor: Visitor, person: Person, clock: FakeClock, path: str
) -> None:
    until = clock.now() + timedelta(days=1)
    await change(api, person, email_verified=False, unverified_until=until)

    page = await visitor.get(path)

    assert page.status_code == 200 and "<button" not in page.text
    assert 'href="/resend-verification"' in page.text


async def test_a_step_up_says_why_and_leads_back(
    api: Api, visitor: Visitor, runtime: Runtime, person: Person
) -> None:
    await FactorFactory(runtime).totp(person.id)

    led = await visitor.get(PATH)
    page = await visitor.get(led.headers["location"])

    assert "What you are about to change is protected." in page.text
    assert '<a href="/account">Back to your account</a>' in page.text
    assert "remember" not in Page(page.text).inputs


async def test_recovery_codes_are_shown_once_and_work(
    api: Api, visitor: Visitor, runtime: Runtime
) -> None:
    person = await api.person()
    phone = await FactorFactory(runtime).totp(person.id)
    await visitor.sign_in(person.email)
    await visitor.submit("/signin/verify", {"code": phone.code})

    made = await visitor.submit(PATH, {"action": "codes"})
    codes = re.findall(r"<li><code>([^<]+)</code>", made.text)
    kept = {"action": "download", "codes": " ".join(codes)}
    file = await visitor.submit(PATH, kept)
    listed = await visitor.get(PATH)
    await visitor.submit("/signout")
    await visitor.sign_in(person.email)
    way = "/signin/verify?factor=recovery_code"
    entered = await visitor.submit(way, {"code": codes[3]})

    assert len(codes) == len({*codes}) == 10
    head = f"Recovery codes of {person.email} at Auth Serve"
    assert f'<p class="small">{head}</p>' in made.text
    assert file.text.split("\n") == [head, "", *codes, ""]
    assert made.headers["cache-control"] == "no-store"
    assert codes[0] not in listed.text and "10 left" in listed.text
    assert entered.status_code == 303
    assert await visitor.who() == person.email


async def test_an_app_is_removed(api: Api, visitor: Visitor, runtime: Runtime) -> None:
    person = await api.person()
    phone = await FactorFactory(runtime).totp(person.id)
    await visitor.sign_in(person.email)
    await visitor.submit("/signin/verify", {"code": phone.code})

    asked = await visitor.submit(PATH, {"action": "remove"})
    still = await api.login(person.email)
    removed = await visitor.submit(PATH, {"action": "remove", "sure": "yes"})
    shown = await visitor.get(removed.headers["location"])

    assert "your password alone signs in then" in asked.text
    assert still.json()["code"] == "mfa_required"
    assert "your password alone signs in now" in shown.text
    assert (await api.mails())[-1]["data"]["was_last"]
    assert removed.headers["location"] == f"{PATH}?done=removed"
    assert (await api.login(person.email)).status_code == 200


@pytest.mark.parametrize("action", ["", "delete", "begin "])
async def test_a_button_that_we_did_not_make_is_refused(
    visitor: Visitor, person: Person, action: str
) -> None:
    answer = await visitor.submit(PATH, {"action": action})

    assert answer.status_code == 400


async def test_without_a_factor_there_are_no_recovery_codes(
    visitor: Visitor, person: Person
) -> None:
    page = await visitor.get(PATH)
    answer = await visitor.submit(PATH, {"action": "codes"})

    assert "Make recovery codes" not in page.text
    assert answer.status_code == 409
