"""What tests of pages for signed-in people share: a browser and its cookies."""

from collections.abc import Sequence
from http.cookies import SimpleCookie
from typing import Any

from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response

from app.services.server.runtime import Runtime
from app.services.sign_in.browser_cookie import BrowserCookies
from app.services.sign_in.browser_session import Browser, BrowserSessionService
from tests.factories.oauth import Application
from tests.support.api import PASSWORD, Api
from tests.support.authorization import query_of
from tests.support.page import Page


def cookies_of(browser: Browser, runtime: Runtime) -> list[str]:
    """Return the ``Cookie`` field that this browser sends from now on."""
    service = BrowserSessionService(runtime)
    fields = [service.session_cookie(browser)]
    if browser.value:
        fields.append(service.value_cookie(browser))
    return ["; ".join(field.partition(";")[0] for field in fields)]


async def signed_in(
    runtime: Runtime, *emails: str, browser: Browser | None = None
) -> Browser:
    """Return a browser where these people signed in, one after the other."""
    service = BrowserSessionService(runtime)
    browser = browser or service.with_value(Browser())
    for email in emails:
        browser = await service.sign_in(browser, email, PASSWORD)
    return browser


async def seen(browser: Browser, runtime: Runtime) -> Browser:
    """Return what the service makes of this browser's next request."""
    service = BrowserSessionService(runtime)
    return await service.read(cookies_of(browser, runtime))


def session_field(value: str, runtime: Runtime) -> list[str]:
    """Return a ``Cookie`` field with this value for the session cookie."""
    return [f"{BrowserCookies(runtime.settings.public_url).session}={value}"]


def set_cookies(fields: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return each cookie that an answer sets: its value and its attributes."""
    found = {}
    for field in fields:
        [(name, morsel)] = SimpleCookie(field).items()
        attributes = {key: str(text) for key, text in morsel.items() if text}
        found[name] = {"value": morsel.value, **attributes}
    return found


async def flow_at(visitor: "Visitor", app: Application) -> str:
    """Come with an application's request; return the flow that the sign-in page has."""
    asked = await visitor.http.get("/oauth2/authorize", params=query_of(app))
    assert asked.status_code == 303, asked.text
    path, _, flow = asked.headers["location"].partition("?flow=")
    assert path == "/signin" and flow
    return str(flow)


class Visitor:
    """Somebody at a browser: opens pages, and sends the forms that are on them."""

    def __init__(self, app: FastAPI, address: str = "192.0.2.1") -> None:
        """Open a browser without any cookie, at a network address."""
        self.app = app
        self.origin: str = app.state.runtime.settings.public_url
        self.http = AsyncClient(
            transport=ASGITransport(app=app, client=(address, 40_000)),
            base_url=self.origin,
            headers={"Accept": "text/html"},
        )

    async def get(self, path: str, **headers: str) -> Response:
        """Follow a link."""
        return await self.http.get(path, headers=_named(headers))

    async def post(self, path: str, fields: Any, **headers: str) -> Response:
        """Send a form as it stands here."""
        own = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        return await self.http.post(path, data=fields, headers=own | _named(headers))

    async def hidden(self, path: str) -> dict[str, str]:
        """Open a page and return what its form carries besides what people type."""
        return Page((await self.get(path)).text).hidden()

    async def submit(
        self, path: str, fields: Any = None, *, page: str = "", **headers: str
    ) -> Response:
        """Open a page, fill in its form and send it; ``page`` where it is another."""
        values = await self.hidden(page or path) | (fields or {})
        return await self.post(path.partition("?")[0], values, **headers)

    async def sign_in(
        self, email: str, password: str = PASSWORD, flow: str = ""
    ) -> Response:
        """Fill in the sign-in page."""
        path = f"/signin?flow={flow}" if flow else "/signin"
        return await self.submit(path, {"email": email, "password": password})

    async def who(self) -> str:
        """Return whom the front door greets; nobody is empty."""
        home = await self.get("/")
        if home.status_code == 303:
            assert home.headers["location"] == "/signin"
            return ""
        assert home.status_code == 200
        return home.text.partition("<strong>")[2].partition("</strong>")[0]


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): text for name, text in headers.items()}


async def people(api: Api, count: int) -> list[str]:
    """Return the addresses of so many people who can sign in."""
    users = [await api.users.with_password(PASSWORD) for _ in range(count)]
    return [user.email for user in users]


def emails(browser: Browser) -> list[str]:
    return [account.email for account in browser.accounts]
