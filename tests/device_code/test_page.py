"""``/device``: who types a code, what they see, and whom they let in."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from app.core.rate_limit import Limit
from app.models import OAuthClient, OAuthConsent
from app.models.oauth.device_code import DeviceCode
from app.repositories.oauth.device_code import DeviceCodeRepository
from app.services.server.runtime import Runtime
from tests.device_code.devices import Device, DeviceFactory
from tests.device_code.people import at_consent, shows, typed
from tests.support.api import Api
from tests.support.authorization import Visit, at, visit
from tests.support.chance import FakeClock
from tests.support.oauth import Protocol
from tests.support.page import BROWSER, Page

WARNING = "Only go on if you started this yourself, on a device in front of you."
CLOSE = "close this page."
UNKNOWN = "BCDF-GHJK"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough: races and polls are tried on both."""
    return sqlite_url


async def test_a_person_signs_in_types_the_code_and_lets_the_device_in(
    api: Api, browser: Visit, devices: DeviceFactory, clock: FakeClock
) -> None:
    """RFC 8628 §3.3, §3.4: the code, then who asks for what, then tokens."""
    device = await devices("openid email offline_access")
    person = await api.person()

    await browser.get("/device")
    assert at(browser.page) == "/signin"
    await browser.sign_in(person.email)
    assert at(browser.page) == "/device"
    field = Page(browser.page.text).inputs["user_code"]
    assert not field.get("value")
    assert field["autocomplete"] == "off"
    lower = device.user_code.lower().replace("-", " ")
    await browser.post("/device", {"user_code": lower})

    assert at(browser.page) == "/consent"
    text = browser.page.text
    assert "Allow <bdi>Console tool</bdi>?" in text
    assert WARNING in text
    assert f"<dd>{device.user_code}</dd>" in text
    assert ">Keep this access while you are away" in text
    assert "Afterwards your device is signed in." in text
    assert person.email in text
    await browser.decide("allow")
    assert at(browser.page) == "/done/device-connected"
    assert "Your device is connected" in browser.page.text

    tokens = await devices.poll(device)
    assert tokens.status_code == 200, tokens.text
    assert tokens.json()["scope"] == "openid email offline_access"
    listed = await api.get("/users/me/consents", person)
    assert [each["client_id"] for each in listed.json()["items"]] == [
        device.app.client_id
    ]
    assert "oauth.device_approved" in await api.trail(person.id)


async def test_a_code_that_is_typed_is_looked_up_once(
    api: Api, browser: Visit, devices: DeviceFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the person is asked is what was found, not what a later look finds."""
    looks: list[bytes] = []
    pending = DeviceCodeRepository.pending

    async def counted(self: Any, code_hash: bytes, now: datetime) -> DeviceCode | None:
        looks.append(code_hash)
        return await pending(self, code_hash, now)

    device, person = await devices(), await api.person()
    await browser.arrive(person.email)
    await browser.get("/device")
    monkeypatch.setattr(DeviceCodeRepository, "pending", counted)
    inputs = Page(browser.page.text).inputs
    fields = {"csrf": inputs["csrf"]["value"], "user_code": device.user_code}
    answer = await browser.client.post("/device", data=fields, headers=BROWSER)

    assert answer.headers["location"].startswith("/consent?flow=")
    assert len(looks) == 1


async def test_a_link_fills_the_code_in_and_its_person_says_that_it_is_theirs(
    api: Api, browser: Visit, devices: DeviceFactory
) -> None:
    """RFC 8628 §3.3.1, §5.4: signing in keeps it; nothing happens by itself."""
    device, person = await devices(), await api.person()
    path = device.told["verification_uri_complete"].partition("//")[2]

    await browser.get("/" + path.partition("/")[2])
    assert at(browser.page) == "/signin"
    await browser.sign_in(person.email)

    assert at(browser.page) == "/device"
    assert Page(browser.page.text).inputs["user_code"]["value"] == device.user_code
    assert CLOSE in browser.page.text
    await browser.post("/device", {"user_code": device.user_code})
    assert at(browser.page) == "/consent"
    assert WARNING in browser.page.text


@pytest.mark.parametrize("code", ["x", "BCDF-GHJA", "<script>", "B" * 900])
async def test_what_is_no_code_is_not_shown_again_by_a_link(
    api: Api, browser: Visit, code: str
) -> None:
    """T062: the page says nothing that its address says."""
    await browser.arrive((await api.person()).email)

    await browser.get("/device", {"user_code": code})

    assert at(browser.page) == "/device"
    assert not Page(browser.page.text).inputs["user_code"].get("value")


async def test_the_page_says_what_the_device_is_and_where(
    protocol: Protocol, api: Api, browser: Visit, devices: DeviceFactory
) -> None:
    """RFC 8628 §5.4: so that a stranger's device is seen to be one."""
    app = await devices.app(client_uri="https://tool.example/")
    agent = {"User-Agent": "<b>Friendly TV</b>/1 (Windows NT 10.0) Chrome/130"}
    form = {"client_id": app.client_id, "scope": "openid"}
    path = "/oauth2/device_authorization"
    answer = await protocol.http.post(path, data=form, headers=agent)

    await at_consent(api, browser, Device(app, answer.json()))

    text = browser.page.text
    assert "at tool.example" in text
    assert "<dd>Chrome on Windows</dd>" in text
    assert "&lt;b&gt;Friendly TV&lt;/b&gt;/1" in text
    assert "<dd>Network " in text


async def test_t185_a_client_that_nobody_vouches_for_has_no_domain(
    api: Api, browser: Visit, devices: DeviceFactory, runtime: Runtime
) -> None:
    """CVE-2026-109346: it cannot lend itself a name; the page warns of it."""
    device = await devices(app=await devices.app(client_uri="https://bank.example/"))
    async with runtime.unit_of_work() as uow:
        row = await uow.db.get_one(OAuthClient, device.app.client_id)
        row.is_self_registered, row.vouched_by = True, "nobody"
    runtime.clients.forget(device.app.client_id)

    await at_consent(api, browser, device)

    assert "at bank.example" not in browser.page.text
    assert "Nobody here vouches for this application." in browser.page.text


async def test_the_person_says_no(
    api: Api, browser: Visit, devices: DeviceFactory
) -> None:
    """RFC 8628 §3.5: access_denied; nothing is remembered."""
    device = await devices()
    person = await at_consent(api, browser, device)

    await browser.decide("deny")

    assert at(browser.page) == "/done/device-denied"
    assert (await devices.poll(device)).json()["error"] == "access_denied"
    assert "oauth.device_denied" in await api.trail(person.id)
    assert "oauth.consent_granted" not in await api.trail(person.id)
    assert "This code does not work" in shows(await typed(browser, device.user_code))


async def test_unknown_used_expired_and_kept_codes_look_the_same(
    api: Api,
    browser: Visit,
    devices: DeviceFactory,
    app: FastAPI,
    runtime: Runtime,
    clock: FakeClock,
) -> None:
    """No oracle: the page is the same to the letter, and the trail knows why."""
    used, kept, expired = [await devices() for _ in range(3)]
    await at_consent(api, visit(runtime, app), kept)
    person = await at_consent(api, browser, used)
    await browser.decide("allow")
    old = DeviceCode.created_at
    await Protocol(api).change(
        update(DeviceCode).where(DeviceCode.user_id.is_(None)).values(expires_at=old)
    )

    pages = []
    for code in (UNKNOWN, used.user_code, kept.user_code, expired.user_code, "x"):
        text = shows(await typed(browser, code))
        token = Page(text).inputs["csrf"]["value"] or ""
        value = Page(text).inputs["user_code"]["value"]
        assert value == code
        pages.append(text.replace(token, "").replace(f'value="{code}"', ""))

    assert len(set(pages)) == 1
    trail = await api.trail(person.id)
    assert trail.count("oauth.device_code_refused") == 5


async def test_who_was_allowed_before_is_asked_again(
    api: Api, browser: Visit, devices: DeviceFactory
) -> None:
    """RFC 8628 §5.4: each device anew, also of the operator's own application."""
    app = await devices.app()
    await Protocol(api).change(
        update(OAuthClient)
        .where(OAuthClient.client_id == app.client_id)
        .values(is_first_party=True)
    )
    await at_consent(api, browser, await devices(app=app))
    await browser.decide("allow")

    await typed(browser, (await devices(app=app)).user_code)

    assert at(browser.page) == "/consent"
    async with api.runtime.database.session(read_only=True) as db:
        [consent] = (await db.scalars(select(OAuthConsent))).all()
    assert not (consent.places or "").strip()


async def test_who_is_not_strong_enough_lets_nothing_in(
    api: Api, browser: Visit, devices: DeviceFactory, runtime: Runtime
) -> None:
    """``minimum_acr``, as at the authorization endpoint: and what helps is said."""
    device = await devices()
    await Protocol(api).change(update(OAuthClient).values(minimum_acr="aal2"))
    runtime.clients.forget(device.app.client_id)
    person = await api.person()
    await browser.arrive(person.email)

    await typed(browser, device.user_code)
    assert at(browser.page) == "/signin"
    answer = await browser.sign_in(person.email)

    assert answer.status_code == 403
    assert "Your sign-in is not strong enough for this application" in answer.text
    assert "Set up a second step" in answer.text
    assert (await devices.poll(device)).json()["error"] == "authorization_pending"


@pytest.mark.parametrize("limit", ["code_address", "code_account"])
async def test_typing_is_throttled_and_right_codes_cost_nothing(
    api: Api, browser: Visit, devices: DeviceFactory, limit: str
) -> None:
    """RFC 8628 §5.1: per network and per account."""
    two = Limit(limit, 2, 600)
    limits = replace(api.runtime.limits, **{limit: two})
    await at_consent(api, browser, await devices())
    object.__setattr__(api.runtime, "limits", limits)
    for _ in range(3):
        await typed(browser, (await devices()).user_code)
        assert at(browser.page) == "/consent"

    statuses = [(await typed(browser, UNKNOWN)).status_code for _ in range(3)]
    right = await typed(browser, (await devices()).user_code)

    assert statuses == [400, 400, 429]
    assert right.status_code == 429
    assert "Too many attempts" in right.text


async def test_another_sites_form_and_a_strange_token_type_nothing(
    api: Api, browser: Visit, devices: DeviceFactory
) -> None:
    """CSRF: neither is looked up, so neither costs a try."""
    device = await devices()
    await browser.arrive((await api.person()).email)
    await browser.get("/device")
    fields = {"user_code": device.user_code}

    crossed = await browser.post("/device", fields, Sec_Fetch_Site="cross-site")
    assert crossed.status_code == 403
    await browser.get("/device")
    foreign = await browser.post("/device", fields | {"csrf": "x"})

    assert foreign.status_code == 403
    assert "This page was out of date" in foreign.text
    assert Page(foreign.text).inputs["user_code"]["value"] == device.user_code


async def test_who_signed_out_meanwhile_signs_in_and_finds_the_code(
    api: Api, browser: Visit, devices: DeviceFactory, app: FastAPI, runtime: Runtime
) -> None:
    """The form of a page that was open for long is not lost."""
    device = await devices()
    browser.page = await browser.get("/signin")

    await browser.post("/device", {"user_code": device.user_code})
    assert at(browser.page) == "/signin"
    await browser.sign_in((await api.person()).email)

    assert at(browser.page) == "/device"
    assert Page(browser.page.text).inputs["user_code"]["value"] == device.user_code


async def test_a_client_that_lost_the_grant_is_not_asked_for(
    api: Api, browser: Visit, devices: DeviceFactory, runtime: Runtime
) -> None:
    """What was taken from it since counts at once."""
    device = await devices()
    async with runtime.unit_of_work() as uow:
        row = await uow.db.get_one(OAuthClient, device.app.client_id)
        row.document = row.document | {"grant_types": ["refresh_token"]}
    runtime.clients.forget(device.app.client_id)
    await browser.arrive((await api.person()).email)

    shows(await typed(browser, device.user_code))


async def test_an_owner_gets_a_mail_of_a_device_elsewhere(
    protocol: Protocol, api: Api, browser: Visit, devices: DeviceFactory
) -> None:
    """As of a new sign-in, with the device's program and place, not the reader's."""
    near = await devices()
    async with protocol.runtime.unit_of_work() as uow:
        await uow.db.execute(update(DeviceCode).values(ip="192.0.2.1"))
    person = await at_consent(api, browser, near)
    await browser.decide("allow")
    assert await api.mails("new_sign_in", person.email) == []

    far = await devices()
    await protocol.change(
        update(DeviceCode)
        .where(DeviceCode.approved_at.is_(None))
        .values(ip="203.0.113.9", user_agent="psql/18 (Linux)")
    )
    await typed(browser, far.user_code)
    await browser.decide("allow")

    [mail] = await api.mails("new_sign_in", person.email)
    assert mail["data"]["browser"] == "A program on Linux"
    assert mail["data"]["place"] == "Network 203.0.113.0/24"


class TestSwitchedOff:
    """An installation without devices."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        """Switch it off."""
        return {"oauth": {"device_authorization": False}}

    async def test_there_is_no_page(self, api: Api, browser: Visit) -> None:
        """Neither to open nor to send."""
        await browser.arrive((await api.person()).email)

        assert (await browser.get("/device")).status_code == 404
        assert (await browser.post("/device", {"user_code": "x"})).status_code == 404
