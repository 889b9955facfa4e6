"""An application on plain HTTP, with a JOSE library that the server does not use."""

import hashlib
import json
import time
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from tests.interop.browser import Browser, Page
from tests.interop.conftest import Ann, Provider
from tests.servers.http import HttpServer

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_PATIENCE = 60.0  # seconds for a notice that goes through the outbox


class Application:
    """A relying party that proves who it is with a key (private_key_jwt)."""

    def __init__(self, provider: Provider, server: HttpServer, **metadata: Any) -> None:
        """Register."""
        self._provider = provider
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = json.loads(ECAlgorithm.to_jwk(self._key.public_key()))
        self.redirect_uri = f"{server.url}/cb"
        self.signed_out_uri = f"{server.url}/bye"
        client = provider.register(
            client_name="By hand",
            redirect_uris=[self.redirect_uri],
            grant_types=["authorization_code", "refresh_token"],
            token_endpoint_auth_method="private_key_jwt",
            jwks={"keys": [public | {"kid": "one", "use": "sig", "alg": "ES256"}]},
            post_logout_redirect_uris=[self.signed_out_uri],
            backchannel_logout_uri=f"{server.url}/logged-out",
            **metadata,
        )
        self.client_id: str = client["client_id"]
        self.verifier = uuid4().hex * 2
        self.nonce = uuid4().hex

    def authorization_url(self, **parameters: str) -> str:
        """Return where the person is sent."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid email",
            "state": "a state",
            "nonce": self.nonce,
            "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        endpoint = self._provider.metadata["authorization_endpoint"]
        return f"{endpoint}?{urlencode(query | parameters)}"

    def call(self, endpoint: str, **fields: str) -> requests.Response:
        """Post a form to an endpoint, with an assertion of who it is."""
        now = int(time.time())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self._provider.issuer,
            "jti": uuid4().hex,
            "iat": now,
            "exp": now + 60,
        }
        assertion = jwt.encode(claims, self._key, "ES256", {"kid": "one"})
        proof = {"client_assertion_type": _ASSERTION, "client_assertion": assertion}
        url = self._provider.metadata[endpoint]
        return requests.post(url, data=fields | proof, timeout=30)

    def redeem(self, code: str) -> dict[str, Any]:
        """Return the tokens of a code."""
        answer = self.call(
            "token_endpoint",
            grant_type="authorization_code",
            code=code,
            redirect_uri=self.redirect_uri,
            code_verifier=self.verifier,
        )
        assert answer.status_code == 200, answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        tokens: dict[str, Any] = answer.json()
        return tokens

    def read(self, token: str, typ: str = "JWT") -> dict[str, Any]:
        """Return the claims of a token that the provider signed for it."""
        header = jwt.get_unverified_header(token)
        assert header["typ"] == typ
        keys = jwt.PyJWKClient(self._provider.metadata["jwks_uri"])
        claims: dict[str, Any] = jwt.decode(
            token,
            keys.get_signing_key_from_jwt(token),
            [header["alg"]],
            audience=self.client_id,
            issuer=self._provider.issuer,
            options={"require": ["exp", "iat", "iss", "aud"]},
        )
        return claims


def _parameters(url: str) -> dict[str, str]:
    return {name: one for name, [one] in parse_qs(urlsplit(url).query).items()}


def _allowed(browser: Browser, page: Page) -> str:
    """Agree, if the person is asked; return where the browser is sent."""
    if not browser.left_for:
        browser.press(page, "Allow")
    return browser.left_for


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "PS256", "EdDSA"])
def test_the_full_way_by_hand(
    provider: Provider,
    browser: Browser,
    ann: Ann,
    application: HttpServer,
    algorithm: str,
) -> None:
    app = Application(provider, application, id_token_signed_response_alg=algorithm)

    page = ann.sign_in(browser, browser.open(app.authorization_url()))
    answer = _parameters(_allowed(browser, page))
    assert (answer["state"], answer["iss"]) == ("a state", provider.issuer)
    tokens = app.redeem(answer["code"])
    claims = app.read(tokens["id_token"])

    assert (claims["sub"], claims["nonce"]) == (ann.user_id, app.nonce)
    assert jwt.get_unverified_header(tokens["id_token"])["alg"] == algorithm
    assert claims["amr"] == ["pwd"]

    refreshed = app.call(
        "token_endpoint",
        grant_type="refresh_token",
        refresh_token=tokens["refresh_token"],
    ).json()
    again = app.read(refreshed["id_token"])
    assert (again["sub"], again["auth_time"]) == (claims["sub"], claims["auth_time"])

    bearer = {"Authorization": f"Bearer {refreshed['access_token']}"}
    userinfo = provider.metadata["userinfo_endpoint"]
    person = requests.get(userinfo, headers=bearer, timeout=30).json()
    assert person == {"sub": ann.user_id, "email": ann.email, "email_verified": False}

    url = provider.metadata["end_session_endpoint"]
    query = {
        "id_token_hint": refreshed["id_token"],
        "post_logout_redirect_uri": app.signed_out_uri,
        "state": "over",
    }
    browser.open(f"{url}?{urlencode(query)}")
    assert browser.left_for == f"{app.signed_out_uri}?state=over"
    assert requests.get(userinfo, headers=bearer, timeout=30).status_code == 401

    notice = app.read(_notice(application), "logout+jwt")
    assert (notice["sub"], notice["sid"]) == (ann.user_id, claims["sid"])
    assert notice["events"] == {_LOGOUT_EVENT: {}}
    assert "nonce" not in notice


def _notice(application: HttpServer) -> str:
    """Return the logout token that the provider posted, once it has come."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        for request in application.requests:
            if request.path == "/logged-out":
                return parse_qs(request.body.decode())["logout_token"][0]
        time.sleep(0.05)
    raise AssertionError("no notice came")


def test_a_code_is_worth_nothing_twice(
    provider: Provider, browser: Browser, ann: Ann, application: HttpServer
) -> None:
    app = Application(provider, application)
    page = ann.sign_in(browser, browser.open(app.authorization_url()))
    code = _parameters(_allowed(browser, page))["code"]
    tokens = app.redeem(code)

    second = app.call(
        "token_endpoint",
        grant_type="authorization_code",
        code=code,
        redirect_uri=app.redirect_uri,
        code_verifier=app.verifier,
    )

    assert (second.status_code, second.json()["error"]) == (400, "invalid_grant")
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    userinfo = provider.metadata["userinfo_endpoint"]
    assert requests.get(userinfo, headers=bearer, timeout=30).status_code == 401


def test_who_is_signed_in_is_not_asked_again(
    provider: Provider, browser: Browser, ann: Ann, application: HttpServer
) -> None:
    app = Application(provider, application)
    page = ann.sign_in(browser, browser.open(app.authorization_url()))
    first = app.read(
        app.redeem(_parameters(_allowed(browser, page))["code"])["id_token"]
    )

    browser.open(app.authorization_url(prompt="none"))
    second = app.read(app.redeem(_parameters(browser.left_for)["code"])["id_token"])

    assert (second["sub"], second["sid"]) == (first["sub"], first["sid"])
    assert second["auth_time"] == first["auth_time"]


def test_prompt_none_asks_nobody(
    provider: Provider, browser: Browser, application: HttpServer
) -> None:
    app = Application(provider, application)

    browser.open(app.authorization_url(prompt="none"))

    answer = _parameters(browser.left_for)
    assert (answer["error"], answer["state"]) == ("login_required", "a state")
    assert answer["iss"] == provider.issuer


def test_an_answer_as_a_form(
    provider: Provider, browser: Browser, ann: Ann, application: HttpServer
) -> None:
    app = Application(provider, application)
    url = app.authorization_url(response_mode="form_post")

    page = ann.sign_in(browser, browser.open(url))
    if page.path == "/consent":
        page = browser.press(page, "Allow")

    [form] = page.forms
    assert (form.action, form.method.lower()) == (app.redirect_uri, "post")
    assert app.read(app.redeem(form.fields["code"])["id_token"])["nonce"] == app.nonce
