"""Programs that register themselves and know nothing of this server, to the end.

What they send is what the MCP SDK 1.32.2 (npm) was seen to send, which the inspector
and others are made of: no scope, or one of somebody else's API.
"""

import hashlib
from base64 import urlsafe_b64encode
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from tests.interop.browser import Browser
from tests.interop.conftest import Ann, Provider

_VERIFIER = "a" * 64
_CALLBACK = "http://localhost:6274/oauth/callback"
_API = "http://localhost:3000/mcp"


def _registered(provider: Provider, **members: str) -> dict[str, str]:
    """Register as the inspector does, with nobody's token."""
    sent = {
        "client_name": "MCP Inspector",
        "client_uri": "https://github.com/modelcontextprotocol/inspector",
        "redirect_uris": [_CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    } | members
    url = provider.metadata["registration_endpoint"]
    answer = requests.post(url, json=sent, timeout=30)
    assert answer.status_code == 201, answer.text
    client: dict[str, str] = answer.json()
    return client


@pytest.mark.parametrize("scope", [{}, {"scope": "claudeai"}])
@pytest.mark.parametrize("method", ["none", "client_secret_post"])
def test_a_program_without_a_scope_signs_people_in(
    provider: Provider, browser: Browser, ann: Ann, scope: dict[str, str], method: str
) -> None:
    """RFC 6749 §3.3, §5.1: a default scope, and the answer says which."""
    client = _registered(provider, token_endpoint_auth_method=method, **scope)
    digest = hashlib.sha256(_VERIFIER.encode()).digest()
    asked = {
        "response_type": "code",
        "client_id": client["client_id"],
        "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "redirect_uri": _CALLBACK,
        "state": "a state",
        "resource": _API,
    } | scope

    page = browser.open(f"/oauth2/authorize?{urlencode(asked)}")
    consent = ann.sign_in(browser, page)
    browser.press(consent, "Allow")
    back = parse_qs(urlsplit(browser.left_for).query)
    form = {
        "grant_type": "authorization_code",
        "code": back["code"][0],
        "redirect_uri": _CALLBACK,
        "code_verifier": _VERIFIER,
        "client_id": client["client_id"],
        "resource": _API,
    } | ({"client_secret": client["client_secret"]} if method != "none" else {})
    first = requests.post(provider.metadata["token_endpoint"], data=form, timeout=30)

    assert "orders" in consent.text and "email address" not in consent.text.lower()
    assert first.status_code == 200, first.text
    assert first.json()["scope"] == "orders:read" and first.json()["id_token"]
    form |= {
        "grant_type": "refresh_token",
        "refresh_token": first.json()["refresh_token"],
    }
    again = requests.post(provider.metadata["token_endpoint"], data=form, timeout=30)
    assert again.json()["scope"] == "orders:read"
