"""Passkeys at a browser: the button, its script, and what they post."""

import json
import re
from typing import Any

import pytest
from httpx2 import Response

from app.pages.parts.script import source_of
from app.services.server.runtime import Runtime
from tests.factories.authenticator import Authenticator, encode
from tests.factories.factor import FactorFactory
from tests.factories.oauth import Application
from tests.support.api import Api
from tests.support.browser import Visitor, flow_at
from tests.support.chance import FakeClock
from tests.support.page import Page, setup_link


@pytest.fixture
def factors(runtime: Runtime) -> FactorFactory:
    """Second factors for accounts."""
    return FactorFactory(runtime)


def form_of(answer: Response, kind: str) -> dict[str, str]:
    """Return the attributes of a form that asks for a passkey."""
    (found,) = [
        {name: value or "" for name, value in attributes.items()}
        for attributes in Page(answer.text).all("form")
        if attributes.get("data-kind") == kind
    ]
    return found


async def answered(api: Api, held: Authenticator, **changed: Any) -> str:
    """Return what the script of the page posts."""
    options = (await api.post("/auth/passkey/options")).json()
    return json.dumps(held.get(options, **changed))


async def test_the_sign_in_page_offers_passkeys_to_whoever_can_use_them(
    visitor: Visitor,
) -> None:
    answer = await visitor.get("/signin")

    form, page = form_of(answer, "offer"), Page(answer.text)
    assert "hidden" in form  # until the script has seen that there are passkeys
    assert form["action"] == "/signin/passkey"
    assert page.inputs["email"]["autocomplete"] == "username webauthn"
    (script,) = re.findall(r'<script type="module">(.*?)</script>', answer.text, re.S)
    policy = answer.headers["content-security-policy"]
    assert source_of(script) in policy and "connect-src 'self'" in policy
    asked = await visitor.post(form["data-ask"], None)
    assert asked.json()["userVerification"] == "required"


async def test_a_passkey_signs_a_browser_in(
    api: Api, factors: FactorFactory, visitor: Visitor
) -> None:
    person = await api.person()
    response = await answered(api, await factors.passkey(person.id))
    hidden = await visitor.hidden("/signin")

    entered = await visitor.post("/signin/passkey", hidden | {"response": response})
    greeted = await visitor.who()
    again = await visitor.post(
        "/signin/passkey", await visitor.hidden("/signin") | {"response": response}
    )

    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert greeted == person.email
    assert again.status_code == 401


async def test_the_application_is_not_forgotten(
    api: Api, factors: FactorFactory, visitor: Visitor, shop: Application
) -> None:
    person = await api.person()
    response = await answered(api, await factors.passkey(person.id))
    hidden = await visitor.hidden(f"/signin?flow={await flow_at(visitor, shop)}")

    entered = await visitor.post("/signin/passkey", hidden | {"response": response})
    resumed = await visitor.get(entered.headers["location"])

    assert resumed.status_code == 303
    assert "code=" in resumed.headers["location"]


@pytest.mark.parametrize("response", ["", "{", "[" * 5_000, "7", "null", "{}", None])
async def test_what_signs_nobody_in_leads_back_to_the_page(
    visitor: Visitor, response: str | None
) -> None:
    hidden = await visitor.hidden("/signin")
    fields = hidden | ({} if response is None else {"response": response})

    answer = await visitor.post("/signin/passkey", fields)

    assert answer.status_code == 401
    assert "This passkey does not sign in here" in answer.text
    assert form_of(answer, "offer")


async def test_a_form_of_another_browser_signs_nobody_in(
    api: Api, factors: FactorFactory, visitor: Visitor
) -> None:
    """An attacker's answer must not put a victim into the attacker's account."""
    person = await api.person()
    response = await answered(api, await factors.passkey(person.id))
    other = Visitor(visitor.app)
    stolen = await other.hidden("/signin")
    await visitor.get("/signin")

    for fields in ({"csrf": stolen["csrf"]}, {}):
        answer = await visitor.post("/signin/passkey", {**fields, "response": response})
        assert answer.status_code == 403
    assert await visitor.who() == ""


async def test_a_passkey_is_the_second_step_of_a_page(
    api: Api, factors: FactorFactory, visitor: Visitor
) -> None:
    person = await api.person()
    held = await factors.passkey(person.id)
    await factors.totp(person.id)
    await visitor.sign_in(person.email)

    shown = await visitor.get("/signin/verify")
    options = json.loads(form_of(shown, "get")["data-options"])
    response = json.dumps(held.get(options))
    hidden = await visitor.hidden("/signin/verify")
    wrong = await visitor.post("/signin/verify", hidden | {"response": "{}"})
    entered = await visitor.post("/signin/verify", hidden | {"response": response})

    assert "Use your authenticator app" in shown.text
    assert options["allowCredentials"][0]["transports"] == ["internal", "hybrid"]
    assert wrong.status_code == 400
    assert entered.status_code == 303
    assert await visitor.who() == person.email


async def test_passkeys_are_kept_at_a_page_of_the_account(
    api: Api, visitor: Visitor
) -> None:
    person, path = await api.person(), "/account/passkeys"
    await visitor.sign_in(person.email)
    held = Authenticator(visitor.origin)

    page = await visitor.get(path)
    options = json.loads(form_of(page, "create")["data-options"])
    response = json.dumps(held.create(options))
    csrf = {"csrf": (await visitor.hidden(path))["csrf"]}
    junk = await visitor.post(path, csrf | {"response": "{}"})
    foreign = await visitor.post(path, {"response": response})
    added = await visitor.post(path, csrf | {"response": response})
    listed = await visitor.get(added.headers["location"])
    [passkey] = re.findall(r'name="rename" value="(\w+)"', listed.text)
    renamed = {"rename": passkey, "name": "Desk <b>"}
    await visitor.post(path, csrf | renamed)
    named = (await visitor.get(path)).text
    blank = await visitor.post(path, csrf | renamed | {"name": ""})
    asked = await visitor.post(path, csrf | {"remove": passkey})
    removed = await visitor.post(path, csrf | {"remove": passkey, "sure": "yes"})

    assert "your password alone signs in then" in asked.text
    assert (junk.status_code, foreign.status_code) == (400, 403)
    assert added.status_code == removed.status_code == 303
    divs = Page(listed.text).all("div")
    [told] = [each["data-signals"] for each in divs if "data-signals" in each]
    assert encode(held.passkeys[0].credential_id) in str(told)
    assert "<h2>Desk &lt;b&gt;</h2>" in named
    assert blank.status_code == 422
    assert 'name="rename"' not in (await visitor.get(path)).text


async def test_the_page_wants_a_sign_in_of_just_now(
    api: Api, visitor: Visitor, clock: FakeClock
) -> None:
    person = await api.person()
    nobody = await visitor.get("/account/passkeys")
    await visitor.sign_in(person.email)
    csrf = {"csrf": (await visitor.hidden("/account/passkeys"))["csrf"]}
    clock.advance(minutes=11)

    answers = [
        nobody,
        await visitor.get("/account/passkeys"),
        await visitor.post("/account/passkeys", csrf | {"remove": "1"}),
    ]

    assert {each.status_code for each in answers} == {303}
    assert {each.headers["location"] for each in answers} == {"/signin?to=passkeys"}


@pytest.mark.parametrize("path", ["/account/passkeys", "/setup"])
async def test_a_page_that_was_open_for_long_gets_another_challenge(
    api: Api, visitor: Visitor, clock: FakeClock, path: str
) -> None:
    """Else a passkey would be made that is refused, and stays on the device."""
    page = await _page_with_passkey(api, visitor, path)
    (form,) = [each for each in Page(page).all("form") if each.get("data-kind")]
    clock.advance(minutes=4)
    hidden = {
        name: tag["value"] or ""
        for name, tag in Page(page).inputs.items()
        if tag["type"] == "hidden"
    }

    renewed = await visitor.post(path, hidden | {"options": "new"})

    assert renewed.headers["cache-control"] == "no-store"
    before, after = json.loads(form["data-options"] or ""), renewed.json()
    assert before.pop("challenge") != after.pop("challenge")
    assert before == after


async def test_a_form_of_elsewhere_gets_no_challenge(
    api: Api, visitor: Visitor
) -> None:
    await _page_with_passkey(api, visitor, "/account/passkeys")

    refused = await visitor.post("/account/passkeys", {"options": "new", "csrf": "x"})

    assert refused.status_code == 403
    assert "text/html" in refused.headers["content-type"]


async def _page_with_passkey(api: Api, visitor: Visitor, path: str) -> str:
    if path == "/setup":
        path = f"/setup?token={await setup_link(api.runtime)}"
    else:
        person = await api.person()
        await visitor.sign_in(person.email)
    page = await visitor.get(path)
    assert page.status_code == 200, page.text
    return page.text
