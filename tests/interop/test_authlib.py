"""Authlib as the application: the library as it comes, nothing told but the issuer."""

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc6749 import OAuth2Token
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.interop.browser import Browser
from tests.interop.conftest import Ann, Provider
from tests.servers.http import HttpServer

_SCOPE = "openid profile email offline_access"
_METHODS = ["client_secret_basic", "client_secret_post", "none"]


def _session(provider: Provider, application: HttpServer, method: str) -> OAuth2Session:
    """Register an application, and return the library's view of it."""
    redirect_uri = f"{application.url}/cb"
    client = provider.register(
        client_name="Library",
        redirect_uris=[redirect_uri],
        grant_types=["authorization_code", "refresh_token"],
        token_endpoint_auth_method=method,
    )
    session = OAuth2Session(
        client["client_id"],
        client.get("client_secret"),
        scope=_SCOPE,
        redirect_uri=redirect_uri,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        code_challenge_method="S256",
        token_endpoint=provider.metadata["token_endpoint"],
    )
    session.trust_env = False
    return session


def _signed_in(
    session: OAuth2Session, provider: Provider, browser: Browser, ann: Ann
) -> OAuth2Token:
    """Walk from the application to the provider and back."""
    verifier, nonce = uuid4().hex * 2, uuid4().hex
    url, state = session.create_authorization_url(
        provider.metadata["authorization_endpoint"],
        code_verifier=verifier,
        nonce=nonce,
    )
    page = ann.sign_in(browser, browser.open(url))
    if not browser.left_for:
        browser.press(page, "Allow")
    answer = {
        name: one for name, [one] in parse_qs(urlsplit(browser.left_for).query).items()
    }
    assert answer["iss"] == provider.issuer
    token = session.fetch_token(
        authorization_response=browser.left_for, state=state, code_verifier=verifier
    )
    claims = id_token_of(provider, token, session.client_id, nonce)
    assert claims["sub"] == ann.user_id
    return token


def id_token_of(
    provider: Provider, token: OAuth2Token, client_id: str, nonce: str | None
) -> CodeIDToken:
    """Check an ID token as the library does."""
    keys = requests.get(provider.metadata["jwks_uri"], timeout=30).json()
    decoded = jwt.decode(
        token["id_token"], KeySet.import_key_set(keys), algorithms=["RS256"]
    )
    options: dict[str, Any] = {
        "iss": {"essential": True, "value": provider.issuer},
        "aud": {"essential": True, "value": client_id},
    }
    params = {"nonce": nonce, "client_id": client_id}
    params["access_token"] = token["access_token"]
    claims = CodeIDToken(decoded.claims, decoded.header, options, params)
    claims.validate(now=int(time.time()))
    return claims


@pytest.mark.parametrize("method", _METHODS)
def test_the_library_signs_a_person_in(
    provider: Provider,
    browser: Browser,
    ann: Ann,
    application: HttpServer,
    method: str,
) -> None:
    with _session(provider, application, method) as session:
        _signed_in(session, provider, browser, ann)

        person = session.get(provider.metadata["userinfo_endpoint"]).json()
        assert person["sub"] == ann.user_id
        assert (person["email"], person["name"]) == (ann.email, "Ann")


@pytest.mark.parametrize("method", _METHODS)
def test_the_library_refreshes_and_gives_back(
    provider: Provider,
    browser: Browser,
    ann: Ann,
    application: HttpServer,
    method: str,
) -> None:
    userinfo = provider.metadata["userinfo_endpoint"]
    with _session(provider, application, method) as session:
        first = _signed_in(session, provider, browser, ann)

        second = session.refresh_token()
        assert second["access_token"] != first["access_token"]
        assert second["refresh_token"] != first["refresh_token"]
        assert session.get(userinfo).status_code == 200

        answer = session.revoke_token(
            provider.metadata["revocation_endpoint"],
            token=second["refresh_token"],
            token_type_hint="refresh_token",
        )
        assert answer.status_code == 200
        assert session.get(userinfo).status_code == 401


def test_the_library_asks_about_its_token(
    provider: Provider, browser: Browser, ann: Ann, application: HttpServer
) -> None:
    url = provider.metadata["introspection_endpoint"]
    with _session(provider, application, "client_secret_basic") as session:
        token = _signed_in(session, provider, browser, ann)

        found = session.introspect_token(url, token=token["access_token"]).json()
        assert (found["active"], found["sub"]) == (True, ann.user_id)
        assert found["client_id"] == session.client_id

        session.revoke_token(
            provider.metadata["revocation_endpoint"], token=token["access_token"]
        )
        found = session.introspect_token(url, token=token["access_token"]).json()
        assert found == {"active": False}
