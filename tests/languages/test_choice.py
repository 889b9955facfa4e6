"""Which language a page speaks, for whom, and how somebody chooses another one."""

import pytest
from httpx2 import AsyncClient

from app.core.language import tags
from app.services.server.runtime import Runtime
from tests.factories.oauth import Application
from tests.support.api import PASSWORD, Api
from tests.support.authorization import query_of
from tests.support.browser import Visitor
from tests.support.page import BROWSER, post

_GERMAN = {"Accept-Language": "de-CH, de;q=0.9, en;q=0.5"}


def _lang(text: str) -> str:
    return text.partition('<html lang="')[2].partition('"')[0]


async def test_a_page_speaks_the_language_of_the_browser(client: AsyncClient) -> None:
    page = await client.get("/signin", headers=BROWSER | _GERMAN)

    assert _lang(page.text) == page.headers["content-language"] == "de"
    assert page.headers["vary"] == "Accept-Language"


@pytest.mark.parametrize(
    "field", ["", "sv", "*", "de;q=0", "x" * 60_000, ",;=" * 9_000]
)
async def test_t143_whatever_else_a_browser_says_is_english(
    client: AsyncClient, field: str
) -> None:
    page = await client.get("/signin", headers=BROWSER | {"Accept-Language": field})

    assert _lang(page.text) == page.headers["content-language"] == "en"


async def test_what_is_chosen_on_a_page_counts_and_leads_back_there(
    client: AsyncClient, runtime: Runtime
) -> None:
    page = await client.get("/forgot-password?flow=x", headers=BROWSER | _GERMAN)
    assert (
        '<a href="/language?back=/forgot-password%3Fflow%3Dx">Deutsch</a>' in page.text
    )
    menu = await client.get("/language?back=/forgot-password?flow=x", headers=BROWSER)
    assert 'lang="de" dir="ltr"' in menu.text and ">Deutsch</button>" in menu.text

    back = "/forgot-password?flow=x"
    answer = await post(client, "/language", {"language": "en", "back": back})

    assert answer.status_code == 303 and answer.headers["location"] == back
    now = int(runtime.clock.now().timestamp())
    cookie, _, attributes = answer.headers["set-cookie"].partition("; ")
    assert cookie == f"auth_serve_language=en.{now}"
    assert attributes == "Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax"
    again = await client.get("/signin", headers=BROWSER | _GERMAN)
    assert _lang(again.text) == "en"


async def test_t062_the_way_back_is_without_what_others_put_into_a_link(
    client: AsyncClient,
) -> None:
    path = "/forgot-password?q=Winner&flow=x&to=You+won&done=Winner&=a&won"
    page = await client.get(path, headers=BROWSER)

    assert 'href="/language?back=/forgot-password%3Fflow%3Dx"' in page.text
    assert "Winner" not in page.text and "won" not in page.text


async def test_where_the_address_is_a_request_nothing_leads_away_from_it(
    visitor: Visitor, api: Api
) -> None:
    await visitor.sign_in((await api.person()).email)

    plain = await visitor.get("/oauth2/logout")
    asked = await visitor.get("/oauth2/logout?state=x")

    assert "/language?back=/oauth2/logout" in plain.text
    assert "Sign out" in asked.text and "/language" not in asked.text


@pytest.mark.parametrize("path", ["/account", "/account/sessions?done=all", "/admin"])
async def test_a_language_is_chosen_inside_the_frames_too(
    visitor: Visitor, api: Api, path: str
) -> None:
    person = await api.admin()
    await visitor.sign_in(person.email)
    visitor.http.headers["Accept-Language"] = "de"

    page = (await visitor.get(path)).text

    back = path.partition("?")[0]
    assert f'<a href="/language?back={back}">Deutsch</a>' in page
    answer = await visitor.post("/language", {"language": "en", "back": back})
    assert answer.headers["location"] == back
    assert _lang((await visitor.get(path)).text) == "en"


@pytest.mark.parametrize(
    "back", ["//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb", ""]
)
async def test_t055_no_choice_leads_elsewhere(client: AsyncClient, back: str) -> None:
    answer = await post(client, "/language", {"language": "de", "back": back})

    assert answer.headers["location"] == "/"


async def test_a_language_that_there_is_not_is_not_kept(client: AsyncClient) -> None:
    answer = await post(client, "/language", {"language": "tlh", "back": "/signin"})

    assert answer.status_code == 303 and "set-cookie" not in answer.headers


async def test_another_site_cannot_choose(client: AsyncClient) -> None:
    answer = await post(
        client, "/language", {"language": "de"}, Sec_Fetch_Site="cross-site"
    )

    assert answer.status_code == 403 and "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "cookie", ["de", "de.", "de.x", "de.1" + "0" * 30, "../de.1", "<b>.1", "DE_de.1"]
)
async def test_an_odd_cookie_chooses_nothing(client: AsyncClient, cookie: str) -> None:
    headers = BROWSER | {"Cookie": f"auth_serve_language={cookie}"}

    assert _lang((await client.get("/signin", headers=headers)).text) == "en"


async def test_an_application_asks_for_a_language_until_somebody_chooses(
    visitor: Visitor, shop: Application, runtime: Runtime
) -> None:
    asked = query_of(shop, ui_locales="tlh de-AT en")
    begun = await visitor.http.get("/oauth2/authorize", params=asked)
    address = begun.headers["location"]
    assert _lang((await visitor.get(address)).text) == "de"

    await visitor.post("/language", {"language": "en", "back": address})
    assert _lang((await visitor.get(address)).text) == "en"
    assert _lang((await visitor.get("/signin")).text) == "en"


async def test_an_application_that_asks_later_is_heard_again(
    visitor: Visitor, shop: Application, runtime: Runtime
) -> None:
    before = int(runtime.clock.now().timestamp()) - 1
    visitor.http.cookies.set("auth_serve_language", f"en.{before}")

    asked = query_of(shop, ui_locales="de")
    begun = await visitor.http.get("/oauth2/authorize", params=asked)

    assert _lang((await visitor.get(begun.headers["location"])).text) == "de"


async def test_the_language_of_the_person_comes_before_that_of_the_browser(
    visitor: Visitor, api: Api
) -> None:
    user = await api.users.with_password(PASSWORD, locale="de-AT")
    await visitor.sign_in(user.email)

    assert _lang((await visitor.get("/", Accept_Language="en")).text) == "de"


async def test_applications_are_told_which_languages_there_are(
    client: AsyncClient,
) -> None:
    metadata = (await client.get("/.well-known/openid-configuration")).json()

    assert metadata["ui_locales_supported"] == list(tags())
    assert {"en", "de"} <= set(tags())
