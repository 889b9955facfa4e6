"""The applications that somebody allowed: listed in plain words, and taken back."""

from typing import Any
from uuid import uuid4

import pytest

from app.models import OAuthConsent, OAuthGrant
from tests.factories.oauth import Application, ApplicationFactory
from tests.provider.test_consent import agree
from tests.support.api import Api, Person
from tests.support.authorization import Visit, at, redeem, rows, told
from tests.support.browser import Visitor
from tests.support.chance import FakeClock
from tests.support.page import Page

PATH = "/applications"


@pytest.fixture
def options() -> dict[str, object]:
    """An operator with an API of their own."""
    return {"oauth": {"scopes": {"orders:read": "See your <orders>"}}}


async def revoke(visitor: Visitor, app: Application, **fields: str) -> Any:
    """Press the button of an application."""
    sent = await visitor.hidden(PATH) | {"client_id": app.client_id}
    return await visitor.post(PATH, sent | fields)


async def names(api: Api, person: Person) -> list[str]:
    """Return what the API lists."""
    items = (await api.get("/users/me/consents", person)).json()["items"]
    return [item["client_name"] for item in items]


async def test_it_says_in_plain_words_what_was_allowed_and_since_when(
    api: Api, browser: Visit, applications: ApplicationFactory, clock: FakeClock
) -> None:
    uris = ["https://app.example.com/cb", "http://localhost/cb"]
    shop = await applications(client_name="Shop <&> Co", redirect_uris=uris)
    person = await api.person()
    await browser.arrive(person.email)
    await browser.ask(
        shop,
        scope="openid email orders:read",
        claims='{"userinfo": {"birthdate": null}}',
    )
    code = told(await browser.decide("allow"))["code"]
    before = (await browser.get(PATH)).text
    agreed = clock.now()
    clock.advance(seconds=20)
    await redeem(api, shop, code)

    page = await browser.get(PATH)

    assert at(page) == PATH
    assert f"<bdi>{person.email}</bdi>" in page.text
    places = "app.example.com, a program on your device"
    name = "<bdi>Shop &lt;&amp;&gt; Co</bdi></h2>"
    assert f'{name}<p class="hint">{places}</p>' in page.text
    words = page.text.partition("<main")[2].split("<li>")[1:5]
    assert [text.partition("</li>")[0] for text in words] == [
        "Your email address",
        "Recognise you when you come back",
        "See your &lt;orders&gt;",
        "Your date of birth",
    ]
    day = f"{agreed.day} {agreed:%B %Y}</time>"
    assert before.count(day) == 1 and "Last used" not in before
    assert page.text.count(day) == 2 and "Last used on" in page.text
    [button] = Page(page.text).all("button")
    assert (button["name"], button["value"]) == ("client_id", shop.client_id)
    assert button["aria-label"] == "Revoke access of Shop <&> Co"
    assert page.headers["cache-control"] == "no-store"
    assert Page(page.text).all("script") == []


async def test_the_button_does_what_the_api_does(
    api: Api, browser: Visit, visitor: Visitor, applications: ApplicationFactory
) -> None:
    person = await api.person()
    shop, mail = [await applications(client_name=each) for each in ("Shop", "Mail")]
    await browser.arrive(person.email)
    for each in (shop, mail):
        await browser.ask(each, scope="openid offline_access", prompt="consent")
        await redeem(api, each, told(await browser.decide("allow"))["code"])
    await visitor.sign_in(person.email)

    answer = await revoke(visitor, shop)
    told_at = f"{PATH}?done=revoked"

    assert (answer.status_code, answer.headers["location"]) == (303, told_at)
    assert await names(api, person) == ["Mail"]
    page = await visitor.get(told_at)
    assert "Access revoked." in page.text
    assert "Mail" in page.text and "Shop" not in page.text
    ended = {
        grant.client_id: grant.revoked_reason
        for grant in await rows(api.runtime, OAuthGrant)
    }
    assert ended == {shop.client_id: "consent_revoked", mail.client_id: None}
    events = (await api.get("/users/me/activity", person)).json()["items"]
    assert events[0]["name"] == "oauth.consent_revoked"
    assert events[0]["actor_id"] == str(person.id)
    assert at(await browser.ask(shop)) == "/consent"  # asked again


async def test_what_is_gone_already_is_said_to_be(
    api: Api, visitor: Visitor, applications: ApplicationFactory
) -> None:
    person, shop = await api.person(), await applications(client_name="Shop")
    await agree(api.runtime, person, shop, "openid")
    await visitor.sign_in(person.email)

    answers = [
        await revoke(visitor, Application(client_id))
        for client_id in ("", str(uuid4()), "x" * 5_000, "é")
    ]

    for answer in answers:
        assert answer.status_code == 404
        assert "There is no such application" in answer.text
        assert "<title>Error: " in answer.text and "Shop" in answer.text
    assert await names(api, person) == ["Shop"]


async def test_whose_list_it_is_is_clear_where_there_are_several(
    api: Api, visitor: Visitor, applications: ApplicationFactory
) -> None:
    ada, eve = await api.person(), await api.person()
    shop, mail = [await applications(client_name=each) for each in ("Shop", "Mail")]
    await agree(api.runtime, ada, shop, "openid")
    await agree(api.runtime, eve, mail, "openid")
    await visitor.sign_in(ada.email)
    alone = await visitor.get(PATH)
    await visitor.sign_in(eve.email)

    page = await visitor.get(PATH)

    assert f"<bdi>{eve.email}</bdi>" in page.text and ada.email not in page.text
    assert "Mail" in page.text and "Shop" not in page.text
    assert "Use another account" in page.text
    assert "Use another account" not in alone.text


async def test_t151_nobody_revokes_for_somebody_else(
    api: Api, visitor: Visitor, applications: ApplicationFactory
) -> None:
    ada, eve, shop = await api.person(), await api.person(), await applications()
    await agree(api.runtime, ada, shop, "openid")
    await visitor.sign_in(ada.email)
    await visitor.sign_in(eve.email)  # both at one browser

    answer = await revoke(visitor, shop, **await visitor.hidden("/"))

    assert answer.status_code == 404
    assert len(await rows(api.runtime, OAuthConsent)) == 1


async def test_t064_a_form_for_one_account_takes_nothing_from_the_next(
    api: Api, visitor: Visitor, applications: ApplicationFactory
) -> None:
    ada, eve, shop = await api.person(), await api.person(), await applications()
    for each in (ada, eve):
        await agree(api.runtime, each, shop, "openid")
    await visitor.sign_in(ada.email)
    old = await visitor.hidden(PATH)
    await visitor.sign_in(eve.email)

    late = await revoke(visitor, shop, **old)
    forged = await revoke(visitor, shop, csrf="")

    for answer in (late, forged):
        assert answer.status_code == 403 and "so nothing was changed" in answer.text
        assert f"<bdi>{eve.email}</bdi>" in answer.text
    assert len(await rows(api.runtime, OAuthConsent)) == 2
    assert (await revoke(visitor, shop)).status_code == 303


async def test_nobody_is_led_to_sign_in(api: Api, visitor: Visitor) -> None:
    fields = await visitor.hidden("/signin")
    answers = [
        await visitor.get(PATH),
        await visitor.post(PATH, fields | {"client_id": "x"}),
        await visitor.post(PATH, {"client_id": "x"}),
    ]

    found = {(each.status_code, each.headers["location"]) for each in answers}
    assert found == {(303, "/signin?to=applications")}


async def test_a_disabled_application_is_listed_and_can_be_taken_back(
    api: Api, visitor: Visitor, applications: ApplicationFactory
) -> None:
    person = await api.person()
    shop = await applications(client_name="Shop", columns={"status": "disabled"})
    await agree(api.runtime, person, shop, "openid")
    await visitor.sign_in(person.email)

    page = await visitor.get(PATH)

    assert "<bdi>Shop</bdi></h2>" in page.text
    assert "turned off" in page.text
    assert (await revoke(visitor, shop)).status_code == 303
    assert "No application has access yet" in (await visitor.get(PATH)).text


async def test_a_long_list_comes_in_pages(
    api: Api, visitor: Visitor, applications: ApplicationFactory
) -> None:
    person = await api.person()
    made = [await applications() for _ in range(21)]
    for each in made:
        await agree(api.runtime, person, each, "openid")
    await visitor.sign_in(person.email)

    first = Page((await visitor.get(PATH)).text)
    [more] = [str(a["href"]) for a in first.all("a") if "after" in str(a["href"])]
    rest = Page((await visitor.get(more)).text)
    odd = await visitor.get(f"{PATH}?after=x")

    found = [tag["value"] for page in (first, rest) for tag in page.all("button")]
    assert found == [each.client_id for each in made]
    assert [a for a in rest.all("a") if "after" in str(a["href"])] == []
    assert odd.status_code == 422 and odd.headers["content-type"].startswith("text/")
