"""What tokens say."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.core import jose
from app.oauth import tokens
from app.oauth.client_auth.base import Credentials
from app.oauth.client_auth.private_key_jwt import PrivateKeyJwt
from app.oauth.clients.resource import Resource
from app.oauth.errors import OAuthError
from app.oauth.grants.base import Granted
from app.oauth.hints import read_id_token_hint
from tests.oauth.token_support import (
    AUTHENTICATION,
    CLIENT_ID,
    GRANT,
    ISSUER,
    KEYS,
    NOW,
    SECONDS,
    SESSION,
    client,
    granted,
    surroundings,
)

SUBJECT = "248289761001"
TOKEN_ID = UUID(int=1)
API = "https://api.example.com"
# OIDC Core appendices A.3, A.4 and A.6.
ACCESS_TOKEN = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
CODE = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"


def _access(grant: Granted, subject: str | None = SUBJECT) -> dict[str, Any]:
    return tokens.access_token_claims(
        grant, issuer=ISSUER, subject=subject, token_id=TOKEN_ID, now=NOW, ttl=300
    )


def _id_token(grant: Granted, **more: Any) -> dict[str, Any]:
    return tokens.id_token_claims(
        grant,
        AUTHENTICATION,
        issuer=ISSUER,
        subject=SUBJECT,
        now=NOW,
        ttl=600,
        **more,
    )


def _logout(**changed: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "issuer": ISSUER,
        "client_id": CLIENT_ID,
        "subject": SUBJECT,
        "session_id": "08a5019c-17e1-4977-8f42-65a12843ea02",
        "token_id": "bWJq",
        "now": NOW,
    }
    return tokens.logout_token_claims(**(usual | changed))


def test_an_access_token_of_a_person() -> None:
    """RFC 9068 §2.2: iss, exp, aud, sub, client_id, iat and jti are REQUIRED."""
    assert _access(granted()) == {
        "iss": ISSUER,
        "sub": SUBJECT,
        "aud": ISSUER,
        "client_id": CLIENT_ID,
        "exp": SECONDS + 300,
        "iat": SECONDS,
        "jti": str(TOKEN_ID),
        "scope": "openid email",
        "grant_id": str(GRANT),
        "auth_time": SECONDS - 300,
        "acr": "aal1",
        "amr": ["pwd"],
        "sid": str(SESSION),
    }


def test_an_access_token_of_a_client() -> None:
    """RFC 9068 §2.2: without a resource owner, sub is the client; nobody signed in."""
    machine = client(audience=API)

    assert _access(Granted(client=machine, scope=("orders",)), None) == {
        "iss": ISSUER,
        "sub": CLIENT_ID,
        "aud": API,
        "client_id": CLIENT_ID,
        "exp": SECONDS + 300,
        "iat": SECONDS,
        "jti": str(TOKEN_ID),
        "scope": "orders",
    }


@pytest.mark.parametrize(
    ("audience", "scope", "expected"),
    [
        (None, ("openid",), ISSUER),
        (ISSUER, ("openid",), ISSUER),
        (API, ("orders",), API),
        (API, ("openid", "orders"), [API, ISSUER]),
    ],
)
def test_a_token_is_for_the_api_and_for_userinfo(
    audience: str | None, scope: tuple[str, ...], expected: Any
) -> None:
    """RFC 9068 §3: the audience names the resources that the token is for."""
    grant = granted(client=client(audience=audience), scope=scope)

    assert _access(grant)["aud"] == expected


def test_what_opens_the_account_opens_this_server_alone() -> None:
    """RFC 9700 §2.3, RFC 9068 §3: no other API could use it against its person."""
    scope = ("openid", "account")
    grant = granted(client=client(audience=API), scope=scope)

    assert _access(grant)["aud"] == [f"{ISSUER}/api/v1", ISSUER]


def test_an_api_that_wants_plain_jwts_is_alone_in_the_audience() -> None:
    """RFC 9068 §4: nothing of this server takes such a token."""
    plain = Resource(identifier=API, typ="JWT", audience_form="list")
    grant = granted(client=client(audience=API, resource=plain), scope=("openid",))

    assert _access(grant)["aud"] == [API]


def test_a_token_says_what_of_a_persons_scope_it_was_narrowed_to() -> None:
    """RFC 6749 §6, RFC 9068 §2.2.3: its scope is its API's, and says nothing of it."""
    api = Resource(identifier=API, scopes={"orders": ""}, access="any")
    scope = ("openid", "email", "orders")
    whole = granted(scope=scope, resources=(api,))
    less = granted(scope=scope, resources=(api,), is_narrowed=True)

    assert "person_scope" not in _access(whole)
    assert _access(less)["person_scope"] == "openid email"
    assert _access(less)["scope"] == "orders"


def test_an_id_token() -> None:
    """OIDC Core §2: iss, sub, aud, exp and iat are REQUIRED; aud is the client."""
    assert _id_token(granted(nonce="n-0S6_WzA2Mj")) == {
        "iss": ISSUER,
        "sub": SUBJECT,
        "aud": CLIENT_ID,
        "exp": SECONDS + 600,
        "iat": SECONDS,
        "auth_time": SECONDS - 300,
        "acr": "aal1",
        "amr": ["pwd"],
        "sid": str(SESSION),
        "nonce": "n-0S6_WzA2Mj",
    }


def test_a_nonce_is_passed_unmodified_or_not_at_all() -> None:
    """OIDC Core §2: if sent, the nonce MUST be in the ID token."""
    assert _id_token(granted(nonce=' {"é"} '))["nonce"] == ' {"é"} '
    assert "nonce" not in _id_token(granted())


def test_auth_time_is_when_the_person_signed_in() -> None:
    """OIDC Core §2: auth_time is REQUIRED after max_age or when it is essential."""
    later = NOW + timedelta(days=1)

    claims = tokens.id_token_claims(
        granted(), AUTHENTICATION, issuer=ISSUER, subject=SUBJECT, now=later, ttl=60
    )

    assert claims["auth_time"] == SECONDS - 300
    assert claims["iat"] == SECONDS + 86_400


def test_no_claim_about_a_person_replaces_another() -> None:
    """OIDC Core §2: what the protocol says is the server's to say."""
    usual = _id_token(granted())
    nasty = {**dict.fromkeys(usual, "x"), "azp": "x", "nonce": "x", "at_hash": "x"}

    claims = _id_token(granted(), person=nasty | {"email": "a@example.com"})

    assert claims == usual | {"email": "a@example.com"}


def test_the_hashes_of_the_standard() -> None:
    """OIDC Core §3.1.3.6, §3.3.2.11, appendix A.4, appendix A.6: at_hash, c_hash."""
    claims = _id_token(granted(), access_token=ACCESS_TOKEN, code=CODE)

    assert claims["at_hash"] == "77QmUPtjPfzWtF2AnpK9RQ"
    assert claims["c_hash"] == "LDktKdoQak3Pk0cnXxCltA"


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("RS256", "x7vk7f6BvQj0jQHYFIk4ag"),
        ("PS256", "x7vk7f6BvQj0jQHYFIk4ag"),
        ("ES256", "x7vk7f6BvQj0jQHYFIk4ag"),
        ("EdDSA", "EGEAhGYyfuwDaVTifvrWSoD5MSy_5hZPy6I7Vm-7pTQ"),
    ],
)
def test_the_hash_follows_the_algorithm(algorithm: str, expected: str) -> None:
    """OIDC Core §3.1.3.6: the hash of alg; for EdDSA see connect/issues/1125.

    The values are those that the library oidc-token-hash documents.
    """
    token = (
        "YmJiZTAwYmYtMzgyOC00NzhkLTkyOTItNjJjNDM3MGYzOWIy9sFhvH8K_x8UIHj1osisS57f5DduL"
        "-ar_qw5jl3lthwpMjm283aVMQXDmoqqqydDSqJfbhptzw8rUVwkuQbolw"
    )
    grant = granted(client=client(id_token_signed_response_alg=algorithm))

    assert _id_token(grant, access_token=token)["at_hash"] == expected


def test_every_algorithm_that_signs_has_a_hash() -> None:
    """OIDC Core §3.1.3.6: none is forgotten."""
    for algorithm in jose.ALGORITHMS:
        assert tokens.token_hash("a", algorithm)


def test_the_logout_token_of_the_standard() -> None:
    """Back-Channel Logout §2.4: its example; exp is ours, two minutes at most (§4)."""
    assert _logout() == {
        "iss": "https://server.example.com",
        "sub": "248289761001",
        "aud": "s6BhdRkqt3",
        "iat": SECONDS,
        "exp": SECONDS + 120,
        "jti": "bWJq",
        "sid": "08a5019c-17e1-4977-8f42-65a12843ea02",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }


def test_a_logout_token_names_somebody() -> None:
    """Back-Channel Logout §2.4: it MUST contain sub, sid or both."""
    assert "sid" not in _logout(session_id=None)
    assert "sub" not in _logout(subject=None)
    with pytest.raises(ValueError):
        _logout(subject=None, session_id=None)


def test_a_logout_token_has_no_nonce() -> None:
    """Back-Channel Logout §2.4: a nonce MUST NOT be there."""
    assert "nonce" not in _logout()


def test_userinfo_names_the_person_always() -> None:
    """OIDC Core §5.3.2: sub MUST always be returned."""
    person = {"email": "a@example.com", "sub": "x", "sid": "x", "exp": 1}

    claims = tokens.userinfo_claims(person, subject=SUBJECT)

    assert claims == {"sub": SUBJECT, "email": "a@example.com"}


def test_signed_userinfo_is_for_one_client() -> None:
    """OIDC Core §5.3.2: iss and aud SHOULD be in it."""
    claims = tokens.signed_userinfo_claims(
        {"email": "a@example.com", "aud": "x", "iss": "x"},
        client(),
        issuer=ISSUER,
        subject=SUBJECT,
    )

    assert claims == {
        "sub": SUBJECT,
        "email": "a@example.com",
        "iss": ISSUER,
        "aud": CLIENT_ID,
    }


def test_a_token_response() -> None:
    """RFC 6749 §5.1: access_token and token_type are REQUIRED; scope is told."""
    whole = tokens.token_response(
        granted(), access_token="a", expires_in=300, refresh_token="r", id_token="i"
    )
    least = tokens.token_response(granted(), access_token="a", expires_in=300)

    assert whole == {
        "access_token": "a",
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "openid email",
        "refresh_token": "r",
        "id_token": "i",
    }
    assert whole.keys() - least.keys() == {"refresh_token", "id_token"}


async def test_t049_no_kind_of_token_works_as_another() -> None:
    """RFC 8725 §3.11 and §3.12, RFC 9068 §5: types and claims keep kinds apart."""
    key = KEYS["RS256"]
    userinfo = tokens.signed_userinfo_claims(
        _id_token(granted()), client(), issuer=ISSUER, subject=SUBJECT
    )
    kinds = {
        "access": (_access(granted()), tokens.ACCESS_TOKEN_TYPE),
        "id": (_id_token(granted()), tokens.ID_TOKEN_TYPE),
        "logout": (_logout(), tokens.LOGOUT_TOKEN_TYPE),
        "userinfo": (userinfo, tokens.USERINFO_TYPE),
    }

    async def as_access(token: str) -> None:
        typ = tokens.ACCESS_TOKEN_TYPE
        jose.verify_ours(token, key, typ=typ, issuer=ISSUER)

    async def as_hint(token: str) -> None:
        read_id_token_hint(
            token, find_key=lambda _: key, issuer=ISSUER, client_id=CLIENT_ID
        )

    async def as_assertion(token: str) -> None:
        one = client(jwks={"keys": [key.jwk]})
        credentials = Credentials("private_key_jwt", CLIENT_ID, token)
        await PrivateKeyJwt().verify(one, credentials, surroundings())

    accepted = set()
    for verifier in (as_access, as_hint, as_assertion):
        for kind, (claims, typ) in kinds.items():
            try:
                await verifier(key.sign(claims, typ))
            except (OAuthError, jose.InvalidToken):
                continue
            accepted.add((verifier.__name__, kind))

    assert accepted == {("as_access", "access"), ("as_hint", "id")}
