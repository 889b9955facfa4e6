"""The applications in ``examples/``, started as their readers start them."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
import requests

from tests.cli.test_cli import run
from tests.conftest import ROOT, SECRET
from tests.interop.browser import Browser, Page
from tests.servers.ports import LOOPBACK, free_port
from tests.servers.service import NO_LIMITS, Service, running
from tests.support.api import PASSWORD

EXAMPLES = ROOT / "examples"
SCOPES = '{"reports:write": "Write reports"}'
OPTIONS = NO_LIMITS | {
    "AUTH_SERVE_OAUTH__SCOPES": SCOPES,
    "AUTH_SERVE_PUBLIC_URL": "{url}",
    "AUTH_SERVE_REGISTRATION": "open",
}
COMMANDS = {
    "flask": ["flask", "--app", str(EXAMPLES / "flask/app.py"), "run"],
    "fastapi": ["uvicorn", "--app-dir", str(EXAMPLES / "fastapi"), "app:app"],
}
UNREACHABLE = ("EAI_AGAIN", "ECONNREFUSED", "ENETUNREACH", "ENOTFOUND", "ETIMEDOUT")


def _node(*programs: str) -> str | None:
    """Return what is missing for examples in JavaScript."""
    for program in programs:
        if not shutil.which(program):
            return f"{program} is not installed: apt-get install npm, as .ci/run does"
    version = subprocess.run(["node", "--version"], capture_output=True, check=True)
    major = int(version.stdout.decode().lstrip("v").partition(".")[0])
    return f"Node {major} is here, 20 is needed" if major < 20 else None


def _needs(*programs: str) -> pytest.MarkDecorator:
    """Leave out what needs a program that is not here: Python alone runs the suite."""
    missing = _node(*programs)
    return pytest.mark.skipif(missing is not None, reason=str(missing))


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> Iterator[Service]:
    """The service, one for all of the applications."""
    folder = tmp_path_factory.mktemp("examples")
    shutil.copy(sqlite_template, folder / "auth.db")
    with running(f"sqlite:///{folder}/auth.db", folder / "run", OPTIONS) as one:
        yield one


def _made(service: Service, *options: str) -> dict[str, str]:
    """Make a client by the command; return what its application finds around it."""
    with pytest.MonkeyPatch.context() as shell:
        database = f"sqlite:///{service.directory.parent}/auth.db"
        shell.setenv("AUTH_SERVE_DATABASE_URL", database)
        shell.setenv("AUTH_SERVE_SECRET_KEY", SECRET)
        shell.setenv("AUTH_SERVE_OAUTH__SCOPES", SCOPES)
        done = run("client", "create", "--name", "Shop", "--json", *options)
    made: dict[str, Any] = json.loads(done.stdout)
    secret = made.get("client_secret", "")
    named = {"ISSUER": service.url, "CLIENT_ID": made["client_id"]}
    return {**named, "CLIENT_SECRET": secret, "SESSION_SECRET": "a-secret" * 8}


@contextmanager
def _started(
    command: list[str], environment: Mapping[str, str], url: str, log: Path
) -> Iterator[None]:
    """Start an application and wait until it answers."""
    surroundings = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=log.parent,
            env={**surroundings, **environment, "BASE_URL": url},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        for _ in range(600):
            assert process.poll() is None, log.read_text()
            try:
                requests.get(url, timeout=30)
                break
            except requests.ConnectionError:
                time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()


def _command(name: str, folder: Path, port: int) -> list[str]:
    """Return what starts an example, once its libraries are there."""
    if name in COMMANDS:
        return [sys.executable, "-m", *COMMANDS[name], "--port", str(port)]
    for one in (EXAMPLES / name).glob("*.js*"):
        shutil.copy(one, folder)
    command = ["npm", "ci", "--prefer-offline", "--no-audit", "--no-fund"]
    command += ["--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    # Left out for want of a registry alone, as the pooler's tests are without one:
    # whoever has no network still runs the suite. Any other failure is one.
    if done.returncode and any(code in done.stderr for code in UNREACHABLE):
        pytest.skip(f"npm cannot reach its registry: {done.stderr[:200]}")
    assert done.returncode == 0, done.stderr
    return ["node", "app.js"]


@dataclass
class Shop:
    """One of the web applications, and somebody with an account before it."""

    url: str
    email: str
    browser: Browser

    def arrive(self) -> Page:
        """Go from the application's front page to the service, and sign in there."""
        page = self.browser.open(self.url + "/")
        assert '<a href="/login">Sign in</a>' in page.text
        page = self.browser.open(self.url + "/login")
        assert page.path == "/signin", page.text
        typed = {"email": self.email, "password": PASSWORD}
        return self.browser.press(page, "Sign in", **typed)


@pytest.fixture(
    scope="module",
    params=[*COMMANDS, pytest.param("express", marks=_needs("node", "npm"))],
)
def application(
    request: pytest.FixtureRequest,
    service: Service,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """Where a web application listens, on the very host that the service is on."""
    port = free_port()
    url = f"http://{LOOPBACK}:{port}"
    environment = _made(
        service,
        *("--redirect-uri", f"{url}/callback"),
        *("--post-logout-redirect-uri", f"{url}/"),
    )
    folder = tmp_path_factory.mktemp(request.param)
    command = _command(request.param, folder, port)
    environment["PORT"] = str(port)
    with _started(command, environment, url, folder / "log"):
        yield url


@pytest.fixture
def email(service: Service) -> str:
    """The address of a new person with an account."""
    email = f"ann-{uuid4().hex[:12]}@example.com"
    answer = requests.post(
        f"{service.url}/api/v1/auth/register",
        json={"email": email, "password": PASSWORD, "name": "Ann & Bo"},
        timeout=30,
    )
    assert answer.status_code == 201, answer.text
    return email


@pytest.fixture
def shop(service: Service, application: str, email: str) -> Iterator[Shop]:
    """An application, and a new person before it."""
    with Browser(service.url, application) as browser:
        yield Shop(application, email, browser)


def test_a_person_signs_in_sees_a_profile_and_signs_out(shop: Shop) -> None:
    page = shop.browser.press(shop.arrive(), "Allow")

    assert page.url == shop.url + "/"
    assert "Hello Ann & Bo" in unescape(page.text) and shop.email in page.text
    assert "Ann & Bo" not in page.text
    page = shop.browser.press(page, "Sign out")
    assert page.url.startswith(shop.url + "/"), page.text
    assert shop.email not in page.text
    shop.arrive()  # at the service, too: it asks for the password


def test_a_person_who_does_not_agree_is_told_so(shop: Shop) -> None:
    page = shop.browser.press(shop.arrive(), "Deny")

    assert (page.path, page.status) == ("/callback", 403)
    assert "Signing in did not work" in page.text and "access_denied" in page.text
    assert '<a href="/login">Try again</a>' in page.text
    assert '<a href="/login">Sign in</a>' in shop.browser.open(shop.url).text


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?code=x&state=y",
        "?error=a%3Cb%3E&error_description=%3Cscript%3E",
        "?code=x&code=y&state=&iss=http://elsewhere",
    ],
)
def test_an_answer_that_was_not_asked_for_is_a_page(shop: Shop, query: str) -> None:
    page = shop.browser.open(f"{shop.url}/callback{query}")

    assert page.status == 403
    assert "Signing in did not work" in page.text
    assert "<script>" not in page.text and "<b>" not in page.text


def test_a_stranger_s_link_signs_nobody_out(shop: Shop) -> None:
    """Anybody can lead a browser to the callback; the session is the person's own."""
    shop.browser.press(shop.arrive(), "Allow")

    for query in ("?error=x&error_description=Call+us", "?code=x&state=y"):
        assert shop.browser.open(f"{shop.url}/callback{query}").status == 403

    assert shop.email in shop.browser.open(shop.url).text


@dataclass
class Board:
    """The single-page application in a tab, and the same browser at the service."""

    home: str
    email: str
    browser: Browser
    tab: subprocess.Popen[str]

    def do(self, **step: Any) -> dict[str, Any]:
        """Open an address, press a button or let time go by; return what is seen."""
        assert self.tab.stdin is not None and self.tab.stdout is not None
        self.tab.stdin.write(json.dumps(step) + "\n")
        self.tab.stdin.flush()
        seen: dict[str, Any] = json.loads(self.tab.stdout.readline())
        return seen

    def arrive(self) -> Page:
        """Go from the application to the service, and sign in there."""
        assert self.do(open=self.home)["seen"] == ["sign-in"]
        page = self.browser.open(self.do(press="sign-in")["leftFor"])
        assert page.path == "/signin", page.text
        typed = {"email": self.email, "password": PASSWORD}
        return self.browser.press(page, "Sign in", **typed)

    def sign_in(self) -> dict[str, Any]:
        """Come back from the service."""
        self.browser.press(self.arrive(), "Allow")
        return self.do(open=self.browser.left_for)


@pytest.fixture(scope="module")
def board_url(
    service: Service, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Where the single-page application is served, its two attributes filled in."""
    folder = tmp_path_factory.mktemp("spa")
    home = f"http://{LOOPBACK}:{free_port()}/"
    redirects = ("--redirect-uri", home, "--post-logout-redirect-uri", home)
    made = _made(service, "--spa", *redirects)
    shutil.copy(EXAMPLES / "spa/app.js", folder)
    page = (EXAMPLES / "spa/index.html").read_text()
    page = page.replace('"http://localhost:8000"', json.dumps(service.url))
    page = page.replace('"client-..."', json.dumps(made["CLIENT_ID"]))
    (folder / "index.html").write_text(page)
    port = home.rstrip("/").rpartition(":")[2]
    command = [sys.executable, "-m", "http.server", "--bind", LOOPBACK, port]
    with _started(command, {}, home, folder / "log"):
        yield home


@pytest.fixture
def board(service: Service, board_url: str, email: str) -> Iterator[Board]:
    """A tab without anything, and a new person before it."""
    command = ["node", str(Path(__file__).with_name("page.mjs"))]
    pipe = subprocess.PIPE
    with (
        Browser(service.url) as browser,
        subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as tab,
    ):
        yield Board(board_url, email, browser, tab)


@_needs("node")
def test_a_page_signs_in_refreshes_and_signs_out(board: Board) -> None:
    seen = board.sign_in()

    assert "Hello Ann & Bo" in seen["text"] and board.email in seen["text"]
    assert (seen["url"], seen["kept"]) == (board.home, [])
    assert "refresh_token" not in board.do(press="look")["requests"]
    for _ in range(2):
        seen = board.do(press="look", later=290)
        assert "refresh_token" in seen["requests"] and board.email in seen["text"]
    board.browser.open(board.do(press="sign-out")["leftFor"])
    assert board.browser.left_for.startswith(board.home)
    assert board.email not in board.do(open=board.browser.left_for)["text"]
    board.arrive()  # at the service, too: it asks for the password


@_needs("node")
def test_a_page_says_that_the_person_did_not_agree(board: Board) -> None:
    board.browser.press(board.arrive(), "Deny")
    seen = board.do(open=board.browser.left_for)

    assert "You are not signed in" in seen["text"] and "access_denied" in seen["text"]
    assert (seen["url"], seen["seen"]) == (board.home, ["sign-in"])


@_needs("node")
def test_a_page_takes_an_answer_once_and_from_the_service_only(board: Board) -> None:
    board.browser.press(board.arrive(), "Allow")
    answer = board.browser.left_for
    board.do(open=answer)
    again = board.do(open=answer)
    begun = parse_qs(urlsplit(board.do(press="sign-in")["leftFor"]).query)
    mine = f"{board.home}?code=x&state={begun['state'][0]}"
    elsewhere = board.do(open=f"{mine}&iss=http://elsewhere")
    foreign = board.do(open=f"{board.home}?code=x&state=y")

    for seen in (again, elsewhere, foreign):
        assert "You are not signed in" in seen["text"], seen
        assert "authorization_code" not in seen["requests"]
        assert seen["seen"] == ["sign-in"]


def test_the_machine_gets_a_token(service: Service) -> None:
    environment = _made(service, "--machine", "--scope", "reports:write")

    done = subprocess.run(
        [sys.executable, EXAMPLES / "machine/machine.py"],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.stdout == "Bearer for reports:write, 300 seconds\n", done.stderr
