"""The official SDK's client and server, found from a 401 to a refreshed token.

Real processes and real HTTP: an authorization server, an MCP server, a site with a
document, and the SDK's client with a person at a browser.
"""

import asyncio
import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import jwt
import pytest
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import AnyUrl

from tests.interop.browser import Browser
from tests.mcp.documents import PATH
from tests.servers.certificates import Authority
from tests.servers.http import HttpServer
from tests.servers.service import NO_LIMITS, running
from tests.support.api import PASSWORD

ADMIN = "admin@example.com"
CALLBACK = "http://127.0.0.1:41897/callback"  # nobody listens: the browser stops there
METADATA = OAuthClientMetadata(
    client_name="Editor",
    redirect_uris=[AnyUrl(CALLBACK)],
    token_endpoint_auth_method="none",
)


@dataclass
class Storage:
    """What the client keeps of its authorization."""

    tokens: list[OAuthToken] = field(default_factory=list)
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        """Return the tokens of last time."""
        return self.tokens[-1] if self.tokens else None

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep tokens."""
        self.tokens.append(tokens)

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """Return who the client is."""
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Keep who the client is."""
        self.client = client_info


@dataclass
class World:
    """Where everything is."""

    issuer: str
    server: str
    document: str
    token: str

    def call(self, method: str, path: str, body: Any) -> Any:
        """Call the JSON API as the administrator."""
        answer = httpx2.request(
            method,
            f"{self.issuer}/api/v1{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.token}"} if self.token else {},
            timeout=30,
        )
        assert answer.is_success, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def world(
    sqlite_template: Path,
    tmp_path_factory: pytest.TempPathFactory,
    authority: Authority,
    certificate: Path,
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("mcp")
    shutil.copy(sqlite_template, folder / "auth.db")
    options = NO_LIMITS | {
        "AUTH_SERVE_PUBLIC_URL": "{url}",
        "AUTH_SERVE_MCP__ENABLED": "true",
        "AUTH_SERVE_ADMIN__EMAIL": ADMIN,
        "AUTH_SERVE_ADMIN__PASSWORD": PASSWORD,
        "AUTH_SERVE_OUTBOUND__ALLOWED_HOSTS": "localhost",
        "AUTH_SERVE_OUTBOUND__CA_FILE": str(authority.file),
    }
    site = HttpServer(certificate=certificate)
    url = f"sqlite:///{folder}/auth.db"
    with site, running(url, folder / "auth", options) as auth:
        said = {
            "client_id": site.url + PATH,
            "client_name": "Editor",
            "redirect_uris": ["http://127.0.0.1/callback"],
        }
        body, kind = json.dumps(said).encode(), {"Content-Type": "application/json"}
        site.handler = lambda *_: (200, kind, body)
        program = {"ISSUER": auth.url, "RESOURCE": "{url}/mcp"}
        with running(
            url, folder / "server", program, program=("tests.mcp.server",)
        ) as server:
            made = World(auth.url, f"{server.url}/mcp", site.url + PATH, "")
            login = {"email": ADMIN, "password": PASSWORD}
            made.token = made.call("POST", "/auth/login", login)["access_token"]
            resource = {
                "identifier": made.server,
                "name": "Orders",
                "access": "any",
                "scopes": {"orders:read": "See your orders"},
            }
            made.call("POST", "/resources", resource)
            yield made


class Person:
    """Somebody at a browser whom the client sends to sign in."""

    def __init__(self, issuer: str) -> None:
        """Know nobody yet."""
        self.issuer, self.asked, self.consent = issuer, "", ""
        self._came_back: dict[str, list[str]] = {}

    async def go(self, url: str) -> None:
        """Sign in and allow, in a thread as a browser is elsewhere."""
        await asyncio.to_thread(self._go, url)

    def _go(self, url: str) -> None:
        with Browser(self.issuer) as browser:
            page = browser.open(url)
            page = browser.press(page, "Sign in", email=ADMIN, password=PASSWORD)
            self.asked, self.consent = url, page.text
            browser.press(page, "Allow")
            self._came_back = parse_qs(urlsplit(browser.left_for).query)

    async def came_back(self) -> AuthorizationCodeResult:
        """Return what the browser brought to the client."""
        return AuthorizationCodeResult(
            **{name: self._came_back[name][0] for name in ("code", "state", "iss")}
        )


async def use(
    world: World, storage: Storage, document: str | None, version: str = "2026-07-28"
) -> Person:
    """Call a tool, have the token expire, and call it again."""
    person = Person(world.issuer)
    auth = OAuthClientProvider(
        world.server, METADATA, storage, person.go, person.came_back, document
    )
    async with httpx2.AsyncClient(auth=auth, timeout=30, trust_env=False) as http:
        transport = streamable_http_client(world.server, http_client=http)
        mode = "auto" if version in MODERN_PROTOCOL_VERSIONS else "legacy"
        async with Client(transport, mode=mode) as client:
            assert client.protocol_version == version
            first = await client.call_tool("orders", {"of": "Ann"})
            auth.context.token_expiry_time = time.time() - 1
            second = await client.call_tool("orders", {"of": "Bob"})
    assert "no orders of Ann" in str(first.content)
    assert "no orders of Bob" in str(second.content)
    return person


def said(token: OAuthToken) -> dict[str, Any]:
    """Return the claims of an access token."""
    claims: dict[str, Any] = jwt.decode(
        token.access_token, options={"verify_signature": False}
    )
    return claims


def check_tokens(world: World, storage: Storage, client_id: str) -> None:
    """Hold both tokens to the one API, and to the client."""
    first, second = map(said, storage.tokens)
    assert first["aud"] == second["aud"] == world.server
    assert first["client_id"] == second["client_id"] == client_id
    assert first["scope"] == second["scope"] == "orders:read"
    assert first["jti"] != second["jti"]


def sent(person: Person) -> dict[str, str]:
    """Return what the client asked for."""
    return {n: v[0] for n, v in parse_qs(urlsplit(person.asked).query).items()}


async def test_a_client_is_known_by_its_document(world: World) -> None:
    storage = Storage()

    person = await use(world, storage, world.document)

    check_tokens(world, storage, world.document)
    assert sent(person)["client_id"] == world.document
    assert sent(person)["resource"] == world.server
    assert "orders:read" in sent(person)["scope"]
    assert "Any program on your device can pretend to be it" in person.consent
    domain = world.document.removeprefix("https://").removesuffix(PATH)
    assert f"<strong><bdi>{domain}</bdi></strong>" in person.consent


async def test_a_client_registers_itself(world: World) -> None:
    storage = Storage()

    await use(world, storage, None)

    assert storage.client is not None and storage.client.client_id is not None
    assert storage.client.client_id.startswith("client-")
    assert storage.client.client_secret is None
    check_tokens(world, storage, storage.client.client_id)


async def test_a_client_that_is_registered_already_is_used(world: World) -> None:
    body = {
        "client_name": "Registered",
        "redirect_uris": [CALLBACK],
        "application_type": "native",
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "resources": {world.server: ["orders:read"]},
    }
    made = world.call("POST", "/clients", body)
    known = OAuthClientInformationFull(
        client_id=made["client_id"],
        redirect_uris=[AnyUrl(CALLBACK)],
        token_endpoint_auth_method="none",
        issuer=world.issuer,
    )
    storage = Storage(client=known)

    await use(world, storage, None)

    check_tokens(world, storage, made["client_id"])


@pytest.mark.parametrize("version", ["2025-11-25", "2025-06-18", "2025-03-26"])
async def test_a_client_of_an_earlier_version_registers_itself(
    world: World, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """What it offers in its handshake is all that makes the SDK one of that time."""
    monkeypatch.setattr("mcp.client.session.LATEST_HANDSHAKE_VERSION", version)
    storage = Storage()

    await use(world, storage, None, version)

    assert storage.client is not None and storage.client.client_id is not None
    check_tokens(world, storage, storage.client.client_id)
