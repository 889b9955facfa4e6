"""Registrations as programs send them: what they become, and what they can do then.

Bodies and fields are those of the programs themselves: Visual Studio Code
(``src/vs/base/common/oauth.ts``), the MCP inspector 0.15.0 and SDK 1.32.2 (npm);
Claude, Claude Code and Cursor as their users report them.
"""

from typing import Any

import pytest
from httpx2 import AsyncClient

from app.config import Settings
from app.services.server.runtime import Runtime
from tests.factories.oauth import Application
from tests.support.oauth import Protocol
from tests.support.registration import WEB, manage, options_of, refused, register, seen

ALL = "openid profile email address phone offline_access orders:read"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
BOTH = ["authorization_code", "refresh_token"]
CURSOR = "cursor://anysphere.cursor-mcp/oauth/callback"
VSCODE: dict[str, Any] = {
    "client_name": "Visual Studio Code",
    "client_uri": "https://code.visualstudio.com",
    "grant_types": [*BOTH, DEVICE],
    "response_types": ["code"],
    "redirect_uris": [
        "https://insiders.vscode.dev/redirect",
        "https://vscode.dev/redirect",
        "http://127.0.0.1/",
        "http://127.0.0.1:33418/",
    ],
    "token_endpoint_auth_method": "none",
    "application_type": "native",
}
INSPECTOR: dict[str, Any] = {
    "redirect_uris": ["http://localhost:6274/oauth/callback"],
    "token_endpoint_auth_method": "none",
    "grant_types": BOTH,
    "response_types": ["code"],
    "client_name": "MCP Inspector",
    "client_uri": "https://github.com/modelcontextprotocol/inspector",
}
CLAUDE: dict[str, Any] = {
    "redirect_uris": ["https://claude.ai/api/mcp/auth_callback"],
    "token_endpoint_auth_method": "client_secret_post",
    "grant_types": BOTH,
    "response_types": ["code"],
    "scope": "claudeai",
    "client_name": "Claude",
    "client_uri": "https://claude.ai",
}
# program: what it sends, and its application type, scope and whether it has a secret
PROGRAMS: dict[str, tuple[dict[str, Any], str, str, bool]] = {
    "vscode": (VSCODE, "native", ALL, False),
    "vscode with scopes of the API": (
        VSCODE | {"scope": "read:data orders:read"},
        "native",
        "orders:read",
        False,
    ),
    "vscode with a scope of nobody": (
        VSCODE | {"scope": "read:data"},
        "native",
        ALL,
        False,
    ),
    "vscode with an empty list": (VSCODE | {"scope": ""}, "native", ALL, False),
    "inspector": (INSPECTOR, "native", ALL, False),
    "claude": (CLAUDE, "web", ALL, True),
    "claude code": (
        INSPECTOR
        | {
            "client_name": "Claude Code (orders)",
            "redirect_uris": ["http://localhost:54212/callback"],
            "client_uri": "",
            "logo_uri": "",
            "scope": "",
        },
        "native",
        ALL,
        False,
    ),
    "cursor": (
        {
            "client_name": "Cursor",
            "redirect_uris": [
                CURSOR,
                "https://www.cursor.com/agents/mcp/oauth/callback",
                "http://localhost:8787/callback",
            ],
            "grant_types": BOTH,
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        },
        "native",
        ALL,
        False,
    ),
    "sdk": (
        {
            "client_name": "Simple OAuth MCP Client",
            "redirect_uris": ["http://localhost:8090/callback"],
            "grant_types": BOTH,
            "response_types": ["code"],
            "token_endpoint_auth_method": "client_secret_post",
        },
        "native",
        ALL,
        True,
    ),
    "nothing but an address": (
        {"redirect_uris": ["http://127.0.0.1:1234/cb"]},
        "native",
        ALL,
        True,
    ),
}
ISSUER = "https://auth.example.com"
PRODUCTION: dict[str, object] = {
    "environment": "production",
    "public_url": ISSUER,
    "secret_key": "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz",
    "jobs": False,
    "smtp": {"url": "smtp://127.0.0.1:9", "sender": "a@example.com"},
    "database": {"migrate": True},
}


@pytest.fixture
def changed() -> dict[str, object]:
    """What a test changes of the settings of the provider."""
    return {}


@pytest.fixture
def settings(database_url: str, changed: dict[str, object]) -> Settings:
    """Production, where plain http and names of this machine are judged."""
    options: Any = options_of("open")
    oauth = options["oauth"] | {"private_schemes": ["cursor"]} | changed
    values = PRODUCTION | {"database_url": database_url} | options
    return Settings.model_validate(values | {"oauth": oauth})


@pytest.mark.parametrize("program", PROGRAMS)
async def test_programs_register_as_they_are(
    client: AsyncClient, runtime: Runtime, program: str
) -> None:
    """RFC 7591 §2, §3.2.1: what is not offered is left out, and the answer says so."""
    sent, kind, scope, has_secret = PROGRAMS[program]

    answer = await client.post("/oauth2/register", json=sent)

    told = answer.json()
    assert answer.status_code == 201, answer.text
    assert told["application_type"] == kind
    assert told["scope"] == scope
    assert told["grant_types"] == [
        g for g in sent.get("grant_types", BOTH[:1]) if g in BOTH
    ]
    assert told["response_types"] == ["code"]
    assert told["redirect_uris"] == sent["redirect_uris"]
    assert ("client_secret" in told) is has_secret
    assert "" not in told.values()
    found = await seen(runtime, told["client_id"])
    assert " ".join(sorted(found.scope)) == " ".join(sorted(scope.split()))


@pytest.mark.parametrize("program", ["vscode", "claude", "cursor"])
async def test_a_client_changes_itself_by_the_same_rules(
    client: AsyncClient, runtime: Runtime, program: str
) -> None:
    """RFC 7592 §2.2: the answer says what became of the new values."""
    sent, kind, scope, _ = PROGRAMS[program]
    told = await register(client)
    own_address = told["registration_client_uri"].removeprefix(ISSUER)
    told["registration_client_uri"] = own_address
    own = {"client_id": told["client_id"], "client_secret": "", "tos_uri": ""}

    answer = await manage(client, "PUT", told, sent | own)

    now = answer.json()
    assert answer.status_code == 200, answer.text
    assert (now["application_type"], now["scope"]) == (kind, scope)
    assert now["grant_types"] == BOTH
    assert "tos_uri" not in now
    found = await seen(runtime, told["client_id"])
    assert found.grant_types == frozenset(BOTH)


async def test_what_remains_unusable_is_refused_by_name(client: AsyncClient) -> None:
    """RFC 7591 §3.2.2: the value that is wrong, and what may be there."""
    tries: list[tuple[dict[str, Any], str, str]] = [
        (
            {"grant_types": ["refresh_token"]},
            "invalid_client_metadata",
            "refresh_token",
        ),
        (
            {"grant_types": ["client_credentials"]},
            "invalid_client_metadata",
            "credentials",
        ),
        ({"grant_types": [DEVICE]}, "invalid_client_metadata", "device_code"),
        ({"response_types": ["token"]}, "invalid_client_metadata", ": token;"),
        ({"redirect_uris": ["vscode://a/b"]}, "invalid_redirect_uri", "vscode://a/b"),
        (
            {"redirect_uris": ["http://a.example/"]},
            "invalid_redirect_uri",
            "//a.example",
        ),
        ({"redirect_uris": []}, "invalid_redirect_uri", "redirect_uris"),
        (
            {"token_endpoint_auth_method": "client_secret_jwt"},
            "invalid_client_metadata",
            "client_secret_jwt; it may have client_secret_basic",
        ),
    ]

    for sent, error, named in tries:
        answer = await client.post("/oauth2/register", json=WEB | sent)
        assert refused(answer) == error, sent
        assert named in answer.json()["error_description"]


class TestWithoutNamedSchemes:
    """AUTH_SERVE_OAUTH__PRIVATE_SCHEMES names none."""

    @pytest.fixture
    def changed(self) -> dict[str, object]:
        return {"private_schemes": []}

    async def test_a_scheme_without_a_dot_is_refused_with_the_setting(
        self, client: AsyncClient
    ) -> None:
        """RFC 8252 §7.1: a private scheme has a dot, unless the operator names it."""
        answer = await client.post("/oauth2/register", json=PROGRAMS["cursor"][0])

        assert refused(answer) == "invalid_redirect_uri"
        told = answer.json()["error_description"]
        assert CURSOR in told and "AUTH_SERVE_OAUTH__PRIVATE_SCHEMES" in told


REGISTRATION = "/oauth2/register"
ORIGIN = {"Origin": "http://localhost:6274"}
# What a browser asks for the inspector, address by address.
ASKED = {
    "/.well-known/oauth-authorization-server": ("GET", "mcp-protocol-version"),
    "/.well-known/openid-configuration": ("GET", "mcp-protocol-version"),
    REGISTRATION: ("POST", "content-type"),
    f"{REGISTRATION}/client-1": ("PUT", "authorization,content-type"),
    "/oauth2/token": ("POST", "authorization,mcp-protocol-version"),
}


@pytest.mark.parametrize("path", ASKED)
async def test_browsers_may_register_where_anybody_may(
    client: AsyncClient, path: str
) -> None:
    """Fetch §3.2: preflight, and what scripts may read, refusals included."""
    method, fields = ASKED[path]
    preflight = ORIGIN | {
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": fields,
    }

    asked = await client.options(path, headers=preflight)
    answer = await client.request(method, path, headers=ORIGIN, json={})

    assert asked.status_code == 204
    allowed = asked.headers["access-control-allow-headers"].lower().split(", ")
    assert set(fields.split(",")) <= set(allowed)
    assert method in asked.headers["access-control-allow-methods"].split(", ")
    for one in (asked, answer):
        assert one.headers["access-control-allow-origin"] == "*"
        assert one.headers["cross-origin-resource-policy"] == "cross-origin"
        assert "access-control-allow-credentials" not in one.headers


@pytest.mark.parametrize("mode", ["token", "off"])
class TestWhereNotAnybodyMay:
    """AUTH_SERVE_OAUTH__REGISTRATION is token or off."""

    @pytest.fixture
    def changed(self, mode: str) -> dict[str, object]:
        return {"registration": mode}

    @pytest.mark.usefixtures("mode")
    async def test_browsers_may_not_either(self, client: AsyncClient) -> None:
        for path, method in ((REGISTRATION, "POST"), (f"{REGISTRATION}/x", "DELETE")):
            asked = await client.options(path, headers=ORIGIN)
            answer = await client.request(method, path, headers=ORIGIN)

            assert asked.status_code == 204  # what there is, and nothing for browsers
            for one in (asked, answer):
                names = [n for n in one.headers if n.startswith("access-control")]
                assert names == []


async def test_a_program_gets_the_scope_of_an_api_and_refreshes(
    protocol: Protocol,
) -> None:
    """RFC 7591 §2: without a scope a client may ask for all; the person decides."""
    told = await register(protocol.http, **INSPECTOR)
    app = Application(told["client_id"])

    signed_in = await protocol.signed_in(app, "openid orders:read offline_access")
    again = await protocol.refresh(app, signed_in.tokens["refresh_token"])

    assert signed_in.tokens["scope"] == "openid orders:read offline_access"
    assert again.status_code == 200, again.text
