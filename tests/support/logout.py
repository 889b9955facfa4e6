"""What tests of ``/oauth2/logout`` share: a browser there, and what it shows."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from httpx2 import Response
from sqlalchemy import select

from app.models import AuditEvent, Session
from app.oauth.tokens import ID_TOKEN_TYPE
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser, BrowserAccount
from tests.factories.jws import sign_as
from tests.factories.oauth import Application, ApplicationFactory
from tests.support.api import PASSWORD, Api
from tests.support.browser import cookies_of, signed_in
from tests.support.page import BROWSER, Page

PATH = "/oauth2/logout"
BACK = "https://app.example.com/bye"
FRAME = "https://app.example.com/frame?x=1"
EVIL = "https://evil.example/"
FROM_ELSEWHERE = {"Sec-Fetch-Site": "cross-site", "Origin": "https://app.example.com"}


class Visitor:
    """A browser at the sign-out address."""

    def __init__(self, api: Api, browser: Browser) -> None:
        self._api = api
        self._runtime = api.runtime
        self.browser = browser

    @property
    def account(self) -> BrowserAccount:
        """The account in use."""
        assert self.browser.current is not None
        return self.browser.current

    def _headers(self, extra: Mapping[str, str] | None) -> dict[str, str]:
        [cookie] = cookies_of(self.browser, self._runtime)
        return BROWSER | {"Cookie": cookie} | dict(extra or {})

    async def get(
        self, params: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Response:
        """Follow a link that an application made."""
        return await self._api.client.get(
            f"{PATH}?{urlencode(params)}", headers=self._headers(headers)
        )

    async def post(
        self, params: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Response:
        """Send a form."""
        return await self._api.client.post(
            PATH, data=dict(params), headers=self._headers(headers)
        )

    async def confirm(self, page: Response) -> Response:
        """Press the button of the page that asks."""
        return await self.post(fields(page))

    async def is_signed_in(self, account: BrowserAccount | None = None) -> bool:
        """Tell whether the session lives, from a connection of its own."""
        session_id = (account or self.account).session_id
        async with self._runtime.database.session(read_only=True) as db:
            return (await db.get_one(Session, session_id)).revoked_at is None


def fields(page: Response) -> dict[str, str]:
    """Return what the form of a page would send."""
    inputs = Page(page.text).inputs
    return {name: attributes["value"] or "" for name, attributes in inputs.items()}


def is_question(answer: Response) -> bool:
    return answer.status_code == 200 and "Sign out?" in answer.text


async def visitor(api: Api, people: int = 1) -> Visitor:
    """Return a browser where so many people are signed in."""
    emails = [(await api.users.with_password(PASSWORD)).email for _ in range(people)]
    return Visitor(api, await signed_in(api.runtime, *emails))


async def shop(runtime: Runtime, **metadata: Any) -> Application:
    """Register an application that people come back to."""
    return await ApplicationFactory(runtime)(
        **({"post_logout_redirect_uris": [BACK]} | metadata)
    )


def hint(
    runtime: Runtime, app: Application, account: BrowserAccount, **changed: Any
) -> str:
    """Return an ID token as an application got it."""
    typ = changed.pop("typ", ID_TOKEN_TYPE)
    algorithm = changed.pop("algorithm", "RS256")
    issued = int(runtime.clock.now().timestamp())
    claims = {
        "iss": runtime.settings.public_url,
        "sub": str(account.user_id),
        "aud": app.client_id,
        "iat": issued,
        "exp": issued + 3_600,
        "sid": str(account.session_id),
    }
    return sign_as(runtime, claims | changed, algorithm=algorithm, typ=typ)


def hint_names(account: BrowserAccount) -> dict[str, str]:
    """Return what a public application knows of an account and its session."""
    return {"sub": str(account.user_id), "sid": str(account.session_id)}


async def refusals(runtime: Runtime) -> list[dict[str, Any]]:
    query = select(AuditEvent.data).where(AuditEvent.name == "oauth_logout.refused")
    async with runtime.database.session(read_only=True) as db:
        return list(await db.scalars(query.order_by(AuditEvent.id)))
