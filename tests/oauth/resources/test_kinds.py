"""Access tokens of type ``JWT``: told from all else that has that type."""

from uuid import UUID

import pytest

from app.oauth.introspection import KnownToken, introspect
from app.oauth.tokens import (
    access_token_claims,
    access_token_kind,
    id_token_claims,
    is_access_token,
    logout_token_claims,
    signed_userinfo_claims,
)
from tests.oauth.resources.support import ORDERS, a_resource
from tests.oauth.token_support import (
    AUTHENTICATION,
    ISSUER,
    NOW,
    SECONDS,
    client,
    granted,
)

ACCESS = access_token_claims(
    granted(), issuer=ISSUER, subject="s", token_id=UUID(int=1), now=NOW, ttl=60
)


def test_t042_an_access_token_is_told_by_what_it_alone_has() -> None:
    """RFC 9068 §4: a token of another kind is not taken for an access token."""
    identity = id_token_claims(
        granted(), AUTHENTICATION, issuer=ISSUER, subject="s", now=NOW, ttl=60
    )
    person = {"client_id": "c", "jti": "1", "exp": SECONDS, "email": "a@example.com"}
    userinfo = signed_userinfo_claims(person, client(), issuer=ISSUER, subject="s")
    logout = logout_token_claims(
        issuer=ISSUER,
        client_id="c",
        subject="s",
        session_id=None,
        token_id="1",
        now=NOW,
    )

    assert is_access_token(ACCESS)
    for other in (identity, userinfo, logout, ACCESS | {"nonce": "n"}):
        assert not is_access_token(other)


@pytest.mark.parametrize("typ", [None, "jwt", "logout+jwt", 7, "at+jwt"])
def test_what_has_another_type_is_verified_as_the_usual_one(typ: object) -> None:
    """RFC 9068 §4: at+jwt, or what the resource wants, in that very spelling."""
    assert access_token_kind(typ) == "at+jwt"
    assert access_token_kind("JWT") == "JWT"


def test_scope_is_introspected_as_a_string_whatever_the_token_has() -> None:
    """RFC 7662 §2.2: a JSON string of space-separated scopes."""
    listed = ACCESS | {"scope": ["read", "write"], "aud": [ORDERS]}
    server = client(client_id="api", is_resource_server=True, audience=ORDERS)

    told = introspect(KnownToken("access_token", listed), server, now=NOW)

    assert (told["active"], told["scope"]) == (True, "read write")
    assert a_resource().scope_form == "string"
