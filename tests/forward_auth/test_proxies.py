"""Who may ask, and what is believed of what they say."""

from base64 import b64encode
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient

from app.services.forward_auth.open_path import is_open
from app.services.forward_auth.original import (
    Unclear,
    canonical_host,
    read_forwarded,
)
from app.services.server.runtime import Runtime
from tests.factories.oauth import ApplicationFactory
from tests.forward_auth.conftest import (
    BROWSER,
    ISSUER,
    PROXY,
    SCRIPT,
    SHOP,
    STRANGER,
    WIKI,
    Proxied,
    protect,
)

ABOUT = {
    "X-Forwarded-Host": WIKI,
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Uri": "/",
    "X-Forwarded-Method": "GET",
}


def _from(app: FastAPI, address: str | None) -> AsyncClient:
    # None is what a Unix socket has, and the type does not know it.
    client: Any = (address, 40_000) if address else None
    transport = ASGITransport(app=app, client=client)
    return AsyncClient(transport=transport, base_url=ISSUER)


@pytest.mark.parametrize("address", [STRANGER, "127.0.0.1", None])
@pytest.mark.parametrize("path", ["", "/nginx", "/envoy/"])
async def test_only_a_trusted_proxy_is_answered(
    app: FastAPI, proxied: Proxied, address: str | None, path: str
) -> None:
    async with _from(app, address) as http:
        fields = BROWSER | ABOUT | {"X-Forwarded-For": PROXY}
        answer = await http.get(f"/forward-auth{path}", headers=fields)

    assert answer.status_code == 403
    assert answer.json()["code"] == "proxy_not_trusted"


@pytest.mark.parametrize("missing", ABOUT)
@pytest.mark.parametrize("path", ["", "/nginx"])
async def test_what_the_proxy_leaves_out_is_refused(
    app: FastAPI, proxied: Proxied, missing: str, path: str
) -> None:
    fields = {name: text for name, text in ABOUT.items() if name != missing}
    async with _from(app, PROXY) as http:
        answer = await http.get(f"/forward-auth{path}", headers=BROWSER | fields)

    assert answer.status_code == 403
    assert answer.json()["code"] == "unclear_forwarded_request"


@pytest.mark.parametrize("twice", ABOUT)
async def test_what_is_there_twice_is_refused(
    app: FastAPI, proxied: Proxied, twice: str
) -> None:
    lines = [*(BROWSER | ABOUT).items(), (twice, ABOUT[twice])]
    async with _from(app, PROXY) as http:
        answer = await http.get("/forward-auth", headers=lines)

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Forwarded-Host", f"evil.example, {WIKI}"),
        ("X-Forwarded-Host", f"{WIKI}, {WIKI}"),
        ("X-Forwarded-Host", f"user@{WIKI}"),
        ("X-Forwarded-Host", f"{WIKI}/path"),
        ("X-Forwarded-Host", f"{WIKI}:99999"),
        ("X-Forwarded-Host", f"{WIKI}:{'4' * 5_000}"),
        ("X-Forwarded-Host", f"{WIKI}:{'0' * 5_000}443"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Host", f"{WIKI}:8443"),
        ("X-Forwarded-Proto", "http"),
        ("X-Forwarded-Proto", "https,http"),
        ("X-Forwarded-Proto", "javascript"),
        ("X-Forwarded-Uri", "https://evil.example/"),
        ("X-Forwarded-Uri", "page"),
        ("X-Forwarded-Uri", "/a b"),
        ("X-Forwarded-Uri", "/" + "a" * 9_000),
        ("X-Forwarded-Method", "GET, POST"),
        ("X-Forwarded-Method", ""),
    ],
)
async def test_what_is_malformed_or_not_ours_is_refused(
    app: FastAPI, proxied: Proxied, name: str, value: str
) -> None:
    async with _from(app, PROXY) as http:
        fields = BROWSER | ABOUT | {name: value}
        answer = await http.get("/forward-auth", headers=fields)

    assert answer.status_code == 403, answer.headers


@pytest.mark.parametrize("host", [WIKI.upper(), f"{WIKI}:443"])
async def test_a_host_is_found_however_it_is_spelled(
    proxied: Proxied, host: str
) -> None:
    answer = await proxied.get("/", forwarded={"X-Forwarded-Host": host}, **SCRIPT)

    assert answer.status_code == 401


async def test_a_websocket_is_https_too(proxied: Proxied) -> None:
    answer = await proxied.get("/", forwarded={"X-Forwarded-Proto": "wss"}, **SCRIPT)

    assert answer.status_code == 401


@pytest.mark.parametrize(
    "fields",
    [
        {"Upgrade": "h2c"},
        {"Upgrade": "websocket, H2C-14"},
        {"Upgrade": "HTTP/2.0"},
        {"Upgrade": "TLS/1.2"},
        {"HTTP2-Settings": "AAMAAABkAAQAAP__"},
    ],
    ids=str,
)
@pytest.mark.parametrize("at", ["/forward-auth", "/forward-auth/nginx"])
async def test_nobody_goes_on_in_an_http_that_no_proxy_asks_about(
    proxied: Proxied, runtime: Runtime, at: str, fields: dict[str, str]
) -> None:
    """On it, who was let through to an open path would ask for all others."""
    await protect(runtime, SHOP, open_paths=["/public/"])
    proxied.host = SHOP

    let = await proxied.get("/public/a", at=at, Upgrade="websocket")
    refused = await proxied.get("/public/a", at=at, **fields)

    assert let.status_code == 200
    assert refused.status_code == 403
    assert refused.json()["code"] == "unclear_forwarded_request"


async def test_answers_set_no_policy_for_other_hosts(proxied: Proxied) -> None:
    """HSTS "includeSubDomains" would be said in the name of the host."""
    answer = await proxied.get("/")
    own = await proxied.http.get("/health")

    assert "strict-transport-security" not in answer.headers
    assert "strict-transport-security" in own.headers
    assert answer.headers["cache-control"] == "no-store"


async def test_envoy_asks_with_the_path_of_the_request(
    app: FastAPI, proxied: Proxied, runtime: Runtime
) -> None:
    await protect(runtime, SHOP, open_paths=["/public/"])
    fields = {"Host": SHOP, "X-Forwarded-Proto": "https", "Accept": "text/html"}
    lies = {"X-Forwarded-Host": WIKI, "X-Forwarded-Uri": "/public/"}
    async with _from(app, PROXY) as http:
        opened = await http.get("/forward-auth/envoy/public/a?b=1", headers=fields)
        led = await http.get("/forward-auth/envoy/a?b=1", headers=fields | lies)
        posted = await http.post("/forward-auth/envoy/a", headers=fields)
        encoded = await http.get("/forward-auth/envoy/public/%2e%2e/a", headers=fields)

    assert opened.status_code == 200
    assert led.status_code == 302
    assert SHOP in led.headers["location"]
    assert posted.status_code == 401
    assert encoded.status_code == 302


async def test_a_machine_comes_with_its_secret(
    proxied: Proxied, runtime: Runtime, applications: ApplicationFactory
) -> None:
    machine, other = await applications.machine(), await applications.machine()
    await protect(runtime, SHOP, machines=[machine.client_id])
    wrong = f"{machine.client_id}:wrong".encode()
    guessed = {"Authorization": f"Basic {b64encode(wrong).decode()}"}
    proxied.host = SHOP

    let = await proxied.get("/", "POST", Accept="*/*", **machine.basic)
    told = dict(proxied.told)
    refused = await proxied.get("/", "POST", Accept="*/*", **guessed)
    foreign = await proxied.get("/", "POST", Accept="*/*", **other.basic)
    proxied.host = WIKI
    elsewhere = await proxied.get("/", "POST", Accept="*/*", **machine.basic)

    assert let.status_code == 200
    assert told["user"] == machine.client_id
    assert told["email"] == told["roles"] == ""
    assert refused.status_code == 401
    assert foreign.status_code == 403
    assert elsewhere.status_code == 401


async def test_a_browser_is_never_told_of_basic(
    proxied: Proxied, runtime: Runtime, applications: ApplicationFactory
) -> None:
    """It would open a window that asks people for a password."""
    machine = await applications.machine()
    await protect(runtime, SHOP, machines=[machine.client_id])
    proxied.host = SHOP
    about = ABOUT | {"X-Forwarded-Host": SHOP}

    script = await proxied.get("/", **SCRIPT)
    program = await proxied.http.get("/forward-auth", headers=about)

    assert script.headers["www-authenticate"].startswith("Cookie ")
    assert program.headers["www-authenticate"] == f'Basic realm="{SHOP}"'


OPEN = ("/public/", "/robots.txt", "/")


@pytest.mark.parametrize(
    "path",
    [
        *("/public/../admin", "/public/..", "/public/./x", "/public//x", "//public/"),
        *("/public/%2e%2e/x", "/public/%2Fx", "/public/%5cx", "/public/..%2fx"),
        *("/public/..;/x", "/public;a=b/x", "/public/x;y", "/public\\..\\x"),
        *("/public/%252e", "/public/%c0%ae/x", "/public/a%20b", "/public/é"),
        *("/PUBLIC/x", "/public", "/robots.txt/", "/robots.txtx", ""),
    ],
)
def test_what_two_could_read_differently_is_not_open(path: str) -> None:
    assert not is_open(path, OPEN[:2])


@pytest.mark.parametrize(
    "path", ["/public/", "/public/a/b.css", "/public/a..b", "/robots.txt"]
)
def test_what_everybody_reads_alike_is_open(path: str) -> None:
    assert is_open(path, OPEN[:2])


def test_the_root_may_open_all_that_is_plain() -> None:
    assert is_open("/anything", OPEN[2:])
    assert not is_open("/any/%2e", OPEN[2:])


@pytest.mark.parametrize(
    "host", ["", ".", "a..b", "-", "a b", "[::1", "a:b", "é.de", "a:１", "a:000443"]
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(Unclear):
        canonical_host(host, is_secure=True)


def test_addresses_are_hosts_too() -> None:
    assert canonical_host("[2001:DB8::1]:8443", is_secure=True) == "[2001:db8::1]:8443"
    assert canonical_host("127.0.0.1:80", is_secure=False) == "127.0.0.1"


def test_a_request_without_fields_is_unclear() -> None:
    with pytest.raises(Unclear, match="x-forwarded-host is missing"):
        read_forwarded({})
