"""A live provider on a real port, and a person with an account there."""

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from app.config import Settings
from app.services.clients.registration import OAuthRegistrationService
from app.services.server.runtime import build_runtime
from tests.conftest import SECRET
from tests.interop.browser import Browser, Page
from tests.servers.http import HttpServer
from tests.servers.postgres import create_database, drop_database
from tests.servers.service import NO_LIMITS, running
from tests.support.api import PASSWORD
from tests.support.engines import ENGINES

ADMIN = "admin@example.com"
_OPTIONS = NO_LIMITS | {
    "AUTH_SERVE_PUBLIC_URL": "{url}",
    "AUTH_SERVE_REGISTRATION": "open",
    "AUTH_SERVE_OAUTH__REGISTRATION": "open",
    "AUTH_SERVE_OAUTH__SCOPES": '{"orders:read": "See your orders"}',
    "AUTH_SERVE_RESOURCES": '[{"identifier": "http://localhost:3000/mcp", '
    '"access": "any", "scopes": {"orders:read": "See your orders"}}]',
    "AUTH_SERVE_JOBS": "true",
    "AUTH_SERVE_ADMIN__EMAIL": ADMIN,
    "AUTH_SERVE_ADMIN__PASSWORD": PASSWORD,
    # Where the applications of these tests listen for logout notices.
    "AUTH_SERVE_OUTBOUND__ALLOWED_HOSTS": "127.0.0.1",
}


@dataclass
class Provider:
    """A running provider.

    Attributes:
        issuer: Where it listens, and what it calls itself.
        metadata: What it publishes about itself.
        token: What clients register with, so that somebody vouches for them.
    """

    issuer: str
    metadata: dict[str, Any]
    token: str

    def register(self, **members: Any) -> dict[str, Any]:
        """Register an application as RFC 7591 has it; return what came back."""
        url = self.metadata["registration_endpoint"]
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = requests.post(url, json=members, headers=headers, timeout=30)
        assert answer.status_code == 201, answer.text
        client: dict[str, Any] = answer.json()
        return client

    def create(self, **members: Any) -> dict[str, Any]:
        """Create an application as an administrator does; return what came back."""
        answer = self.call("POST", "/clients", self.sign_in(ADMIN), members)
        client: dict[str, Any] = answer.json()
        return client

    def sign_in(self, email: str, code: str = "") -> str:
        """Return an access token by API, with the code of an app where one is due."""
        body = {"email": email, "password": PASSWORD}
        answer = self._send("POST", "/auth/login", "", body)
        if code:
            step = {"mfa_token": answer.json()["mfa_token"], "factor": "totp"}
            answer = self._send("POST", "/auth/mfa", "", step | {"code": code})
        assert answer.ok, answer.text
        token: str = answer.json()["access_token"]
        return token

    def call(
        self, method: str, path: str, token: str, body: Any = None
    ) -> requests.Response:
        """Call the JSON API, which has to agree."""
        answer = self._send(method, path, token, body)
        assert answer.ok, answer.text
        return answer

    def _send(self, method: str, path: str, token: str, body: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{self.issuer}/api/v1{path}"
        return requests.request(method, url, json=body, headers=headers, timeout=30)


@dataclass
class Ann:
    """A person with an account."""

    email: str
    user_id: str

    def sign_in(self, browser: Browser, page: Page) -> Page:
        """Type address and password where the browser was led."""
        assert page.path == "/signin", page.text
        return browser.press(page, "Sign in", email=self.email, password=PASSWORD)


@pytest.fixture(scope="package", params=ENGINES)
def provider(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Provider]:
    """A live provider, on either database; people and clients differ by test."""
    folder: Path = tmp_path_factory.mktemp("provider")
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "auth.db")
        url = f"sqlite:///{folder}/auth.db"
        with running(url, folder / "run", _OPTIONS) as one:
            yield _discovered(one.url, asyncio.run(_initial_token(url)))
        return
    server: str = request.getfixturevalue("postgres_url")
    template: str = request.getfixturevalue("postgres_template")
    name = f"interop_{uuid4().hex}"
    asyncio.run(create_database(server, name, template))
    url = f"{server.rpartition('/')[0]}/{name}"
    with running(url, folder / "run", _OPTIONS) as one:
        yield _discovered(one.url, asyncio.run(_initial_token(url)))
    asyncio.run(drop_database(server, name))


async def _initial_token(url: str) -> str:
    """Do as ``client registration-token`` does."""
    settings = {"database_url": url, "secret_key": SECRET, "jobs": False}
    runtime = build_runtime(Settings.model_validate(settings))
    async with runtime.unit_of_work() as uow:
        token = await OAuthRegistrationService(uow, runtime).issue_token(3_600)
    await runtime.close()
    return token


def _discovered(issuer: str, token: str) -> Provider:
    """Discover as a client must (OIDC Discovery §4.3): by the very same name."""
    found = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=30)
    metadata = found.json()
    assert metadata["issuer"] == issuer
    return Provider(issuer, metadata, token)


@pytest.fixture
def ann(provider: Provider) -> Ann:
    """A new person."""
    email = f"ann-{uuid4().hex[:12]}@example.com"
    answer = requests.post(
        f"{provider.issuer}/api/v1/auth/register",
        json={"email": email, "password": PASSWORD, "name": "Ann"},
        timeout=30,
    )
    assert answer.status_code == 201, answer.text
    return Ann(email, answer.json()["id"])


@pytest.fixture
def browser(provider: Provider) -> Iterator[Browser]:
    """Ann's browser."""
    with Browser(provider.issuer) as browser:
        yield browser


@pytest.fixture
def application() -> Iterator[HttpServer]:
    """Where an application listens."""
    with HttpServer() as server:
        yield server
