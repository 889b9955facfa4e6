"""Who asks: one method, and the one that the client is registered for."""

from base64 import b64encode
from typing import Any
from urllib.parse import quote

import pytest

from app.oauth.client_auth import METHODS
from app.oauth.client_auth.private_key_jwt import ASSERTION_TYPE
from app.oauth.client_authentication import authenticate_client
from app.oauth.clients.client import AuthMethod, Client
from app.oauth.errors import InvalidClient, InvalidRequest, OAuthError
from tests.oauth.token_support import (
    CLIENT_ID,
    ISSUER,
    KEYS,
    SECONDS,
    SECRET,
    AssertionIdsInMemory,
    ClientsInMemory,
    client,
    parameters,
    surroundings,
)

KEY = KEYS["ES256"]


def _basic(client_id: str, secret: str) -> str:
    return f"Basic {b64encode(f'{client_id}:{secret}'.encode()).decode()}"


def _assertion(client_id: str, key: Any = KEY) -> str:
    claims = {"iss": client_id, "sub": client_id, "aud": ISSUER, "jti": "1"}
    token: str = key.sign(claims | {"exp": SECONDS + 60})
    return token


def _request(
    method: AuthMethod, client_id: str = CLIENT_ID, secret: str = SECRET
) -> tuple[str | None, dict[str, str]]:
    """Return the field and the body that a client of this method sends."""
    if method == "client_secret_basic":
        return _basic(client_id, secret), {}
    if method == "client_secret_post":
        return None, {"client_id": client_id, "client_secret": secret}
    if method == "private_key_jwt":
        assertion = _assertion(client_id, KEYS["ES256"] if secret else KEYS["RS256"])
        return None, {
            "client_assertion": assertion,
            "client_assertion_type": ASSERTION_TYPE,
        }
    return None, {"client_id": client_id}


def _registered(method: AuthMethod) -> Client:
    """Return a client that has everything, and is registered for one method."""
    return client(token_endpoint_auth_method=method, jwks={"keys": [KEY.jwk]})


async def _authenticate(
    field: str | None,
    body: dict[str, str],
    *known: Client,
    ids: AssertionIdsInMemory | None = None,
) -> Client:
    return await authenticate_client(
        field,
        parameters(**body),
        clients=ClientsInMemory(known),
        surroundings=surroundings(ids),
    )


NAMES: list[AuthMethod] = [method.name for method in METHODS]


def test_what_exists() -> None:
    """OIDC Core §9: each method once."""
    assert sorted(NAMES) == [
        "client_secret_basic",
        "client_secret_post",
        "none",
        "private_key_jwt",
    ]


BY_SECRET = {"client_secret_basic", "client_secret_post"}


@pytest.mark.parametrize("method", NAMES)
@pytest.mark.parametrize("registered", NAMES)
async def test_t049_only_the_registered_kind_of_proof_counts(
    method: AuthMethod, registered: AuthMethod
) -> None:
    """RFC 7591 §2: a secret in header or body is one kind; key and name are exact."""
    field, body = _request(method)
    one = _registered(registered)

    if method == registered or {method, registered} == BY_SECRET:
        assert await _authenticate(field, body, one) is one
        return
    with pytest.raises(InvalidClient) as refusal:
        await _authenticate(field, body, one)
    assert refusal.value.hint == f"registered for {registered}, tried {method}"


@pytest.mark.parametrize(
    "client_id", ["a+b", "a%62", "%", "100%25", "https://app.example:8080/x", "x:y:z"]
)
async def test_identifiers_of_other_products_come_encoded_or_not(
    client_id: str,
) -> None:
    """RFC 6749 §2.3.1: form-encoded, as the standard has it; or as curl sends it."""
    one = client(client_id=client_id)
    encoded = quote(client_id, safe=""), quote(SECRET, safe="")

    for name, secret in (encoded, (client_id, SECRET)):
        field = _basic(name, secret)
        assert await _authenticate(field, {}, one) is one
        assert await _authenticate(field, {"client_id": client_id}, one) is one
        with pytest.raises(InvalidClient):
            await _authenticate(_basic(name, "wrong"), {}, one)
        with pytest.raises(InvalidRequest):
            await _authenticate(field, {"client_id": "other"}, one)


@pytest.mark.parametrize("method", NAMES)
async def test_an_unknown_client_looks_like_a_wrong_secret(method: AuthMethod) -> None:
    """RFC 6749 §5.2: unknown client and failed authentication are invalid_client."""
    ids = AssertionIdsInMemory()
    refusals = []
    field, body = _request(method)
    with pytest.raises(InvalidClient) as unknown:
        await _authenticate(field, body, ids=ids)
    refusals.append(unknown.value)
    if method != "none":
        field, body = _request(method, secret="")
        body = {name: value or "x" for name, value in body.items()}
        with pytest.raises(InvalidClient) as wrong:
            await _authenticate(field, body, _registered(method), ids=ids)
        refusals.append(wrong.value)

    assert {(one.description, one.challenge) for one in refusals} == {
        (
            "client authentication failed",
            'Basic realm="clients"' if field is not None else None,
        )
    }
    assert refusals[0].hint == f"no client '{CLIENT_ID}'"
    assert ids.seen == {}


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_t086_an_unknown_client_costs_a_comparison(
    method: AuthMethod, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 6749 §10.2: the time says nothing about who is registered."""
    compared: list[bytes] = []

    def compare(known: bytes, presented: bytes) -> bool:
        compared.append(known)
        return known == presented

    monkeypatch.setattr("app.oauth.clients.secrets.hmac.compare_digest", compare)
    with pytest.raises(InvalidClient):
        await _authenticate(*_request(method))

    assert compared == [bytes(32)]


@pytest.mark.parametrize("algorithm", list(KEYS))
async def test_t086_an_unknown_client_costs_a_signature(algorithm: str) -> None:
    """RFC 6749 §10.2: the same, for assertions of each algorithm."""
    body = {
        "client_assertion": _assertion("nobody", KEYS[algorithm]),
        "client_assertion_type": ASSERTION_TYPE,
    }

    with pytest.raises(InvalidClient) as refusal:
        await _authenticate(None, body)

    assert "BadSignatureError" in str(refusal.value.__cause__)


@pytest.mark.parametrize(
    "body",
    [
        {"client_secret": SECRET, "client_id": CLIENT_ID},
        {
            "client_assertion": _assertion(CLIENT_ID),
            "client_assertion_type": ASSERTION_TYPE,
        },
    ],
)
async def test_two_methods_are_one_too_many(body: dict[str, str]) -> None:
    """RFC 6749 §2.3: the client MUST NOT use more than one method."""
    for known in ([], [_registered("client_secret_basic")]):
        with pytest.raises(InvalidRequest) as refusal:
            await _authenticate(_basic(CLIENT_ID, SECRET), body, *known)
        assert refusal.value.hint.startswith("client_secret_basic and ")


async def test_secret_and_assertion_are_one_too_many() -> None:
    """RFC 6749 §2.3: the same, both in the body."""
    _, body = _request("private_key_jwt")
    body |= {"client_id": CLIENT_ID, "client_secret": SECRET}

    with pytest.raises(InvalidRequest):
        await _authenticate(None, body, _registered("client_secret_post"))


@pytest.mark.parametrize("method", ["client_secret_basic", "private_key_jwt"])
async def test_a_name_beside_it_must_be_the_same(method: AuthMethod) -> None:
    """RFC 7521 §4.2: client_id MUST identify the client that the assertion does."""
    field, body = _request(method)
    one = _registered(method)

    assert await _authenticate(field, body | {"client_id": CLIENT_ID}, one) is one
    with pytest.raises(InvalidRequest) as refusal:
        await _authenticate(field, body | {"client_id": "other"}, one)
    assert refusal.value.hint == f"{method} is for '{CLIENT_ID}'"


@pytest.mark.parametrize(
    ("field", "challenge"),
    [
        (None, None),
        ("Basic", 'Basic realm="clients"'),
        ("Bearer abc", 'Basic realm="clients"'),
        ("Basic !!!", 'Basic realm="clients"'),
    ],
)
async def test_a_challenge_answers_who_tried_the_field(
    field: str | None, challenge: str | None
) -> None:
    """RFC 6749 §5.2: 401 and WWW-Authenticate MUST answer a tried Authorization."""
    with pytest.raises(InvalidClient) as refusal:
        await _authenticate(field, {}, _registered("client_secret_basic"))

    assert refusal.value.status == 401
    assert refusal.value.challenge == challenge
    assert refusal.value.hint


@pytest.mark.parametrize("method", NAMES)
async def test_no_answer_holds_what_was_sent(method: AuthMethod) -> None:
    """RFC 6749 §10.3: credentials are kept confidential, also in refusals."""
    field, body = _request(method, client_id="x" * 5_000, secret="as_cs_private")

    with pytest.raises(OAuthError) as refusal:
        await _authenticate(field, body)

    assert "as_cs_private" not in refusal.value.hint + refusal.value.description
    assert len(refusal.value.hint) < 300
    assert "xx" not in refusal.value.description
