"""Assertions that a trusted issuer signs for a client, in its place."""

from typing import Any

import pytest

from app.oauth.client_auth.base import Credentials
from app.oauth.client_auth.private_key_jwt import ASSERTION_TYPE, PrivateKeyJwt
from app.oauth.client_authentication import authenticate_client
from app.oauth.clients.client import Client
from app.oauth.errors import InvalidClient, InvalidRequest
from tests.oauth.token_support import (
    CLIENT_ID,
    KEYS,
    AssertionIdsInMemory,
    ClientsInMemory,
    client,
    parameters,
    surroundings,
)
from tests.oauth.trust.support import GITHUB, SIGNED, SUBJECT, claims, issuers, rule

WORKLOAD = client(token_endpoint_auth_method="private_key_jwt", secrets=(), jwks=None)


async def _authenticate(
    assertion: str,
    known: Client = WORKLOAD,
    ids: AssertionIdsInMemory | None = None,
    *,
    proves: bool = True,
    **named: str,
) -> Client:
    form = {
        "client_assertion": assertion,
        "client_assertion_type": ASSERTION_TYPE,
        "client_id": CLIENT_ID,
    } | named
    rules = (rule(authenticates_client=proves),)
    return await authenticate_client(
        None,
        parameters(**form),
        clients=ClientsInMemory((known,)),
        surroundings=surroundings(ids, issuers(rules=rules)),
    )


async def test_a_workload_proves_its_client_without_a_secret() -> None:
    """RFC 7523 §2.2, §3: iss is who issued it, and client_id whom it is to prove."""
    ids = AssertionIdsInMemory()

    assert await _authenticate(SIGNED.sign(claims()), ids=ids) == WORKLOAD
    with pytest.raises(InvalidClient, match="used before"):
        await _authenticate(SIGNED.sign(claims()), ids=ids)


def test_the_client_is_the_one_that_is_named() -> None:
    """RFC 7521 §4.2: client_id, where the subject is a name of its issuer's."""
    assertion = SIGNED.sign(claims())
    form = {"client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE}

    named = PrivateKeyJwt().read(None, parameters(client_id=CLIENT_ID, **form))
    alone = PrivateKeyJwt().read(None, parameters(**form))

    assert named == Credentials("private_key_jwt", CLIENT_ID, assertion)
    assert alone == Credentials("private_key_jwt", SUBJECT, assertion)


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example"},
        {"iss": 7},
        {"iss": ...},
        {"aud": "https://other.example"},
        {"exp": 1},
        {"repository": "evil-org/octo-repo"},
        {"jti": ...},
    ],
)
async def test_what_is_wrong_with_it_refuses_the_client(
    changed: dict[str, Any],
) -> None:
    """RFC 7521 §4.2.1: an assertion that is not valid is invalid_client."""
    ids = AssertionIdsInMemory()
    with pytest.raises(InvalidClient):
        await _authenticate(SIGNED.sign(claims(**changed)), ids=ids)
    assert ids.seen == {}


async def test_a_rule_for_tokens_proves_no_client() -> None:
    with pytest.raises(InvalidClient, match="fulfils no rule"):
        await _authenticate(SIGNED.sign(claims()), proves=False)


async def test_it_speaks_for_no_other_client() -> None:
    other = client(
        client_id="other", token_endpoint_auth_method="private_key_jwt", jwks=None
    )
    with pytest.raises(InvalidClient, match="fulfils no rule"):
        await _authenticate(SIGNED.sign(claims()), other, client_id="other")


async def test_a_client_with_a_secret_is_not_proven_by_it() -> None:
    with pytest.raises(InvalidClient, match="registered for client_secret_basic"):
        await _authenticate(SIGNED.sign(claims()), client())


async def test_the_name_of_an_issuer_is_not_enough() -> None:
    """A client's own key is none of the issuer's, nor the issuer's one of a client."""
    own = client(
        token_endpoint_auth_method="private_key_jwt",
        secrets=(),
        jwks={"keys": [KEYS["ES256"].jwk]},
    )
    with pytest.raises(InvalidClient, match="registered keys"):
        await _authenticate(KEYS["ES256"].sign(claims()), own)
    as_client = SIGNED.sign(claims(iss=CLIENT_ID, sub=CLIENT_ID))
    with pytest.raises(InvalidClient, match="registered keys"):
        await _authenticate(as_client, own)
    with pytest.raises(InvalidRequest):
        await _authenticate(SIGNED.sign(claims(iss=SUBJECT)), own)
    assert GITHUB != SUBJECT
