"""No page without a way on, and nothing asked for that leads nowhere."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import Response

from app.core.exceptions import TooManyRequests, Unavailable
from app.models import Session
from app.pages.parts.form import MAX_BODY
from app.services.server.runtime import Runtime
from tests.factories.oauth import REDIRECT_URI, Application, ApplicationFactory
from tests.support.api import PASSWORD, Api
from tests.support.authorization import query_of, rows
from tests.support.browser import Visitor, flow_at
from tests.support.chance import FakeClock
from tests.support.page import Page

SHOP = "https://app.example.com/"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough: pages decide nothing."""
    return sqlite_url


def hrefs(page: Response) -> list[str]:
    return [str(tag["href"]) for tag in Page(page.text).all("a")]


async def finished(api: Api, visitor: Visitor, shop: Application) -> str:
    """Sign in to an application; return the flow, which is over then."""
    person = await api.person()
    flow = await flow_at(visitor, shop)
    entered = await visitor.sign_in(person.email, flow=flow)
    told = await visitor.get(entered.headers["location"])
    assert told.headers["location"].startswith(SHOP)
    return flow


ON_THE_WAY = ["/signin", "/select-account", "/consent", "/oauth2/resume"]


@pytest.mark.parametrize("path", ON_THE_WAY)
async def test_back_to_a_flow_that_is_over_leads_to_its_application(
    api: Api, visitor: Visitor, shop: Application, path: str
) -> None:
    flow = await finished(api, visitor, shop)

    page = await visitor.get(f"{path}?flow={flow}")

    assert "This sign-in has ended" in page.text
    assert hrefs(page)[:2] == [SHOP, "/"]
    assert "password" not in Page(page.text).inputs


@pytest.mark.parametrize(
    "path", ["/signin", "/signup", "/forgot-password", "/resend-verification"]
)
async def test_who_is_not_signed_in_is_told_before_anything_is_typed(
    visitor: Visitor, shop: Application, clock: FakeClock, path: str
) -> None:
    flow = await flow_at(visitor, shop)
    clock.advance(hours=2)  # a bookmark

    page = await visitor.get(f"{path}?flow={flow}")

    assert page.text.index("has ended") < page.text.index("<form")
    assert hrefs(page)[0] == SHOP
    assert "flow" not in Page(page.text).inputs  # it would lead into nothing
    assert not [link for link in hrefs(page) if "flow=" in link]


async def test_a_flow_that_ends_while_somebody_types_leads_on_all_the_same(
    api: Api, visitor: Visitor, shop: Application, clock: FakeClock
) -> None:
    person = await api.person()
    flow = await flow_at(visitor, shop)
    form = await visitor.hidden(f"/signin?flow={flow}")
    clock.advance(hours=2)
    typed = {"email": person.email, "password": PASSWORD}

    entered = await visitor.post("/signin", form | typed)
    page = await visitor.get(entered.headers["location"])

    assert hrefs(page) == [SHOP, "/"]


async def test_who_is_signed_in_already_may_go_on_without_a_password(
    api: Api, visitor: Visitor, shop: Application
) -> None:
    """Back from a later step, and the address of the page by itself."""
    person = await api.person()
    flow = await flow_at(visitor, shop)
    await visitor.sign_in(person.email)

    back = await visitor.get(f"/signin?flow={flow}")
    alone = await visitor.get("/signin")

    assert f"You are signed in as {person.email}." in back.text
    assert hrefs(back)[0] == f"/oauth2/resume?flow={flow}"
    assert hrefs(alone)[0] == "/"


async def test_where_a_fresh_sign_in_is_due_nobody_is_led_around_it(
    api: Api, visitor: Visitor, shop: Application
) -> None:
    person = await api.person()
    await visitor.sign_in(person.email)
    asked = await visitor.http.get(
        "/oauth2/authorize", params=query_of(shop, prompt="login")
    )

    page = await visitor.get(asked.headers["location"])

    assert not [link for link in hrefs(page) if "resume" in link]


@pytest.mark.parametrize("password", [PASSWORD, "mistyped"])
@pytest.mark.parametrize("waits", [True, False])
async def test_a_second_tab_goes_on_with_the_session_of_the_first(
    api: Api, visitor: Visitor, shop: Application, waits: bool, password: str
) -> None:
    person = await api.person()
    flow = await flow_at(visitor, shop) if waits else ""
    second = await visitor.hidden(f"/signin?flow={flow}" if waits else "/signin")
    await visitor.sign_in(person.email)
    before = await rows(api.runtime, Session)
    typed = {"email": f" {person.email.upper()} ", "password": password}

    sent = await visitor.post("/signin", second | typed)

    to = f"/oauth2/resume?flow={flow}" if waits else "/"
    assert (sent.status_code, sent.headers["location"]) == (303, to)
    assert len(await rows(api.runtime, Session)) == len(before)
    if waits:
        told = await visitor.get(to)
        assert told.headers["location"].startswith(SHOP)


async def test_a_second_tab_signs_somebody_else_in_who_typed_their_own(
    api: Api, visitor: Visitor
) -> None:
    one, two = await api.person(), await api.person()
    second = await visitor.hidden("/signin")
    await visitor.sign_in(one.email)

    wrong = await visitor.post(
        "/signin", second | {"email": two.email, "password": "wrong"}
    )
    right = await visitor.post(
        "/signin", second | {"email": two.email, "password": PASSWORD}
    )

    assert (wrong.status_code, right.status_code) == (401, 303)
    assert await visitor.who() == two.email


async def test_a_second_tab_makes_an_account_too(api: Api, visitor: Visitor) -> None:
    person = await api.person()
    second = await visitor.hidden("/signup")
    await visitor.sign_in(person.email)
    new = {"email": "new@example.com", "password": PASSWORD}

    made = await visitor.post("/signup", second | new)

    assert (made.status_code, made.headers["location"]) == (303, "/")
    assert await visitor.who() == "new@example.com"


async def test_a_form_of_another_browser_is_no_second_tab(
    api: Api, app: FastAPI, visitor: Visitor
) -> None:
    """Else a stranger could sign somebody in as themselves (login CSRF)."""
    person, stranger = await api.person(), await api.person()
    foreign = await Visitor(app).hidden("/signin")
    typed = {"email": stranger.email, "password": PASSWORD}
    for signed_in in (False, True):
        if signed_in:
            await visitor.sign_in(person.email)

        assert (await visitor.post("/signin", foreign | typed)).status_code == 403

    assert await visitor.who() == person.email


Ask = Callable[[Visitor], Awaitable[Response]]


async def _too_long(visitor: Visitor) -> Response:
    return await visitor.post("/forgot-password", {"email": "a" * MAX_BODY})


async def _no_form(visitor: Visitor) -> Response:
    own = {"Origin": visitor.origin, "Content-Type": "text/plain"}
    return await visitor.http.post("/signin", content=b"x", headers=own)


async def _half_a_form(visitor: Visitor) -> Response:
    own = {"Origin": visitor.origin, "Content-Type": FORM}
    return await visitor.http.post("/signup", content=b"a=b&a=c", headers=own)


async def _foreign(visitor: Visitor) -> Response:
    return await visitor.post("/reset-password", {}, Sec_Fetch_Site="cross-site")


FORM = "application/x-www-form-urlencoded"
DEAD_ENDS: list[tuple[str, Any, int, str]] = [
    ("404", "/no/such/page", 404, "/"),
    ("404 of another host", "//evil.example/x", 404, "/"),
    ("no result", "/done/nothing", 404, "/"),
    ("405", "/switch-account", 405, "/"),
    ("no flow of ours", "/signin?flow=<b>", 400, "/"),
    ("nothing to resume", "/oauth2/resume", 400, "/signin"),
    ("resume of nothing", "/oauth2/resume?flow=abc", 400, "/signin"),
    ("nobody asks", "/oauth2/authorize?client_id=nobody", 400, "/signin"),
    ("nothing asked", "/oauth2/authorize", 400, "/signin"),
    ("wrong sign-out", "/oauth2/logout?id_token_hint=x", 400, "/signout"),
    ("used reset link", "/reset-password?token=x", 400, "/forgot-password"),
    ("used verification", "/verify-email?token=x", 400, "/resend-verification"),
    ("used invitation", "/accept-invitation?token=x", 400, "/signin"),
    ("used change of address", "/confirm-email?token=x", 400, "/signin"),
    ("used set-up", "/setup?token=x", 400, "/signin"),
    ("413", _too_long, 413, "/forgot-password"),
    ("415", _no_form, 415, "/signin"),
    ("malformed", _half_a_form, 400, "/signup"),
    ("another site", _foreign, 403, "/"),
]


@pytest.mark.parametrize(
    ("ask", "status", "leads_to"),
    [pytest.param(*rest, id=name) for name, *rest in DEAD_ENDS],
)
async def test_a_dead_end_gives_one_next_step(
    visitor: Visitor, ask: str | Ask, status: int, leads_to: str
) -> None:
    page = await (visitor.get(ask) if isinstance(ask, str) else ask(visitor))

    assert page.status_code == status
    assert hrefs(page)[0] == leads_to
    assert len(Page(page.text).all("h1")) == 1


async def test_a_wrong_request_of_a_known_application_leads_back_to_it(
    visitor: Visitor, shop: Application
) -> None:
    query = query_of(shop, redirect_uri="https://evil.example/cb")

    page = await visitor.http.get("/oauth2/authorize", params=query)

    assert page.status_code == 400
    assert hrefs(page) == [SHOP, "/signin"]
    assert "evil" not in page.text


@pytest.mark.parametrize(
    ("more", "host", "start"),
    [
        (["https://evil.example/cb"], "evil.example", "https://evil.example/bank"),
        ([], "app.example.com", "https://app.example.com/"),
    ],
    ids=["its own place", "another's place"],
)
async def test_an_application_that_nobody_vouches_for_is_its_host_and_a_link(
    visitor: Visitor, runtime: Runtime, more: list[str], host: str, start: str
) -> None:
    own = {"client_name": "Your Bank", "client_uri": "https://evil.example/bank"}
    uris = [REDIRECT_URI, *more]
    columns = {"is_self_registered": True}
    evil = await ApplicationFactory(runtime)(columns=columns, redirect_uris=uris, **own)
    flow = await flow_at(visitor, evil)
    elsewhere = Visitor(visitor.app)

    pages = [
        await elsewhere.get(f"/oauth2/resume?flow={flow}"),
        await elsewhere.get(f"/signin?flow={flow}"),
    ]

    for page in pages:
        assert "Your Bank" not in page.text
        assert f"Go to {host}</a>" in page.text
        assert hrefs(page)[0] == start


async def test_programs_are_answered_as_before(
    visitor: Visitor, shop: Application
) -> None:
    query = query_of(shop, redirect_uri="https://evil.example/cb")
    json = {"Accept": "application/json"}

    wrong = await visitor.http.get("/oauth2/authorize", params=query, headers=json)
    over = await visitor.http.get("/oauth2/resume?flow=abc", headers=json)

    for answer in (wrong, over):
        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 second."),
        (90, "90 seconds."),
        (121, "3 minutes."),
        (3_600, "60 minutes."),
        (7_201, "3 hours."),
    ],
)
def test_how_long_to_wait_is_said_in_words(seconds: int, words: str) -> None:
    for error in (
        TooManyRequests(retry_after=seconds),
        Unavailable("", retry_after=seconds),
    ):
        assert error.detail == f"Try again in {words}"
    assert TooManyRequests().detail is None


async def test_too_many_tries_say_how_long(api: Api, visitor: Visitor) -> None:
    person = await api.person()

    answers = [await visitor.sign_in(person.email, "wrong") for _ in range(12)]

    page = answers[-1]
    assert page.status_code == 429
    assert TooManyRequests(retry_after=int(page.headers["retry-after"])).detail
    assert "Too many attempts" in page.text and "Try again in " in page.text
    assert "/forgot-password" in hrefs(page)


async def test_an_outage_says_when_to_come_back(
    visitor: Visitor, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def out(*_: object, **__: object) -> None:
        raise Unavailable("no answer", retry_after=5)

    monkeypatch.setattr("app.pages.parts.link_page.OneTimeTokenService.is_usable", out)

    page = await visitor.get("/reset-password?token=a%22b")

    assert page.status_code == 503
    assert "Try again in 5 seconds." in page.text
    assert hrefs(page) == ["/reset-password?token=a%22b"]
