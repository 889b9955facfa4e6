"""Forms that were made for who was signed in before: shown again, never a dead end."""

import pytest
from httpx2 import Response

from app.models import OAuthGrant, Session
from app.services.server.runtime import Runtime
from tests.factories.oauth import Application, ApplicationFactory
from tests.support.api import PASSWORD, Api
from tests.support.authorization import Visit, at, rows, told
from tests.support.page import Page

SENTENCE = "This page was out of date, so nothing was changed"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough: pages decide nothing."""
    return sqlite_url


async def shop_of(runtime: Runtime, *, trusted: bool = False) -> Application:
    """Register a client."""
    columns = {"is_first_party": trusted}
    return await ApplicationFactory(runtime)(columns=columns)


def shown_again(answer: Response) -> Page:
    """Return a page that says why it is there again."""
    assert answer.status_code == 403, answer.text
    assert SENTENCE in answer.text and "please try again" in answer.text
    page = Page(answer.text)
    assert "<title>Error: " in answer.text
    [alert] = [tag for tag in page.all("div") if tag.get("role") == "alert"]
    assert alert["tabindex"] == "-1"
    assert answer.headers["cache-control"] == "no-store"
    return page


async def in_another_tab(browser: Visit, email: str) -> Response:
    """Sign somebody in, and return to the page that was open; return that page."""
    page = browser.page
    await browser.arrive(email)
    browser.page = page
    return page


@pytest.mark.parametrize("csrf", ["", "x"])
async def test_signing_in_again_works_with_one_press_more(
    api: Api, browser: Visit, runtime: Runtime, csrf: str
) -> None:
    two = await api.person()
    shop = await shop_of(runtime, trusted=True)
    await browser.ask(shop)
    typed = {"email": two.email, "password": PASSWORD, "csrf": csrf}

    page = shown_again(await browser.post("/signin", typed))
    assert browser.page.headers["cross-origin-opener-policy"] == "unsafe-none"
    answer = await browser.sign_in(two.email)

    assert page.inputs["email"]["value"] == two.email
    assert "value" not in page.inputs["password"]
    assert PASSWORD not in browser.page.text
    assert told(answer)["code"]
    assert await api.trail(two.id) == [
        "sign_in.succeeded",  # of the program
        "sign_in.succeeded",
        "oauth.authorization_granted",
    ]


async def test_signing_up_again_works_with_one_press_more(
    api: Api, browser: Visit, runtime: Runtime
) -> None:
    shop = await shop_of(runtime, trusted=True)
    await browser.ask(shop, prompt="create")
    new = {"email": "new@example.com", "name": "New", "password": PASSWORD}

    page = shown_again(await browser.post("/signup", new | {"csrf": "x"}))
    assert await rows(runtime, Session) == []
    kept = {name: page.inputs[name]["value"] for name in ("email", "name")}
    answer = await browser.post("/signup", kept | {"password": PASSWORD})

    assert "value" not in page.inputs["password"]
    assert kept == {"email": "new@example.com", "name": "New"}
    assert told(answer)["code"]


@pytest.mark.parametrize("decision", ["allow", "deny"])
async def test_consent_is_asked_for_again(
    api: Api, browser: Visit, runtime: Runtime, decision: str
) -> None:
    one, two = await api.person(), await api.person()
    await browser.arrive(one.email)
    await browser.ask(await shop_of(runtime))
    await in_another_tab(browser, two.email)

    shown_again(await browser.decide(decision))
    assert f"<strong>{two.email}</strong>" in browser.page.text
    assert await rows(runtime, OAuthGrant) == []
    answer = told(await browser.decide(decision))

    assert ("code" in answer) == (decision == "allow")


async def test_who_says_no_too_late_is_not_led_to_a_yes(
    api: Api, browser: Visit, runtime: Runtime
) -> None:
    one, two = await api.person(), await api.person()
    shop = await shop_of(runtime)
    await browser.arrive(two.email)
    await browser.ask(shop)
    assert told(await browser.decide("allow"))["code"]
    await browser.arrive(one.email)
    await browser.ask(shop, prompt="select_account")
    choice = [b["value"] for b in Page(browser.page.text).all("button")]
    await browser.post("/select-account", {"account": choice[0]})
    assert at(browser.page) == "/consent"
    await in_another_tab(browser, two.email)  # who allowed it before

    page = shown_again(await browser.decide("deny"))
    assert len(await rows(runtime, OAuthGrant)) == 1
    [onward] = [str(tag["href"]) for tag in page.all("a")]

    assert onward.startswith("/oauth2/resume?flow=")
    assert told(await browser.get(onward))["code"]


async def test_accounts_are_shown_again(
    api: Api, browser: Visit, runtime: Runtime
) -> None:
    one, two = await api.person(), await api.person()
    await browser.arrive(one.email)
    shop = await shop_of(runtime, trusted=True)
    await browser.ask(shop, prompt="select_account")
    [button] = [b["value"] for b in Page(browser.page.text).all("button")]
    await in_another_tab(browser, two.email)

    page = shown_again(await browser.post("/select-account", {"account": button}))
    assert len(page.all("button")) == 2
    answer = await browser.post("/select-account", {"account": button})

    assert told(answer)["code"]
    [grant] = await rows(runtime, OAuthGrant)
    assert grant.user_id == one.id


@pytest.mark.parametrize("path", ["/signout", "/oauth2/logout"])
async def test_signing_out_asks_again_with_who_it_is_now(
    api: Api, browser: Visit, path: str
) -> None:
    one, two = await api.person(), await api.person()
    await browser.arrive(one.email)
    await browser.get(path)
    await in_another_tab(browser, two.email)

    shown_again(await browser.post(path, {}))
    assert two.email in browser.page.text and one.email not in browser.page.text
    assert {row.revoked_at for row in await rows(browser.runtime, Session)} == {None}
    await browser.post(path, {})

    ended = {r.user_id for r in await rows(browser.runtime, Session) if r.revoked_at}
    assert ended == {two.id}


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/signout", "You are not signed in."),
        ("/oauth2/logout", "You are signed out"),
    ],
)
async def test_who_is_signed_out_already_is_told_so(
    api: Api, browser: Visit, path: str, says: str
) -> None:
    person = await api.person()
    await browser.arrive(person.email)
    page = await browser.get(path)
    await browser.post(path, {})
    browser.page = page

    late = await browser.post(path, {})

    assert late.status_code == 403
    assert says in late.text


async def test_a_sign_in_of_the_same_person_leaves_other_tabs_alone(
    api: Api, browser: Visit, runtime: Runtime
) -> None:
    person = await api.person()
    await browser.arrive(person.email)
    await browser.ask(await shop_of(runtime))
    await in_another_tab(browser, person.email)

    assert told(await browser.decide("allow"))["code"]


@pytest.mark.parametrize(
    "path",
    [
        "/signin",
        "/signup",
        "/consent",
        "/select-account",
        "/signout",
        "/switch-account",
        "/applications",
    ],
)
async def test_t065_other_sites_get_no_page_to_go_on_with(
    api: Api, browser: Visit, runtime: Runtime, path: str
) -> None:
    person = await api.person()
    await browser.arrive(person.email)
    await browser.ask(await shop_of(runtime))

    for headers in (
        {"Origin": "https://evil.example"},
        {"Sec_Fetch_Site": "cross-site"},
    ):
        page = browser.page
        answer = await browser.post(path, {"csrf": "x"}, **headers)
        browser.page = page
        assert answer.status_code == 403
        assert "<form" not in answer.text and SENTENCE not in answer.text
        assert person.email not in answer.text
