"""Authlib meets a challenge of the scope ``account`` (RFC 9470), and steps up."""

import re
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pyotp
import pytest
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken

from tests.interop.browser import Browser, Page
from tests.interop.conftest import ADMIN, Ann, Provider
from tests.interop.test_authlib import id_token_of
from tests.servers.http import HttpServer

_SCOPE = "openid account"


@pytest.fixture
def codes(provider: Provider, ann: Ann) -> list[str]:
    """Recovery codes of Ann, who has an authenticator app."""
    proven, admin = {"email_verified": True}, provider.sign_in(ADMIN)
    provider.call("PATCH", f"/users/{ann.user_id}", admin, proven)
    token = provider.sign_in(ann.email)
    secret = provider.call("POST", "/users/me/totp", token).json()["secret"]
    app, now = pyotp.TOTP(secret), int(time.time())
    provider.call("POST", "/users/me/totp/confirm", token, {"code": app.at(now)})
    token = provider.sign_in(ann.email, code=app.at(now + app.interval))
    made: list[str] = provider.call("POST", "/users/me/recovery-codes", token).json()[
        "codes"
    ]
    return made


class Portal:
    """An application that offers "my account", with nothing but the library."""

    def __init__(self, provider: Provider, browser: Browser, back: str) -> None:
        """Have an administrator create it."""
        self._provider, self._browser = provider, browser
        client = provider.create(
            client_name="Portal", redirect_uris=[back], scope=_SCOPE
        )
        self.session = OAuth2Session(
            client["client_id"],
            client["client_secret"],
            scope=_SCOPE,
            redirect_uri=back,
            code_challenge_method="S256",
            token_endpoint=provider.metadata["token_endpoint"],
        )
        self.session.trust_env = False
        self._asked: dict[str, str] = {}

    def ask(self, **wishes: str) -> Page:
        """Send the browser to the provider; return where it came to."""
        verifier, nonce = uuid4().hex * 2, uuid4().hex
        url, state = self.session.create_authorization_url(
            self._provider.metadata["authorization_endpoint"],
            code_verifier=verifier,
            nonce=nonce,
            **wishes,
        )
        self._asked = {"verifier": verifier, "nonce": nonce, "state": state}
        return self._browser.open(url)

    def receive(self) -> CodeIDToken:
        """Redeem what the browser brought back; return who signed in, and how."""
        asked = self._asked
        token = self.session.fetch_token(
            authorization_response=self._browser.left_for,
            state=asked["state"],
            code_verifier=asked["verifier"],
        )
        client_id = self.session.client_id
        return id_token_of(self._provider, token, client_id, asked["nonce"])

    def change(self) -> Any:
        """Do what only a recent sign-in with two factors may: new recovery codes."""
        url = f"{self._provider.issuer}/api/v1/users/me/recovery-codes"
        return self.session.post(url)


def second_step(browser: Browser, page: Page, code: str, **more: str) -> Page:
    """Answer the second step with a recovery code."""
    assert page.path == "/signin/verify", page.text
    flow = parse_qs(urlsplit(page.url).query)["flow"][0]
    page = browser.open(f"/signin/verify?flow={flow}&factor=recovery_code")
    return browser.press(page, "Continue", code=code, **more)


def challenge_of(answer: Any) -> dict[str, str]:
    """Return the parameters of the challenge (RFC 9470 section 3)."""
    scheme, _, rest = answer.headers["WWW-Authenticate"].partition(" ")
    assert scheme == "Bearer"
    return dict(re.findall(r'(\w+)="([^"]*)"', rest))


def test_the_library_steps_up_where_the_account_asks_for_it(
    provider: Provider,
    browser: Browser,
    ann: Ann,
    application: HttpServer,
    codes: list[str],
) -> None:
    portal = Portal(provider, browser, f"{application.url}/cb")
    page = ann.sign_in(browser, portal.ask())
    page = second_step(browser, page, codes[0], remember="on")
    browser.press(page, "Allow")
    strong = portal.receive()

    ann.sign_in(browser, portal.ask(prompt="login"))
    weak = portal.receive()
    refused = portal.change()
    asked = challenge_of(refused)
    page = portal.ask(acr_values=asked["acr_values"], max_age=asked["max_age"])
    second_step(browser, page, codes[1])
    stepped_up = portal.receive()
    changed = portal.change()

    assert [strong["acr"], weak["acr"], stepped_up["acr"]] == ["aal2", "aal1", "aal2"]
    assert refused.status_code == 401
    assert asked["error"] == "insufficient_user_authentication"
    assert (asked["acr_values"], asked["max_age"]) == ("aal2", "600")
    assert changed.status_code == 200
    assert not {*changed.json()["codes"]} & {*codes}
