"""What people see of an application's request before they answer it."""

import re

import pytest

from tests.factories.oauth import ApplicationFactory
from tests.support.api import Api
from tests.support.authorization import Visit, at, told
from tests.support.page import Page


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough: pages decide nothing."""
    return sqlite_url


@pytest.fixture
def options() -> dict[str, object]:
    """An operator with an API of their own."""
    return {"oauth": {"scopes": {"orders:read": "See your <orders>"}}}


async def test_consent_says_in_plain_words_who_asks_for_what(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    shop = await applications(
        client_name="Shop & Co",
        client_uri="https://shop.example/",
        policy_uri="https://shop.example/privacy",
        tos_uri="https://shop.example/terms",
    )
    person = await api.person()
    await browser.arrive(person.email)
    scope = "openid profile email address phone offline_access orders:read unknown"

    await browser.ask(shop, scope=scope, claims='{"id_token": {"birthdate": null}}')

    text = browser.page.text
    assert at(browser.page) == "/consent"
    assert "Allow <bdi>Shop &amp; Co</bdi>?" in text
    assert "at app.example.com" in text and "It wants to access:" in text
    assert "Afterwards you go to app.example.com." in text and ">New<" not in text
    assert f"<strong>{person.email}</strong>" in text
    for words in (
        ">Recognise you when you come back<",
        ">Your profile: name, picture",
        ">Your email address<",
        ">Your postal address<",
        ">Your phone number<",
        ">Keep this access while you are away",
        ">See your &lt;orders&gt;<",
    ):
        assert text.count(words) == 1, words
    assert "unknown" not in text and "birth" in text
    links = {a["href"]: a for a in Page(text).all("a")}
    for uri in ("", "privacy", "terms"):
        assert links[f"https://shop.example/{uri}"]["rel"] == "noopener noreferrer"
    buttons = [(b["name"], b["value"], b["type"]) for b in Page(text).all("button")]
    assert buttons == [("decision", "deny", "submit"), ("decision", "allow", "submit")]


async def test_a_single_claim_is_named(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    shop = await applications(client_name="Shop")
    await browser.arrive((await api.person()).email)

    wish = '{"userinfo": {"birthdate": null, "phone_number": {"essential": true}}}'
    await browser.ask(shop, claims=wish)

    assert ">Your date of birth<" in browser.page.text
    assert ">Your phone number<" in browser.page.text
    assert "Your profile" not in browser.page.text


async def test_another_account_can_be_used(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    one, two = await api.person(), await api.person()
    shop = await applications()
    await browser.arrive(one.email)
    await browser.ask(shop)

    [other] = Page(browser.page.text).all("a")
    assert at(await browser.get(str(other["href"]))) == "/signin"
    assert f'value="{one.email}"' not in browser.page.text  # somebody else comes
    assert at(await browser.sign_in(two.email)) == "/consent"
    assert f"<strong>{two.email}</strong>" in browser.page.text
    [other] = Page(browser.page.text).all("a")
    assert at(await browser.get(str(other["href"]))) == "/select-account"
    buttons = Page(browser.page.text).all("button")
    account = {"account": buttons[1]["value"]}
    assert at(await browser.post("/select-account", account)) == "/consent"
    assert f"<strong>{one.email}</strong>" in browser.page.text


async def test_signing_in_and_up_says_for_which_application(
    browser: Visit, applications: ApplicationFactory
) -> None:
    shop = await applications(client_name="Shop & Co")

    await browser.ask(shop, login_hint="ada+x@example.com")
    signin = browser.page
    await browser.ask(shop, login_hint="ada+x@example.com", prompt="create")
    signup = browser.page
    await browser.ask(shop, login_hint='"><script>')
    odd = browser.page
    browser.page = signin
    again = await browser.sign_in("somebody@example.com", "wrong")

    for page in (signin, signup):
        assert "to continue to <bdi>Shop &amp; Co</bdi> (app.example.com)" in page.text
        assert Page(page.text).inputs["email"]["value"] == "ada+x@example.com"
        assert page.headers["cross-origin-opener-policy"] == "unsafe-none"
        assert "form-action" not in page.headers["content-security-policy"]
    assert '"><script>' not in odd.text
    assert Page(again.text).inputs["email"]["value"] == "somebody@example.com"
    assert "to continue to" in again.text


async def test_who_signs_in_once_more_need_not_type_the_address(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    person, shop = await api.person(), await applications()
    await browser.arrive(person.email)

    await browser.ask(shop, prompt="login")

    assert Page(browser.page.text).inputs["email"]["value"] == person.email


async def test_pages_of_steps_that_are_not_due_lead_on(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    shop = await applications()
    await browser.ask(shop)
    flow = str(Page(browser.page.text).inputs["flow"]["value"])
    assert at(await browser.get("/consent", {"flow": flow})) == "/signin"
    assert at(await browser.get("/select-account", {"flow": flow})) == "/signin"
    await browser.sign_in((await api.person()).email)
    told(await browser.decide("allow"))

    for path in ("/consent", "/select-account", "/oauth2/resume"):
        for asked in ({"flow": flow}, {}, {"flow": "x" * 200}, {"flow": "../x"}):
            answer = await browser.get(path, asked)
            assert answer.status_code == 400, (path, asked)
            assert "go back to the application" in answer.text.lower()


async def test_an_application_without_a_name_is_called_by_its_place(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    shop = await applications(client_name=None)
    await browser.arrive((await api.person()).email)

    await browser.ask(shop)

    assert "Allow <bdi>app.example.com</bdi>?" in browser.page.text
    assert "(app.example.com)" not in browser.page.text


async def test_what_is_new_since_last_time_is_marked(
    api: Api, browser: Visit, applications: ApplicationFactory
) -> None:
    shop, person = await applications(), await api.person()
    await browser.arrive(person.email)
    await browser.ask(shop, scope="openid email")
    assert ">New<" not in browser.page.text
    await browser.decide("allow")

    await browser.ask(shop, scope="openid email phone")

    text = browser.page.text
    assert "It wants access to more than before:" in text
    [new] = re.findall(r">([^<>]+)</span><span class=\"badge warning\">New<", text)
    assert new == "Your phone number"
