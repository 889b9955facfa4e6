"""What people are asked about APIs, and what is remembered of it."""

import pytest
from httpx2 import Response

from tests.factories.oauth import Application
from tests.factories.resource import ORDERS, STOCK, ResourceFactory
from tests.provider.resources.test_tokens import form_of
from tests.support.api import Person
from tests.support.authorization import Visit, told
from tests.support.oauth import Protocol


@pytest.fixture
async def person(protocol: Protocol, browser: Visit) -> Person:
    """Return somebody who is signed in at a browser, with two APIs to be asked for."""
    resources = ResourceFactory(protocol.runtime)
    await resources(name="Orders", scopes={"read": "See your orders"})
    await resources(STOCK, scopes={})
    known = await protocol.api.person()
    await browser.arrive(known.email)
    return known


@pytest.fixture
async def shop(protocol: Protocol) -> Application:
    """Return an application whose consent is remembered."""
    return await protocol.apps()


async def _ask(browser: Visit, shop: Application, *resources: str) -> Response:
    return await browser.ask(shop, scope="openid read", resource=list(resources))


async def test_people_see_for_which_api_what_is_asked(
    browser: Visit, person: Person, shop: Application
) -> None:
    """RFC 8707 §3: the person decides about scope and resource together."""
    page = (await _ask(browser, shop, ORDERS, STOCK)).text

    about_orders = page[page.index("Orders") : page.index(STOCK)]
    assert ORDERS in about_orders and "See your orders" in about_orders
    assert "Act there in your name" in page[page.index(STOCK) :]
    assert "Recognise you" in page[: page.index("Orders")]


async def test_what_is_agreed_to_at_one_api_is_asked_again_at_another(
    protocol: Protocol, browser: Visit, person: Person, shop: Application
) -> None:
    await _ask(browser, shop, ORDERS)
    first = await browser.decide("allow")
    again = await _ask(browser, shop, ORDERS)
    other = await _ask(browser, shop, STOCK, ORDERS)
    listed = (await protocol.api.get("/users/me/consents", person)).json()["items"]
    portal = await browser.get("/applications")

    assert "code" in told(first) and "code" in told(again)
    assert other.status_code == 200 and "New" in other.text[other.text.index(STOCK) :]
    assert listed[0]["resources"] == {ORDERS: ["read"]}
    assert listed[0]["scope"] == "openid"
    assert "Orders: See your orders" in portal.text


async def test_agreeing_to_what_was_not_shown_is_asked_again(
    protocol: Protocol, browser: Visit, person: Person, shop: Application
) -> None:
    """What is withdrawn between the page and the button is in no token."""
    await _ask(browser, shop, ORDERS)
    await ResourceFactory(protocol.runtime).change(ORDERS, status="disabled")

    answer = await browser.decide("allow")

    assert told(answer)["error"] == "invalid_target"


async def test_an_unknown_resource_comes_back_to_the_application(
    browser: Visit, person: Person, shop: Application
) -> None:
    """RFC 8707 §2.1: invalid_target at the redirect URI."""
    answer = await _ask(browser, shop, "https://unknown.example.com")

    assert told(answer)["error"] == "invalid_target"


async def test_resources_outlast_a_sign_in_in_between(
    protocol: Protocol, browser: Visit, person: Person, shop: Application
) -> None:
    """RFC 8707 §2.1: what was asked for is what is granted, page by page."""
    await browser.ask(
        shop, scope="read", nonce=None, prompt="login", resource=[STOCK, ORDERS]
    )
    await browser.sign_in(person.email)
    code = told(await browser.decide("allow"))["code"]

    tokens = (await protocol.token(shop, form_of(code))).json()

    assert tokens["scope"] == "read"
    told_of = await protocol.introspect(shop, tokens["access_token"])
    assert told_of.json()["aud"] == [STOCK, ORDERS]
