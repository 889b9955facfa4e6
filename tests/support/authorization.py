"""A browser that applications send to us, and a look at what comes back to them."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from httpx2 import ASGITransport, AsyncClient, Response
from sqlalchemy import select

from app.core import jose
from app.models import AuditEvent
from app.services.server.runtime import Runtime
from tests.factories.oauth import (
    CHALLENGE,
    REDIRECT_URI,
    VERIFIER,
    Application,
    ApplicationFactory,
)
from tests.support.api import PASSWORD, Api
from tests.support.page import BROWSER, Page

ALL = "openid profile email offline_access"
AUTHORIZE = "/oauth2/authorize"
EVIL = "https://evil.example/cb"
HERE = (
    *("/oauth2/resume", "/signin", "/signup", "/select-account", "/consent"),
    *("/device", "/done/device"),
)


def query_of(app: Application, **changed: Any) -> dict[str, Any]:
    """Return an OpenID Connect request with PKCE; None takes a parameter away."""
    usual: dict[str, Any] = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": REDIRECT_URI,
        "scope": "openid",
        "state": "af0ifjsldkj",
        "nonce": "n-0S6_WzA2Mj",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return {name: text for name, text in (usual | changed).items() if text is not None}


@dataclass
class Visit:
    """A browser: it keeps cookies and follows redirects on our own pages only."""

    runtime: Runtime
    client: AsyncClient
    page: Response = field(init=False)

    async def ask(self, app: Application, **changed: Any) -> Response:
        """Come with an application's request; return where that leads."""
        return await self.get(AUTHORIZE, query_of(app, **changed))

    async def get(self, path: str, params: Any = None) -> Response:
        """Open an address, and follow it as far as it stays here."""
        headers = {"Accept": "text/html"}
        answer = await self.client.get(path, params=params, headers=headers)
        return await self._follow(answer)

    async def post(self, path: str, fields: Any, **headers: str) -> Response:
        """Send a form with the hidden fields of the page that is open."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        hidden = {
            name: attributes.get("value") or ""
            for name, attributes in Page(self.page.text).inputs.items()
            if attributes.get("type") == "hidden"
        }
        answer = await self.client.post(
            path, data=hidden | fields, headers=BROWSER | named
        )
        return await self._follow(answer)

    async def sign_in(self, email: str, password: str = PASSWORD) -> Response:
        """Sign in at the page that is open."""
        return await self.post("/signin", {"email": email, "password": password})

    async def arrive(self, email: str) -> Response:
        """Sign in before any application asks."""
        await self.get("/signin")
        return await self.sign_in(email)

    async def decide(self, decision: str) -> Response:
        """Press a button of the consent page."""
        return await self.post("/consent", {"decision": decision})

    async def _follow(self, answer: Response) -> Response:
        while answer.status_code == 303 and answer.headers["location"].startswith(HERE):
            path = answer.headers["location"]
            answer = await self.client.get(path, headers={"Accept": "text/html"})
        self.page = answer
        return answer


def visit(runtime: Runtime, app: Any) -> Visit:
    """Return a browser that was never here."""
    transport = ASGITransport(app=app, client=("192.0.2.1", 40_000))
    return Visit(runtime, AsyncClient(transport=transport, base_url="http://test"))


def at(answer: Response) -> str:
    """Return which page of ours is open."""
    assert answer.status_code == 200, answer.text
    return str(answer.request.url.path)


def told(answer: Response, redirect_uri: str = REDIRECT_URI) -> dict[str, str]:
    """Return what the client is told by redirect; each parameter is there once."""
    assert answer.status_code == 303, answer.text
    location = answer.headers["location"]
    assert location.startswith(redirect_uri), location
    pairs = parse_qsl(urlsplit(location).query, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


async def evidence(runtime: Runtime, correlation_id: str) -> list[AuditEvent]:
    """Return the audit trail of one request."""
    query = select(AuditEvent).where(AuditEvent.correlation_id == correlation_id)
    async with runtime.database.session(read_only=True) as db:
        return list(await db.scalars(query.order_by(AuditEvent.id)))


async def rows(runtime: Runtime, table: Any) -> list[Any]:
    """Return every row of a table, from a connection of its own."""
    async with runtime.database.session(read_only=True) as db:
        return list(await db.scalars(select(table)))


async def trusted(applications: ApplicationFactory, **metadata: Any) -> Application:
    """Register a client whose consent the administrator gave."""
    usual: dict[str, Any] = {"scope": ALL}
    return await applications(columns={"is_first_party": True}, **(usual | metadata))


async def redeem(api: Api, app: Application, code: str) -> dict[str, Any]:
    """Exchange a code; return the answer."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
    }
    answer = await api.client.post("/oauth2/token", data=form, headers=app.basic)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def id_token(api: Api, app: Application, answer: Response) -> dict[str, Any]:
    """Return the claims of the ID token that a granted request ends with.

    The token itself stands under the empty name.
    """
    token = (await redeem(api, app, told(answer)["code"]))["id_token"]
    return claims_of(token) | {"": token}


def claims_of(token: str) -> dict[str, Any]:
    """Return what a token of ours says; it is not verified here."""
    return jose.unverified_claims(token)


def flow_of(browser: Visit) -> str:
    """Return what the open page calls the request that waits."""
    return Page(browser.page.text).inputs["flow"]["value"] or ""


def resume_of(browser: Visit) -> str:
    """Return where the request goes on that the open page belongs to."""
    return f"/oauth2/resume?flow={flow_of(browser)}"


def request_id(answer: Response) -> str:
    """Return the number of a request, under which there is evidence."""
    return str(answer.headers["x-request-id"])


def is_refused_page(answer: Response) -> bool:
    """Tell whether the person was told, and nobody else."""
    is_page = answer.headers["content-type"].startswith("text/html")
    return answer.status_code == 400 and is_page and "location" not in answer.headers
