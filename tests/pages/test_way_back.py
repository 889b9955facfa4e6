"""The application is not forgotten: what a mail ends leads back to where it began."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI
from httpx2 import Response

from app.models import OneTimeToken
from app.services.server.runtime import Runtime
from tests.factories.oauth import REDIRECT_URI, Application, ApplicationFactory
from tests.support.api import PASSWORD, Api
from tests.support.authorization import rows
from tests.support.browser import Visitor, flow_at
from tests.support.page import Page

EMAIL = "ada@example.com"
CHOSEN = "an entirely other passphrase"
NAMED = "Shop (app.example.com)"
LOGIN = "https://app.example.com/login"


@dataclass(frozen=True)
class Kind:
    """What somebody begins at an application and ends with a mail."""

    path: str
    template: str
    asks: str
    fields: dict[str, str]
    password: str


RESET = Kind(
    "/reset-password",
    "reset_password",
    "/forgot-password",
    {"password": CHOSEN},
    CHOSEN,
)
AGAIN = Kind("/verify-email", "verify_email", "/resend-verification", {}, PASSWORD)
SIGN_UP = Kind("/verify-email", "verify_email", "/signup", {}, PASSWORD)
INVITED = Kind(
    "/accept-invitation", "invitation", "/signup", {"password": CHOSEN}, CHOSEN
)
KINDS = [
    pytest.param(RESET, id="reset"),
    pytest.param(AGAIN, id="again"),
    pytest.param(SIGN_UP, id="sign-up"),
    pytest.param(INVITED, id="invitation"),
]
every_kind = pytest.mark.parametrize("kind", KINDS)
either_way = pytest.mark.parametrize("by", ["link", "code"])


@pytest.fixture
def options() -> dict[str, object]:
    return {"registration": "verified"}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough: what is stored is read as it was written."""
    return sqlite_url


@pytest.fixture
async def shop(runtime: Runtime) -> Application:
    return await ApplicationFactory(runtime)(
        columns={"is_first_party": True}, initiate_login_uri=LOGIN
    )


Begin = Callable[[Kind, str], Awaitable[None]]


@pytest.fixture
def begin(api: Api, visitor: Visitor) -> Begin:
    """Ask for a mail, on the way of a flow."""

    async def ask(kind: Kind, flow: str) -> None:
        if kind is RESET:
            await api.users.with_password(PASSWORD, email=EMAIL)
        elif kind is AGAIN:
            await api.users.with_password(PASSWORD, email=EMAIL, email_verified=False)
        elif kind is INVITED:
            body = {"email": EMAIL}
            made = await api.post("/users", body, await api.admin())
            assert made.status_code == 201
        typed = {"email": EMAIL}
        if kind.asks == "/signup":
            typed |= {"password": PASSWORD}
        path = f"{kind.asks}?flow={flow}" if flow else kind.asks
        sent = await visitor.submit(path, typed)
        assert sent.status_code == 303, sent.text

    return ask


async def end(api: Api, kind: Kind, by: str, browser: Visitor) -> Response:
    """Use link or code in a browser; return the page that says that it worked."""
    mail = await api.mailed(kind.template)
    digits = f"{mail.code[:4]} {mail.code[4:]}"  # as people type them
    proof = {"token": mail.token} if by == "link" else {"email": EMAIL, "code": digits}
    done = await browser.post(kind.path, proof | kind.fields)
    assert done.status_code == 303, done.text
    return await browser.get(done.headers["location"])


def links(page: Response) -> dict[str, str]:
    """Return where a page leads, and what its links say."""
    found = Page(page.text).all("a")
    texts = [part.partition("</a>")[0].partition(">")[2] for part in _anchors(page)]
    return dict(zip((str(tag["href"]) for tag in found), texts, strict=True))


def _anchors(page: Response) -> list[str]:
    anchors = page.text.split("<a ")[1:]
    return [each for each in anchors if not each.startswith('href="/language?')]


async def resumed(browser: Visitor, signed_in: Response) -> dict[str, list[str]]:
    """Go on after a sign-in; return what the application is told."""
    answer = await browser.get(signed_in.headers["location"])
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith(REDIRECT_URI)
    return parse_qs(urlsplit(answer.headers["location"]).query)


@every_kind
@either_way
async def test_in_the_same_browser_it_ends_at_the_application(
    api: Api, visitor: Visitor, shop: Application, begin: Begin, kind: Kind, by: str
) -> None:
    flow = await flow_at(visitor, shop)
    await begin(kind, flow)

    done = await end(api, kind, by, visitor)
    [(address, text)] = links(done).items()
    path, _, name = address.partition("?flow=")
    entered = await visitor.sign_in(EMAIL, kind.password, flow=name)

    assert (path, text) == ("/signin", f"Sign in to {NAMED}")
    assert (await resumed(visitor, entered))["code"]


@every_kind
@either_way
async def test_in_another_browser_it_names_the_application_and_links_to_it(
    api: Api,
    app: FastAPI,
    visitor: Visitor,
    shop: Application,
    begin: Begin,
    kind: Kind,
    by: str,
) -> None:
    """The flow does not go on there: that would be login CSRF."""
    flow = await flow_at(visitor, shop)
    await begin(kind, flow)
    elsewhere = Visitor(app)

    done = await end(api, kind, by, elsewhere)
    entered = await elsewhere.sign_in(EMAIL, kind.password)
    resume = await elsewhere.get(f"/oauth2/resume?flow={flow}")

    issuer = "http%3A%2F%2Flocalhost%3A8000"
    start = f"{LOGIN}?iss={issuer}"
    assert links(done) == {start: f"Go to {NAMED}", "/signin": "Sign in"}
    assert flow not in done.text
    assert entered.headers["location"] == "/"
    assert resume.status_code == 400  # and neither does it when its name is known
    assert links(resume) == {start: f"Go to {NAMED}", "/": "Go to your account"}


@every_kind
async def test_what_was_begun_nowhere_leads_to_the_sign_in(
    api: Api, visitor: Visitor, begin: Begin, kind: Kind
) -> None:
    await begin(kind, "")

    done = await end(api, kind, "link", visitor)

    assert links(done) == {"/signin": "Sign in"}


@pytest.mark.parametrize("path", ["/forgot-password", "/resend-verification"])
async def test_a_flow_of_another_browser_is_nobodys_beginning(
    api: Api, app: FastAPI, visitor: Visitor, shop: Application, path: str
) -> None:
    """Else a stranger's flow would put their application on somebody's page."""
    flow = await flow_at(Visitor(app), shop)
    verified = path == "/forgot-password"
    await api.users.with_password(PASSWORD, email=EMAIL, email_verified=verified)

    await visitor.submit(path, {"email": EMAIL, "flow": flow})

    purposes = {"reset_password", "verify_email"}
    tokens = await rows(api.runtime, OneTimeToken)
    [mailed] = [row for row in tokens if row.purpose in purposes]
    assert "begun_at" not in mailed.data


async def test_a_flow_that_ended_meanwhile_leads_to_the_application_too(
    api: Api, visitor: Visitor, shop: Application, begin: Begin
) -> None:
    flow = await flow_at(visitor, shop)
    await begin(RESET, flow)
    entered = await visitor.sign_in(EMAIL, PASSWORD, flow=flow)
    assert (await resumed(visitor, entered))["code"]

    done = await end(api, RESET, "link", visitor)

    assert list(links(done).values()) == [f"Go to {NAMED}", "Sign in"]


async def test_the_way_back_counts_in_the_browser_that_it_was_made_for(
    api: Api, app: FastAPI, visitor: Visitor, shop: Application, begin: Begin
) -> None:
    await begin(RESET, await flow_at(visitor, shop))
    elsewhere, victim = Visitor(app), Visitor(app)
    done = await end(api, RESET, "link", elsewhere)
    address = str(done.request.url)
    await victim.get("/signin")

    for url in (address, address[:-1], address + "A", "/done/password-reset?after=x"):
        assert "Shop" not in (await victim.get(url)).text
    assert "Shop" in (await elsewhere.get(address)).text


async def test_an_application_that_is_gone_is_not_named(
    api: Api, app: FastAPI, visitor: Visitor, shop: Application, begin: Begin
) -> None:
    await begin(RESET, await flow_at(visitor, shop))
    admin = await api.admin()
    assert (await api.delete(f"/clients/{shop.client_id}", admin)).status_code == 204
    api.runtime.clients.forget(shop.client_id)

    done = await end(api, RESET, "link", Visitor(app))

    assert links(done) == {"/signin": "Sign in"}


async def test_a_code_is_typed_on_the_way_of_the_flow(
    api: Api, visitor: Visitor, shop: Application, begin: Begin
) -> None:
    flow = await flow_at(visitor, shop)
    await begin(RESET, flow)
    done = await visitor.get(f"/done/mail-sent?flow={flow}")

    page = await visitor.get(next(iter(links(done))))

    assert page.request.url.path == "/reset-password"
    assert Page(page.text).inputs["flow"]["value"] == flow
    assert "to continue to <bdi>Shop</bdi>" in page.text
