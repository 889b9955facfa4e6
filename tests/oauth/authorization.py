"""Clients, requests and decisions in order; a test changes what it is about."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from app.oauth import authorize
from app.oauth.authorize import AuthorizationRequest, ReturnAddress, read_request
from app.oauth.claims import STANDARD_CLAIMS
from app.oauth.clients.client import Client, PkcePolicy
from app.oauth.interaction import ConsentState, SignedInState, Step, decide
from app.oauth.parameters import Parameters
from app.oauth.supported import Supported

CALLBACK = "https://client.example.org/cb"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636 appendix B
SUPPORTED = Supported(
    scopes=("openid", "profile", "email", "offline_access", "read"),
    claims=STANDARD_CLAIMS,
    grant_types=("authorization_code", "refresh_token", "client_credentials"),
    auth_methods=(
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
        "none",
    ),
    assertion_algs=("ES256", "RS256"),
    id_token_algs=("RS256", "ES256"),
    userinfo_algs=("RS256",),
    acr_values=("1", "2"),
    ui_locales=("en", "de"),
)


def a_client(**members: Any) -> Client:
    """Return a confidential web client that may ask for everything."""
    defaults: dict[str, Any] = {
        "client_id": "s6BhdRkqt3",
        "redirect_uris": (CALLBACK,),
        "grant_types": frozenset({"authorization_code", "refresh_token"}),
        "scope": frozenset(SUPPORTED.scopes),
    }
    return Client(**defaults | members)


def a_query(**changes: str | None) -> Parameters:
    """Return an OpenID Connect request with PKCE; None takes a parameter away."""
    values: dict[str, str | None] = {
        "response_type": "code",
        "client_id": "s6BhdRkqt3",
        "redirect_uri": CALLBACK,
        "scope": "openid",
        "state": "af0ifjsldkj",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return Parameters({k: v for k, v in (values | changes).items() if v is not None})


def identify(
    params: Parameters, client: Client | None, *, development: bool = False
) -> ReturnAddress:
    """Take a request through its first phase."""
    return authorize.identify(
        params, client, scopes=SUPPORTED.scopes, development=development
    )


def read(
    client: Client | None = None,
    *,
    supported: Supported = SUPPORTED,
    pkce: PkcePolicy = "pkce_or_nonce",
    **changes: str | None,
) -> AuthorizationRequest:
    """Take a request through both phases."""
    params = a_query(**changes)
    to = identify(params, client or a_client())
    return read_request(params, to, supported=supported, pkce=pkce)


ARRIVED = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOW = ARRIVED + timedelta(minutes=5)
FIRST_PARTY = a_client(is_first_party=True)
AGREED = ConsentState(is_given=True)


def session(seconds: float = -3_600, **members: Any) -> SignedInState:
    """Return somebody who signed in so long after the request arrived."""
    defaults: dict[str, Any] = {
        "subject": "jane",
        "authenticated_at": ARRIVED + timedelta(seconds=seconds),
        "acr": "1",
    }
    return SignedInState(**defaults | members)


def decided(
    who: SignedInState | None,
    *,
    client: Client = FIRST_PARTY,
    consent: ConsentState | None = None,
    hinted: str | None = None,
    **parameters: Any,
) -> Step:
    """Return the step that is due."""
    return decide(
        read(client, **parameters),
        who,
        consent or ConsentState(),
        NOW,
        arrived_at=ARRIVED,
        hinted_subject=hinted,
    )


def wish(name: str, **members: Any) -> str:
    """Return a ``claims`` parameter about the ID token."""
    return json.dumps({"id_token": {name: members}})
