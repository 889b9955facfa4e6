"""Signing in and out with a browser, alone and several at once."""

from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI

from app.services.server.runtime import Runtime
from tests.factories.oauth import ApplicationFactory
from tests.support.api import PASSWORD, PRODUCTION, Api
from tests.support.authorization import id_token, trusted, visit
from tests.support.browser import Visitor, flow_at, set_cookies
from tests.support.chance import FakeClock
from tests.support.page import Page

WRONG = "Wrong email address or password"


async def test_somebody_signs_in_and_out(api: Api, visitor: Visitor) -> None:
    user = await api.users.with_password(PASSWORD, name="Ada <b>")

    came = await visitor.get("/")
    entered = await visitor.sign_in(user.email)
    home = await visitor.get("/")
    asked = Page((await visitor.get("/signout")).text)
    left = await visitor.submit("/signout")
    done = await visitor.get(left.headers["location"])

    assert (came.status_code, came.headers["location"]) == (303, "/signin")
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert user.email in home.text and "Ada &lt;b&gt;" in home.text
    assert list(asked.inputs) == ["csrf"]
    assert (left.status_code, left.headers["location"]) == (303, "/done/signed-out")
    assert left.headers["clear-site-data"] == '"cache"'
    assert set_cookies(left.headers.get_list("set-cookie")) == {
        "auth_serve_session": {
            "value": "",
            "path": "/",
            "max-age": "0",
            "httponly": "True",
            "samesite": "Lax",
        }
    }
    assert {"href": "/signin"} in Page(done.text).all("a")
    assert await visitor.who() == ""
    assert await api.trail(user.id) == ["sign_in.succeeded", "session.revoked"]


async def test_the_page_is_made_for_everybody(visitor: Visitor) -> None:
    page = Page((await visitor.get("/signin")).text)

    found = {name: tag.get("autocomplete") for name, tag in page.inputs.items()}
    assert found == {
        "csrf": None,
        "email": "username webauthn",
        "password": "current-password",
    }
    assert {label["for"] for label in page.all("label")} == {"email", "password"}
    assert [each["type"] for each in page.all("button")] == ["submit", "button"]
    assert {tag["type"] for tag in page.all("script")} == {"module"}
    links = [tag["href"] for tag in page.all("a")]
    assert links == [
        "/forgot-password",
        "/signin/code",
        "/signup",
        "/dev/mailbox",
        "/demo",
        "/docs",
        "/docs/errors",
    ]


async def test_a_wrong_password_shows_the_page_again_with_the_address(
    api: Api, visitor: Visitor
) -> None:
    user = await api.users.with_password(PASSWORD)

    refused = await visitor.sign_in(user.email, "wrong$<pass")
    page = Page(refused.text)
    again = await visitor.post(
        "/signin",
        {
            "csrf": page.inputs["csrf"]["value"],
            "email": user.email,
            "password": PASSWORD,
        },
    )

    assert refused.status_code == 401
    assert WRONG in refused.text and "wrong$" not in refused.text
    assert page.inputs["email"]["value"] == user.email
    assert "value" not in page.inputs["password"]
    [alert] = [tag for tag in page.all("div") if tag.get("role") == "alert"]
    assert alert["tabindex"] == "-1"
    assert "set-cookie" not in refused.headers
    assert again.status_code == 303
    assert await api.trail(user.id) == ["sign_in.failed", "sign_in.succeeded"]


async def test_fields_that_are_missing_are_named(visitor: Visitor) -> None:
    refused = await visitor.submit("/signin", {"email": "", "token": "x"})

    page = Page(refused.text)
    assert refused.status_code == 422
    assert page.inputs["password"]["aria-describedby"] == "password-error"
    assert {"href": "#email"} in page.all("a")


async def test_too_many_tries_say_when_to_come_back(api: Api, visitor: Visitor) -> None:
    user = await api.users.with_password(PASSWORD)

    answers = [await visitor.sign_in(user.email, "wrong") for _ in range(11)]

    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert "Too many attempts" in answers[-1].text
    assert Page(answers[-1].text).inputs["email"]["value"] == user.email


async def test_several_people_share_a_browser(api: Api, visitor: Visitor) -> None:
    ada = await api.users.with_password(PASSWORD)
    eve = await api.users.with_password(PASSWORD)

    await visitor.sign_in(ada.email)
    await visitor.sign_in(eve.email)
    home = await visitor.get("/")

    assert await visitor.who() == eve.email
    assert ada.email in home.text
    await visitor.submit("/signout")
    assert await visitor.who() == ada.email
    await visitor.submit("/signout")
    assert await visitor.who() == ""
    nobody = await visitor.post("/signout", await visitor.hidden("/signin"))
    assert nobody.status_code == 303


async def test_the_cookies_are_for_this_service_alone(
    api: Api, visitor: Visitor, runtime: Runtime
) -> None:
    user = await api.users.with_password(PASSWORD)

    shown = await visitor.get("/signin")
    again = await visitor.get("/signin")
    entered = await visitor.sign_in(user.email)

    [(name, value)] = set_cookies(shown.headers.get_list("set-cookie")).items()
    assert name == "auth_serve_browser" and len(value.pop("value")) == 43
    assert value == {"path": "/", "httponly": "True", "samesite": "Lax"}
    assert "set-cookie" not in again.headers
    given = set_cookies(entered.headers.get_list("set-cookie"))
    assert given.pop("auth_serve_device")["httponly"]
    [(name, value)] = given.items()
    assert name == "auth_serve_session" and value.pop("value").startswith("as_bs_")
    ttl = str(runtime.settings.session.absolute_ttl)
    assert value == {
        "path": "/",
        "max-age": ttl,
        "httponly": "True",
        "samesite": "Lax",
    }


async def test_a_session_lasts_as_long_as_the_server_says(
    api: Api, visitor: Visitor, clock: FakeClock
) -> None:
    user = await api.users.with_password(PASSWORD)
    await visitor.sign_in(user.email)

    clock.advance(days=13)
    assert await visitor.who() == user.email
    clock.advance(days=13)
    assert await visitor.who() == user.email
    clock.advance(days=14)

    assert await visitor.who() == ""
    assert (await visitor.get("/signout")).text.count("You are not signed in.") == 1


async def test_what_waits_is_handed_on(api: Api, visitor: Visitor) -> None:
    user = await api.users.with_password(PASSWORD)
    flow = await flow_at(visitor, await ApplicationFactory(api.runtime)())

    page = Page((await visitor.get(f"/signin?flow={flow}")).text)
    wrong = Page((await visitor.sign_in(user.email, "wrong", flow=flow)).text)
    entered = await visitor.sign_in(user.email, flow=flow)

    for each in (page, wrong):
        assert each.inputs["flow"]["value"] == flow
        links = [str(tag["href"]) for tag in each.all("a")]
        assert f"/signup?flow={flow}" in links
        assert f"/forgot-password?flow={flow}" in links
    assert entered.status_code == 303
    assert entered.headers["location"] == f"/oauth2/resume?flow={flow}"


async def test_what_waits_survives_a_forgotten_password(
    api: Api, visitor: Visitor
) -> None:
    user = await api.users.with_password(PASSWORD)

    flow = await flow_at(visitor, await ApplicationFactory(api.runtime)())

    for path in ("/forgot-password", "/resend-verification"):
        sent = await visitor.submit(f"{path}?flow={flow}", {"email": user.email})
        done = await visitor.get(sent.headers["location"])
        bad = Page((await visitor.submit(f"{path}?flow={flow}", {"email": ""})).text)

        assert {"href": f"/signin?flow={flow}"} in Page(done.text).all("a")
        assert bad.inputs["flow"]["value"] == flow


@pytest.mark.parametrize(
    "query", ["flow=<b>", "flow=a&flow=a", "flow=" + "a" * 1601, "flow=a/b", "flow=é"]
)
async def test_a_flow_that_is_none_of_ours_is_refused(
    visitor: Visitor, query: str
) -> None:
    for path in ("/signin", "/signup", "/forgot-password", "/done/registered"):
        answer = await visitor.get(f"{path}?{query}")
        assert answer.status_code == 400
        assert "<b>" not in answer.text

    fields = {"flow": query.partition("=")[2].partition("&")[0] + "%"}
    assert (await visitor.submit("/signin", fields)).status_code == 400


async def test_pages_on_the_way_of_a_request_let_it_come_home(
    api: Api, visitor: Visitor
) -> None:
    """Chrome holds redirects after a form against form-action, and opener against COOP.

    Seen with Chromium: with "form-action 'self'" it stays on the sign-in page, and with
    "same-origin" the application that opened the window never hears of its end.
    """
    user = await api.users.with_password(PASSWORD)
    paths = ("/signin", "/signup", "/forgot-password", "/done/registered")
    flow = await flow_at(visitor, await ApplicationFactory(api.runtime)())

    for path in paths:
        alone = (await visitor.get(path)).headers
        on_the_way = (await visitor.get(f"{path}?flow={flow}")).headers
        policy = on_the_way["content-security-policy"]
        assert "form-action 'self'" in alone["content-security-policy"]
        assert "form-action" not in policy
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert alone["cross-origin-opener-policy"] == "same-origin"
        assert on_the_way["cross-origin-opener-policy"] == "unsafe-none"
    home = await visitor.sign_in(user.email)
    back = await visitor.sign_in(user.email, flow=flow)
    assert home.headers["cross-origin-opener-policy"] == "same-origin"
    assert back.headers["cross-origin-opener-policy"] == "unsafe-none"


class TestOverHttps:
    """Production: the cookies cannot be planted by other hosts or by plain HTTP."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return dict(PRODUCTION)

    async def test_the_cookies_belong_to_the_host(
        self, api: Api, visitor: Visitor, runtime: Runtime
    ) -> None:
        user = await api.users.with_password(PASSWORD)

        shown = await visitor.get("/signin")
        entered = await visitor.sign_in(user.email)

        fields = [each.headers.get_list("set-cookie") for each in (shown, entered)]
        first, second = (set_cookies(each) for each in fields)
        assert list(first) == ["__Host-browser"] and list(second) == [
            "__Host-session",
            "__Host-device",
        ]
        for attributes in (first["__Host-browser"], second["__Host-session"]):
            assert attributes["secure"] == attributes["httponly"] == "True"
            assert (attributes["path"], attributes["samesite"]) == ("/", "Lax")
            assert "domain" not in attributes
        assert await visitor.who() == user.email
        links = [str(tag["href"]) for tag in Page(shown.text).all("a")]
        assert links == ["/forgot-password", "/signin/code", "/signup"]

    async def test_a_plain_name_is_nobodys_session(
        self, api: Api, visitor: Visitor
    ) -> None:
        user = await api.users.with_password(PASSWORD)
        await visitor.sign_in(user.email)
        secret = visitor.http.cookies["__Host-session"]
        visitor.http.cookies.clear()

        home = await visitor.get("/", Cookie=f"auth_serve_session={secret}")

        assert home.status_code == 303

    async def test_who_did_not_confirm_the_address_is_told_how(
        self, api: Api, visitor: Visitor
    ) -> None:
        user = await api.users.with_password(PASSWORD, email_verified=False)
        flow = await flow_at(visitor, await ApplicationFactory(api.runtime)())

        wrong = await visitor.sign_in(user.email, "wrong", flow=flow)
        refused = await visitor.sign_in(user.email, flow=flow)
        again = [tag["href"] for tag in Page(refused.text).all("a")][0]
        sent = await visitor.submit(str(again), {"email": user.email})
        done = await visitor.get(sent.headers["location"])

        assert wrong.status_code == 401 and "Confirm" not in wrong.text
        assert refused.status_code == 403
        assert "set-cookie" not in refused.headers
        assert "Confirm your email address first" in refused.text
        assert again == f"/resend-verification?flow={flow}"
        assert [mail["template"] for mail in await api.mails()] == ["verify_email"]
        links = [tag["href"] for tag in Page(done.text).all("a")]
        assert links == [f"/verify-email?flow={flow}", f"/signin?flow={flow}"]


async def test_signing_out_here_tells_applications_in_frames(
    api: Api, app: FastAPI
) -> None:
    """OIDC Front-Channel Logout §2: however the session is ended at the browser."""
    uri = "https://app.example.com/frame"
    applications = ApplicationFactory(api.runtime)
    shop = await trusted(applications, frontchannel_logout_uri=uri)
    browser = visit(api.runtime, app)
    await browser.arrive((await api.person()).email)
    claims = await id_token(api, shop, await browser.ask(shop))

    await browser.get("/signout")
    answer = await browser.post("/signout", {})

    assert answer.status_code == 200 and "You are signed out" in answer.text
    [frame] = Page(answer.text).all("iframe")
    query = parse_qs(urlsplit(frame["src"] or "").query)
    assert (frame["src"] or "").startswith(uri)
    assert query == {"iss": [claims["iss"]], "sid": [claims["sid"]]}
    policy = answer.headers["content-security-policy"]
    assert policy.endswith("; frame-src https://app.example.com:443")
    assert answer.headers["clear-site-data"] == '"cache"'
    assert not Page(answer.text).all("meta")[-1].get("http-equiv")
    assert (await browser.client.get("/")).headers["location"] == "/signin"
