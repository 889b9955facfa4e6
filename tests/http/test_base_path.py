"""A service whose public URL has a path, behind a proxy that keeps it or strips it."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response

from app.config import Settings, SettingsError
from app.main import create_app
from app.policies.permission import ADMIN_ROLE
from app.services.sign_in.browser_cookie import BrowserCookies
from app.utils.base_path import links_under, without_base
from tests.conftest import SECRET
from tests.support.api import PASSWORD, Api
from tests.support.browser import Visitor

ISSUER = "http://localhost:8000/team/auth"
_LINK = re.compile(r'\s(?:href|src|action|data-ask|hx-get)="(/[^"#?]*)')


@pytest.fixture
def options() -> dict[str, object]:
    return {"public_url": ISSUER}


@pytest.fixture
async def root(app: FastAPI) -> Any:
    """What a proxy sends that took the path off, or never had it."""
    transport = ASGITransport(app=app, client=("192.0.2.1", 40_000))
    async with AsyncClient(transport=transport, base_url="http://localhost") as http:
        yield http


async def _links(visitor: Visitor, path: str) -> set[str]:
    """Return where the links of a page lead, each under the path of the service."""
    answer = await visitor.get(path)
    assert answer.status_code == 200, (path, answer.text)
    found = set(_LINK.findall(answer.text))
    assert found and all(link.startswith("/team/auth/") for link in found), path
    return {link.removeprefix("/team/auth") for link in found}


def _below(answer: Response) -> str:
    """Return where a browser is sent, below the path of the service."""
    before, base, path = answer.headers["location"].partition("/team/auth")
    assert before in ("", "http://localhost:8000") and base, before
    return str(path)


async def test_somebody_signs_in_to_the_demo_application(
    app: FastAPI, api: Api
) -> None:
    person = await api.person()
    visitor = Visitor(app, "127.0.0.1")
    at = await visitor.submit("/demo/signin", page="/demo")
    at = await visitor.get(_below(at))
    flow = at.headers["location"].partition("?flow=")[2]
    at = await visitor.sign_in(person.email, PASSWORD, flow)
    at = await visitor.get(_below(at))  # /oauth2/resume
    at = await visitor.submit(_below(at), {"decision": "allow"})
    at = await visitor.get(_below(at))

    assert _below(at) == "/demo"
    assert str(person.id) in (await visitor.get("/demo")).text

    left = await visitor.submit("/demo/signout", page="/demo")
    assert _below(left).startswith("/oauth2/logout?")


async def test_every_link_of_every_section_leads_somewhere(
    app: FastAPI, api: Api
) -> None:
    person = await api.person(ADMIN_ROLE)
    visitor = Visitor(app, "127.0.0.1")
    signed_in = await visitor.sign_in(person.email, PASSWORD)
    assert signed_in.headers["location"].startswith("/team/auth/")
    met: set[str] = set()
    for page in ("/signin", "/account", "/account/security", "/admin", "/admin/users"):
        met |= await _links(visitor, page)
    for link in sorted(met):
        answer = await visitor.get(link)
        assert answer.status_code in (200, 303, 405), link
        where = urlsplit(answer.headers.get("location", "/team/auth/")).path
        assert where.startswith("/team/auth/"), link


@pytest.mark.parametrize("path", ["/signin", "/team/auth/signin"])
async def test_a_proxy_may_take_the_path_off_or_pass_it_on(
    root: AsyncClient, path: str
) -> None:
    page = await root.get(path, headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert 'action="/team/auth/signin"' in page.text


@pytest.mark.parametrize(
    "path",
    ["/team/authors", "/team", "/team/auth/team/auth/signin", "/TEAM/AUTH/signin"],
)
async def test_no_other_path_is_ours(root: AsyncClient, path: str) -> None:
    assert (await root.get(path)).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/team/auth/.well-known/openid-configuration",  # OIDC Discovery section 4
        "/.well-known/oauth-authorization-server/team/auth",  # RFC 8414 section 3.1
        "/.well-known/openid-configuration/team/auth",  # RFC 8414 section 5
    ],
)
async def test_metadata_stands_wherever_clients_look(
    root: AsyncClient, path: str
) -> None:
    answer = await root.get(path)
    assert answer.headers["access-control-allow-origin"] == "*"
    metadata = answer.json()
    assert metadata["issuer"] == ISSUER
    assert metadata["token_endpoint"] == f"{ISSUER}/oauth2/token"


async def test_metadata_of_another_path_is_nobodys(root: AsyncClient) -> None:
    path = "/.well-known/oauth-authorization-server/other"
    assert (await root.get(path)).status_code == 404


async def test_what_is_made_is_where_its_location_says(api: Api) -> None:
    admin = await api.admin()
    made = await api.client.post(
        "/api/v1/roles", json={"name": "support"}, headers=admin.headers
    )
    assert made.headers["location"] == "/team/auth/api/v1/roles/support"


async def test_the_document_says_where_the_api_is(root: AsyncClient) -> None:
    document = (await root.get("/team/auth/openapi.json")).json()
    assert document["servers"] == [{"url": "/team/auth"}]


def test_two_services_on_one_host_do_not_share_cookies() -> None:
    one = BrowserCookies("https://example.com/a")
    other = BrowserCookies("https://example.com/b")
    plain = BrowserCookies("https://example.com")
    nested = BrowserCookies("https://example.com/a/b")
    joined = BrowserCookies("https://example.com/a_b")
    names = ("session", "browser", "step", "remembered", "device")
    for name in names:
        each_of = (one, other, plain, nested, joined)
        assert len({getattr(each, name) for each in each_of}) == 5
        assert getattr(one, name).startswith("__Host-")


@pytest.mark.parametrize("path", ["/account", "/admin/x", "/api", "/oauth2/realm"])
def test_a_path_that_pages_of_ours_begin_with_is_refused(path: str) -> None:
    settings = Settings(
        public_url=f"http://localhost:8000{path}", secret_key=SECRET, jobs=False
    )
    with pytest.raises(SettingsError, match="choose another"):
        create_app(settings)


@pytest.mark.parametrize(
    "path", ["/a/../b", "/a//b", "/.well-known/x", "/a%2fb", "/a;b", "/a.b", "/ä"]
)
def test_a_path_that_proxies_read_differently_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="may hold a path"):
        Settings(public_url=f"https://example.com{path}", secret_key=SECRET)


@pytest.mark.parametrize("end", ["?", "#", "/?", "#/", "?x=1"])
def test_an_address_that_would_end_in_the_middle_of_a_link_is_refused(end: str) -> None:
    with pytest.raises(ValueError, match="must not hold a query"):
        Settings(public_url=f"https://example.com/auth{end}", secret_key=SECRET)


def test_a_host_is_written_as_browsers_send_it() -> None:
    with pytest.raises(ValueError, match="xn--"):
        Settings(public_url="https://bücher.example/auth", secret_key=SECRET)


def test_https_is_https_however_it_is_written() -> None:
    settings = Settings(public_url="HTTPS://example.com/auth/", secret_key=SECRET)
    assert settings.public_url == "https://example.com/auth"
    assert BrowserCookies(settings.public_url).session == "__Host-session_auth"


@pytest.mark.parametrize("base", ["/team/auth", "/te%61m/auth", "/team%2Fauth", ""])
async def test_a_path_is_the_same_with_letters_encoded(
    root: AsyncClient, api: Api, base: str
) -> None:
    """RFC 3986 §6.2.2.2: and what is encoded behind it stays so (``a%2Fb``)."""
    admin = await api.admin()
    body = {"client_id": "a/b", "redirect_uris": ["https://app.example/cb"]}
    made = await api.client.post("/api/v1/clients", json=body, headers=admin.headers)
    assert made.status_code == 201, made.text

    page = await root.get(f"{base}/signin", headers={"Accept": "text/html"})
    found = await root.get(f"{base}/api/v1/clients/a%2Fb", headers=admin.headers)

    assert (page.status_code, found.status_code) == (200, 200), found.text
    assert found.json()["client_id"] == "a/b"


def test_what_people_typed_is_no_link() -> None:
    typed = "<p>&lt;a href=&#34;/x&#34;&gt; href=/x</p>"
    assert links_under(typed, "/auth") == typed
    assert links_under('<a href="//other.example/">', "/auth") == (
        '<a href="//other.example/">'
    )


@pytest.mark.parametrize("moment", ["0; url=", "3;url="])
def test_a_page_that_leads_on_by_itself_stays_below_the_path(moment: str) -> None:
    page = f'<meta http-equiv="refresh" content="{moment}/verify?way=x">'
    assert f'content="{moment}/auth/verify?way=x"' in links_under(page, "/auth")
    elsewhere = page.replace("/verify", "https://shop.example/")
    assert links_under(elsewhere, "/auth") == elsewhere


@pytest.mark.parametrize(
    "path",
    [
        "oauth-authorization-server/team/auth",
        "openid-configuration/team/auth",
        "oauth-protected-resource/team/auth/api/v1",
    ],
)
async def test_scripts_of_other_sites_may_ask_there(
    root: AsyncClient, path: str
) -> None:
    """MCP clients send a header of their own, so that browsers ask first."""
    asked = await root.options(f"/.well-known/{path}")
    found = await root.get(f"/.well-known/{path}")

    assert asked.status_code == 204
    assert "MCP-Protocol-Version" in asked.headers["access-control-allow-headers"]
    assert found.status_code == 200
    assert found.headers["access-control-allow-origin"] == "*"


def test_the_base_alone_is_the_root() -> None:
    assert without_base("/auth", "/auth") == "/"
