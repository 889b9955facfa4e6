"""A browser, a real proxy, a real service and a program: what reaches the program."""

import asyncio
import base64
import json
import shutil
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from app.config import Settings
from app.core import jose
from app.policies.permission import ADMIN_ROLE
from app.services.server.runtime import Runtime, build_runtime
from tests.conftest import SECRET
from tests.factories.oauth import Application, ApplicationFactory
from tests.factories.user import UserFactory
from tests.forward_auth.conftest import protect
from tests.forward_auth.real.browser import (
    EMAIL,
    HTML,
    ISSUER,
    Browser,
    Stage,
    unchecked,
)
from tests.forward_auth.real.program import serving
from tests.forward_auth.real.proxies import NAME, PROGRAMS, proxied
from tests.servers.certificates import Authority
from tests.servers.ports import LOOPBACK
from tests.servers.service import running
from tests.support.api import PASSWORD
from tests.support.page import Page

_ADMIN = "root@example.org"
_OTHER = "lax.example.org"  # protected too, and everybody enters it
_SCRIPT = {"Accept": "*/*", "Sec-Fetch-Mode": "cors"}
_FORGED = {
    "X-Auth-Request-User": "root",
    "X-Auth-Request-Email": "root@example.com",
    "X-Auth-Request-Preferred-Username": "root",
    "X-Auth-Request-Groups": "admin",
    "X-Auth-Request-Roles": "admin",
    "X-Auth-Request-Jwt": "forged",
    "x-auth-request-USER": "root",
}


def _runtime(database: str) -> Runtime:
    values = {
        "database_url": database,
        "secret_key": SECRET,
        "jobs": False,
        "public_url": ISSUER,
    }
    return build_runtime(Settings.model_validate(values))


async def _people(database: str) -> tuple[str, Application]:
    runtime = _runtime(database)
    user = await UserFactory(runtime).with_password(PASSWORD, email=EMAIL)
    admin = {"email": _ADMIN, "roles": (ADMIN_ROLE,)}
    await UserFactory(runtime).with_password(PASSWORD, **admin)
    machine = await ApplicationFactory(runtime).machine()
    await runtime.close()
    return str(user.id), machine


async def _protect(database: str, host: str, machine: Application) -> None:
    runtime = _runtime(database)
    choices = {"open_paths": ["/public/"], "machines": [machine.client_id]}
    await protect(runtime, host, **choices)
    await protect(runtime, _OTHER, open_paths=["/"])
    await runtime.close()


@pytest.fixture(scope="module", params=PROGRAMS)
def stage(
    request: pytest.FixtureRequest,
    sqlite_template: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stage]:
    """A proxy, the service, a program; a browser is what each test brings."""
    which: str = request.param
    if PROGRAMS[which] is None:
        pytest.skip(f"{which} is not installed; make caddy, or CADDY")
    folder = tmp_path_factory.mktemp("stage")
    shutil.copy(sqlite_template, folder / "auth.db")
    database = f"sqlite:///{folder / 'auth.db'}"
    certificate = Authority.make(folder).certify(NAME)
    ada, machine = asyncio.run(_people(database))
    options = {
        "AUTH_SERVE_PUBLIC_URL": ISSUER,
        "AUTH_SERVE_TRUSTED_PROXIES": LOOPBACK,
    }
    with serving() as program, running(database, folder / "run", options) as service:
        at = urlsplit(service.url).port
        assert at is not None
        with proxied(which, program.server_port, at, certificate) as port:
            host = f"{NAME}:{port}"
            asyncio.run(_protect(database, host, machine))
            yield Stage(host, port, service, program, machine, ada)


@pytest.fixture
def browser(stage: Stage) -> Iterator[Browser]:
    """A browser that was never here."""
    browser = Browser(stage)
    stage.program.seen.clear()
    yield browser
    browser.http.close()


def _fields(answer: httpx2.Response) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, text in answer.json()["fields"]:
        found.setdefault(name, []).append(text)
    return found


def test_a_browser_signs_in_and_comes_back_to_where_it_was(
    stage: Stage, browser: Browser
) -> None:
    answer = browser.sign_in("/page?a=1&b=%2F")

    assert answer.status_code == 200
    assert answer.json()["path"] == "/page?a=1&b=%2F"
    fields = _fields(answer)
    assert fields["x-auth-request-user"] == [stage.ada]
    assert fields["x-auth-request-email"] == [EMAIL]
    assert fields["x-auth-request-roles"] == ["user"]
    [token] = fields["x-auth-request-jwt"]
    claims = jose.unverified_claims(token)
    assert claims["aud"] == f"https://{stage.host}" and claims["sub"] == stage.ada


def test_forged_fields_never_reach_the_program(browser: Browser) -> None:
    """T071: neither of who is signed in, nor where nobody has to be."""
    opened = browser.at("/public/a", headers=HTML | _FORGED)
    browser.sign_in()
    signed_in = browser.at("/", headers=HTML | _FORGED)

    for answer in (opened, signed_in):
        assert answer.status_code == 200
        for name, values in _fields(answer).items():
            assert not {"root", "root@example.com", "admin", "forged"} & set(
                values
            ), name
    told = {n for n, v in _fields(opened).items() if n.startswith("x-auth-") and v[0]}
    assert told == set()


def test_our_cookies_are_kept_from_the_program_and_its_own_are_not(
    browser: Browser,
) -> None:
    browser.sign_in()

    answer = browser.at("/", headers=HTML | {"Cookie": "theirs=1; other=a b"})

    sent = "; ".join(_fields(answer).get("cookie", []))
    assert "theirs=1" in sent and "other=a b" in sent
    assert "auth_serve" not in sent and "as_hs_" not in sent


@pytest.mark.parametrize(
    "lie",
    [
        {"X-Forwarded-Uri": "/public/a"},
        {"X-Forwarded-Method": "OPTIONS", "X-Forwarded-Uri": "/public/"},
        {"X-Forwarded-Host": "other.example"},
        {"X-Forwarded-Proto": "http"},
        {"Cookie": "__Host-auth_serve_host=as_hs_forged"},
    ],
)
def test_what_a_visitor_says_of_the_request_is_not_believed(
    stage: Stage, browser: Browser, lie: dict[str, str]
) -> None:
    answer = browser.at("/secret", headers=HTML | lie)

    assert answer.status_code in (302, 403), answer.text
    if answer.status_code == 302:
        assert answer.headers["location"].startswith(f"{ISSUER}/oauth2/authorize?")
    assert stage.program.seen == []


@pytest.mark.parametrize(
    "path",
    [
        *("/public/%2e%2e/secret", "/public/..%2fsecret", "/public/../secret"),
        *("/public//../secret", "/public/..;/secret", "/PUBLIC/a", "/public"),
    ],
)
def test_no_spelling_of_a_path_opens_what_is_closed(
    stage: Stage, browser: Browser, path: str
) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: {stage.host}\r\nAccept: text/html\r\n"

    with _connected(stage) as secure:
        secure.sendall(head.encode() + b"Connection: close\r\n\r\n")
        status = int(_head(secure).split()[1])

    assert status in (302, 400)
    assert stage.program.seen == []


@pytest.mark.parametrize("first", ["/secret", "https://{host}/secret"])
@pytest.mark.parametrize("own", ["{other}", "{host}, {other}", "{other}:443"])
def test_the_host_that_is_asked_about_is_the_one_that_is_served(
    stage: Stage, browser: Browser, first: str, own: str
) -> None:
    """Who may enter one host does not enter another in its name.

    Of a request that names two, nginx serves the one of the first line; and what names
    none that it knows is served by the first ``server`` of all.
    """
    names = {"host": stage.host, "other": _OTHER}
    head = f"GET {first.format(**names)} HTTP/1.1\r\nHost: {own.format(**names)}\r\n"

    with _connected(stage) as secure:
        secure.sendall(head.encode() + b"Connection: close\r\n\r\n")
        _head(secure)

    assert stage.program.seen == []


def test_scripts_and_other_methods_are_401_and_reach_nobody(
    stage: Stage, browser: Browser
) -> None:
    script = browser.at("/api", headers=_SCRIPT)
    posted = browser.at("/api", "POST", data={"a": "b"})

    for answer in (script, posted):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Cookie realm=")
    assert stage.program.seen == []
    browser.sign_in()
    assert browser.at("/api", "POST", data={"a": "b"}).json()["body"] == "a=b"


def test_a_websocket_is_for_who_is_signed_in(stage: Stage, browser: Browser) -> None:
    before, _, _ = _websocket(stage, {})
    browser.sign_in()
    status, user, echoed = _websocket(stage, browser.jars[stage.host])

    assert before == 401
    assert (status, user, echoed) == (101, stage.ada, b"hello")


def test_signing_out_at_the_host(stage: Stage, browser: Browser) -> None:
    browser.sign_in()

    page = browser.follow(browser.at("/.auth-serve/sign-out"))

    assert page.status_code == 200 and f"https://{stage.host}/" in page.text
    assert browser.at("/", headers=_SCRIPT).status_code == 401


def test_who_is_signed_out_elsewhere_is_out_with_the_next_request(
    stage: Stage, browser: Browser
) -> None:
    browser.sign_in()
    assert browser.at().status_code == 200
    page = browser.get(f"{ISSUER}/signout")
    hidden = {n: t["value"] or "" for n, t in Page(page.text).inputs.items() if n}
    origin = {"Origin": ISSUER, "Sec-Fetch-Site": "same-origin"}
    browser.get(f"{ISSUER}/signout", "POST", data=hidden, headers=HTML | origin)

    assert browser.at("/", headers=_SCRIPT).status_code == 401
    assert browser.at("/").status_code == 302


def test_who_may_not_enter_is_shown_why(stage: Stage, browser: Browser) -> None:
    _change(stage, roles=["admin"])
    try:
        page = browser.sign_in()
    finally:
        _change(stage, roles=None)

    assert page.status_code == 403 and "You may not use" in page.text
    assert "/.auth-serve/start" in page.text
    assert stage.program.seen == []


def _change(stage: Stage, **choices: Any) -> None:
    """Change the policy as an administrator does."""
    url = f"{stage.service.url}/api/v1"
    with httpx2.Client(trust_env=False, timeout=60) as http:
        body = {"email": _ADMIN, "password": PASSWORD}
        tokens = http.post(f"{url}/auth/login", json=body).json()
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        path = f"{url}/protected-hosts/{stage.host}"
        answer = http.patch(path, json=choices, headers=bearer)
    assert answer.status_code == 200, answer.text


def test_a_machine_comes_with_its_secret(stage: Stage, browser: Browser) -> None:
    let = browser.at("/", headers={"Accept": "*/*"} | stage.machine.basic)
    wrong = base64.b64encode(f"{stage.machine.client_id}:x".encode()).decode()
    refused = browser.at("/", headers={"Authorization": f"Basic {wrong}"})

    assert let.status_code == 200
    assert _fields(let)["x-auth-request-user"] == [stage.machine.client_id]
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Basic realm=")


def _websocket(stage: Stage, jar: dict[str, str]) -> tuple[int, str, bytes]:
    """Open one; return the status, whom the program saw, and what it echoed."""
    cookies = "; ".join(f"{name}={text}" for name, text in jar.items())
    head = (
        f"GET /socket HTTP/1.1\r\nHost: {stage.host}\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    )
    head += f"Cookie: {cookies}\r\n" if cookies else ""
    with _connected(stage) as secure:
        secure.sendall(head.encode() + b"\r\n")
        text = _head(secure)
        status = int(text.split()[1])
        if status != 101:
            return status, "", b""
        user = text.lower().partition("x-seen-user: ")[2].split("\r\n")[0]
        secure.sendall(b"hello")
        return status, user, secure.recv(5)


@contextmanager
def _connected(stage: Stage) -> Iterator[ssl.SSLSocket]:
    """Speak to the proxy without a library that tidies what is sent."""
    with socket.create_connection((LOOPBACK, stage.port), 10) as plain:
        with unchecked().wrap_socket(plain, server_hostname=NAME) as secure:
            yield secure


def _head(secure: ssl.SSLSocket) -> str:
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += secure.recv(4_096)
    return answer.decode("latin-1")


def test_the_answers_are_those_of_the_service(browser: Browser) -> None:
    """A host that nobody protects is refused by the real proxy as well."""
    answer = browser.at("/.auth-serve/nothing", headers=_SCRIPT)

    assert answer.status_code in (401, 404)
    assert json.loads(answer.text)["code"] in ("not_found", "unauthenticated")
