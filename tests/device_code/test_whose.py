"""Whose a code is: nobody answers what somebody else began to, and nobody twice."""

import pytest
from fastapi import FastAPI
from sqlalchemy import update

from app.models.oauth.device_code import DeviceCode
from app.services.server.runtime import Runtime
from tests.device_code.devices import DeviceFactory
from tests.device_code.people import at_consent, shows, typed
from tests.support.api import Api
from tests.support.authorization import Visit, at, visit
from tests.support.oauth import Protocol
from tests.support.page import Page


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough: races and polls are tried on both."""
    return sqlite_url


async def test_t185_nobody_approves_what_somebody_else_began_to(
    api: Api, browser: Visit, devices: DeviceFactory, app: FastAPI, runtime: Runtime
) -> None:
    """CVE-2026-45337: B opened it; A, with B's very form, changes nothing."""
    device = await devices()
    await at_consent(api, browser, device)
    form = {
        name: tag["value"] or "" for name, tag in Page(browser.page.text).inputs.items()
    }
    other = visit(runtime, app)
    await other.arrive((await api.person()).email)

    await other.get("/device")
    token = Page(other.page.text).inputs["csrf"]["value"]
    for decision in ("allow", "deny"):
        fields = form | {"csrf": token, "decision": decision}
        answer = await other.post("/consent", fields)
        assert answer.status_code == 400
    shows(await typed(other, device.user_code))

    assert (await devices.poll(device)).json()["error"] == "authorization_pending"
    await browser.decide("allow")
    assert at(browser.page) == "/done/device-connected"


async def test_t185_two_who_typed_it_at_once_the_first_asked_keeps_it(
    api: Api, browser: Visit, devices: DeviceFactory, app: FastAPI, runtime: Runtime
) -> None:
    """A flow that was begun before is none any more once somebody else is asked."""
    device = await devices()
    first = await at_consent(api, browser, device)
    await Protocol(api).change(update(DeviceCode).values(user_id=None))
    second = visit(runtime, app)
    kept_by = await at_consent(api, second, device)

    answer = await browser.post("/consent", {"decision": "allow"})

    assert answer.status_code == 400
    assert first.id != kept_by.id
    await second.decide("allow")
    assert at(second.page) == "/done/device-connected"


async def test_t185_who_signs_in_after_another_left_cannot_go_on_for_them(
    api: Api, browser: Visit, devices: DeviceFactory
) -> None:
    """At the same browser: the code is of who was asked, and they signed out."""
    device = await devices()
    await at_consent(api, browser, device)
    flow = Page(browser.page.text).inputs["flow"]["value"]
    await browser.get("/signout")
    await browser.post("/signout", {})
    await browser.arrive((await api.person()).email)

    answer = await browser.get(f"/consent?flow={flow}")

    assert answer.status_code == 400
    shows(await typed(browser, device.user_code))


async def test_who_holds_both_accounts_may_use_the_other(
    api: Api, browser: Visit, devices: DeviceFactory
) -> None:
    """Both are signed in at this browser: whoever sits there is both."""
    device = await devices()
    await at_consent(api, browser, device)
    flow = Page(browser.page.text).inputs["flow"]["value"]
    other = await api.person()

    await browser.get(f"/signin?flow={flow}")
    await browser.sign_in(other.email)
    assert at(browser.page) == "/consent"
    assert other.email in browser.page.text
    await browser.decide("allow")

    assert at(browser.page) == "/done/device-connected"
    assert "oauth.device_approved" in await api.trail(other.id)


async def test_a_code_is_approved_once(
    api: Api, browser: Visit, devices: DeviceFactory
) -> None:
    """The form of before opens nothing any more."""
    device = await devices()
    await at_consent(api, browser, device)
    before = browser.page
    await browser.decide("allow")

    browser.page = before
    answer = await browser.post("/consent", {"decision": "deny"})

    assert answer.status_code == 400
    assert (await devices.poll(device)).status_code == 200
