"""What a token is told to be, and to whom."""

from datetime import timedelta
from typing import Any

import pytest

from app.oauth.clients.client import Client
from app.oauth.errors import InvalidClient
from app.oauth.introspection import KnownToken, introspect
from tests.oauth.token_support import CLIENT_ID, ISSUER, NOW, SECONDS, client

INACTIVE = {"active": False}
API = "https://api.example.com"
# RFC 7662 §2.2; what else it shows is RFC 9068's.
CLAIMS: dict[str, Any] = {
    "client_id": CLIENT_ID,
    "scope": "read write dolphin",
    "sub": "Z5O3upPC88QrAjx00dis",
    "aud": "https://protected.example.net/resource",
    "iss": ISSUER,
    "exp": SECONDS + 60,
    "iat": SECONDS,
    "jti": "1",
    "sid": "2",
    "acr": "aal1",
    "grant_id": "3",
    "roles": ["admin"],
}


def _token(**changed: Any) -> KnownToken:
    return KnownToken("access_token", CLAIMS | changed)


def _api(**members: Any) -> Client:
    usual = {"client_id": "api", "is_resource_server": True, "audience": API}
    return client(**(usual | members))


def test_the_client_is_told_about_its_token() -> None:
    """RFC 7662 §2.2: active is REQUIRED, with what the token is."""
    shown = {k: v for k, v in CLAIMS.items() if k not in ("grant_id", "roles")}

    answer = introspect(_token(), client(), now=NOW)

    assert answer == {"active": True, "token_type": "Bearer"} | shown


@pytest.mark.parametrize("audience", [API, [API], [ISSUER, API]])
def test_an_api_is_told_about_tokens_for_it(audience: Any) -> None:
    """RFC 7662 §2.1: protected resources ask."""
    assert introspect(_token(aud=audience), _api(), now=NOW)["active"] is True


@pytest.mark.parametrize(
    ("caller", "audience"),
    [
        (_api(is_resource_server=False), API),
        (_api(audience=None), API),
        (_api(audience=None), None),
        (_api(), API + "/"),
        (_api(), API[:-1]),
        (_api(), []),
        (_api(), ""),
        (_api(), ISSUER),
        (_api(), ["https://other.example", API + "x"]),
        (client(client_id=CLIENT_ID + "x"), CLIENT_ID),
        (client(client_id=CLIENT_ID[:-1]), CLIENT_ID),
    ],
)
def test_t044_others_are_told_that_it_is_not_active(
    caller: Client, audience: Any
) -> None:
    """RFC 7662 §2.2: {"active": false} and nothing more, for whom it is not."""
    assert introspect(_token(aud=audience), caller, now=NOW) == INACTIVE
    assert introspect(None, caller, now=NOW) == INACTIVE


@pytest.mark.parametrize(
    "token",
    [
        None,
        _token(exp=SECONDS),
        _token(exp=SECONDS - 1),
        _token(exp=None),
        _token(exp=str(SECONDS + 60)),
        _token(nbf=SECONDS + 1),
        _token(nbf="0"),
        KnownToken("access_token", CLAIMS, is_revoked=True),
    ],
)
def test_what_does_not_hold_is_not_active(token: KnownToken | None) -> None:
    """RFC 7662 §4: expiry, begin and revocation MUST be checked."""
    assert introspect(token, client(), now=NOW) == INACTIVE


def test_t190_a_token_is_active_to_its_last_second() -> None:
    """RFC 7662 §4: the server MUST determine whether the token expired."""
    for seconds, active in ((-1, True), (0, False), (1, False)):
        now = NOW + timedelta(seconds=60 + seconds)
        assert introspect(_token(), client(), now=now)["active"] is active
    assert introspect(_token(nbf=SECONDS), client(), now=NOW)["active"] is True


def test_t049_a_refresh_token_is_nothing_for_an_api() -> None:
    """RFC 7662 §2.2: token_type is that of an access token; nobody shall mix them."""
    token = KnownToken("refresh_token", CLAIMS | {"aud": API})

    answer = introspect(token, client(), now=NOW)

    assert answer["active"] is True
    assert "token_type" not in answer
    assert introspect(token, _api(), now=NOW) == INACTIVE


def test_t044_a_public_client_may_not_ask() -> None:
    """RFC 7662 §2.1: the endpoint MUST require authorization."""
    public = client(token_endpoint_auth_method="none")

    for token in (_token(), None):
        with pytest.raises(InvalidClient) as refusal:
            introspect(token, public, now=NOW)
        assert refusal.value.status == 401
