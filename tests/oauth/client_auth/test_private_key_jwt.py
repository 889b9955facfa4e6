"""Assertions that clients sign."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc.jws import JWSRegistry

from app.core import jose
from app.oauth.client_auth.base import Credentials
from app.oauth.client_auth.private_key_jwt import ASSERTION_TYPE, PrivateKeyJwt
from app.oauth.clients.client import Client
from app.oauth.errors import InvalidClient, InvalidRequest
from tests.oauth.token_support import (
    CLIENT_ID,
    ISSUER,
    KEYS,
    NOW,
    SECONDS,
    TOKEN_ENDPOINT,
    AssertionIdsInMemory,
    client,
    parameters,
    surroundings,
)
from tests.security.forgery import encode, forge, unsigned, with_own_key, with_secret

METHOD = PrivateKeyJwt()
PUBLIC = {"keys": [pair.jwk for pair in KEYS.values()]}
SIGNED = KEYS["ES256"]


def _client(**members: Any) -> Client:
    usual: dict[str, Any] = {
        "token_endpoint_auth_method": "private_key_jwt",
        "secrets": (),
        "jwks": PUBLIC,
    }
    return client(**(usual | members))


def _claims(**changed: Any) -> dict[str, Any]:
    claims = {
        "iss": CLIENT_ID,
        "sub": CLIENT_ID,
        "aud": TOKEN_ENDPOINT,
        "exp": SECONDS + 60,
        "iat": SECONDS,
        "jti": "jti-1",
    }
    return {k: v for k, v in (claims | changed).items() if v is not ...}


async def _verify(
    assertion: str,
    ids: AssertionIdsInMemory | None = None,
    known: Client | None = None,
) -> None:
    credentials = Credentials(METHOD.name, CLIENT_ID, assertion)
    await METHOD.verify(known or _client(), credentials, surroundings(ids))


async def _refused(assertion: str, known: Client | None = None) -> str:
    """Return why an assertion is refused; no identifier may be used up by that."""
    ids = AssertionIdsInMemory()
    with pytest.raises(InvalidClient) as refusal:
        await _verify(assertion, ids, known)
    assert ids.seen == {}
    return refusal.value.hint


def _sign(header: dict[str, Any], claims: Any) -> str:
    algorithm = JWSRegistry.algorithms["ES256"]
    return forge(
        {"alg": "ES256", "kid": SIGNED.kid} | header,
        claims,
        lambda message: algorithm.sign(message, SIGNED.key),
    )


def _raw(header: bytes, payload: bytes) -> str:
    return f"{encode(header)}.{encode(payload)}.AA"


def test_an_assertion_names_its_client() -> None:
    """RFC 7521 §4.2: client_id is optional, the subject says who it is."""
    assertion = SIGNED.sign(_claims())

    found = METHOD.read(
        None,
        parameters(client_assertion=assertion, client_assertion_type=ASSERTION_TYPE),
    )

    assert found == Credentials("private_key_jwt", CLIENT_ID, assertion)
    assert METHOD.read(None, parameters(client_id=CLIENT_ID)) is None


@pytest.mark.parametrize("missing", ["client_assertion", "client_assertion_type"])
def test_half_an_assertion_is_malformed(missing: str) -> None:
    """RFC 7521 §4.2: client_assertion and client_assertion_type are REQUIRED."""
    both = {"client_assertion": "x", "client_assertion_type": ASSERTION_TYPE}

    with pytest.raises(InvalidRequest):
        METHOD.read(None, parameters(**(both | {missing: ""})))


@pytest.mark.parametrize(
    ("assertion", "kind"),
    [
        (SIGNED.sign(_claims()), "urn:ietf:params:oauth:client-assertion-type:saml2"),
        (SIGNED.sign(_claims()), ASSERTION_TYPE.upper()),
        ("PHNhbWxwOl", ASSERTION_TYPE),
        ("a.b.c", ASSERTION_TYPE),
        (SIGNED.sign(_claims(sub=...)), ASSERTION_TYPE),
        (SIGNED.sign(_claims(sub="")), ASSERTION_TYPE),
        (SIGNED.sign(_claims(sub=7)), ASSERTION_TYPE),
        (SIGNED.sign(_claims(sub=[CLIENT_ID])), ASSERTION_TYPE),
        (SIGNED.sign(_claims(sub="a\0")), ASSERTION_TYPE),
        (_sign({}, {"sub": "\ud800"}), ASSERTION_TYPE),
        (_sign({}, [1]), ASSERTION_TYPE),
        (_raw(b'{"alg":"ES256"}', b"[" * 3_000), ASSERTION_TYPE),
    ],
)
def test_what_is_no_assertion_is_refused(assertion: str, kind: str) -> None:
    """RFC 7521 §4.2.1: an assertion that is not valid is invalid_client."""
    with pytest.raises(InvalidClient):
        METHOD.read(
            None, parameters(client_assertion=assertion, client_assertion_type=kind)
        )


@pytest.mark.parametrize("algorithm", jose.ALGORITHMS)
async def test_a_registered_key_proves_the_client(algorithm: str) -> None:
    """OIDC Core §9: private_key_jwt, with each algorithm that the metadata lists."""
    ids = AssertionIdsInMemory()

    await _verify(KEYS[algorithm].sign(_claims()), ids)

    assert ids.seen == {(CLIENT_ID, "jti-1"): NOW + timedelta(seconds=60)}


@pytest.mark.parametrize(
    "audience",
    [ISSUER, TOKEN_ENDPOINT, [ISSUER], ["https://other.example", TOKEN_ENDPOINT]],
)
async def test_the_audience_is_this_server(audience: Any) -> None:
    """RFC 7523 §3: issuer or token endpoint, as a text or in a list."""
    await _verify(SIGNED.sign(_claims(aud=audience)))


@pytest.mark.parametrize(
    "audience",
    [
        ...,
        None,
        "",
        [],
        7,
        {},
        [[ISSUER]],
        [ISSUER, 7],
        ISSUER + "/",
        ISSUER[:-1],
        ISSUER.upper(),
        "https://other.example",
        f"{ISSUER},{TOKEN_ENDPOINT}",
    ],
)
async def test_t041_another_audience_is_refused(audience: Any) -> None:
    """RFC 7523 §3: a JWT without this server as its audience MUST be rejected."""
    assert "aud is" in await _refused(SIGNED.sign(_claims(aud=audience)))


@pytest.mark.parametrize("name", ["iss", "sub"])
@pytest.mark.parametrize(
    "value", [..., None, "", CLIENT_ID[:-1], CLIENT_ID + "/", [CLIENT_ID], "other", 7]
)
async def test_t040_another_issuer_or_subject_is_refused(name: str, value: Any) -> None:
    """RFC 7523 §3: for client authentication iss and sub MUST be the client_id."""
    hint = await _refused(SIGNED.sign(_claims(**{name: value})))

    assert hint == f"client_assertion refused: {name} is not the client_id"


@pytest.mark.parametrize(
    "times",
    [
        {"exp": SECONDS + 1},
        {"exp": SECONDS + 0.5},
        {"exp": SECONDS + 3_600 + 60},
        {"iat": ...},
        {"iat": SECONDS + 60},
        {"iat": SECONDS - 86_400},
        {"nbf": SECONDS + 60},
        {"nbf": SECONDS - 1.5},
    ],
)
async def test_t190_times_within_their_bounds(times: dict[str, Any]) -> None:
    """RFC 7523 §3: exp, nbf and iat, with some leeway for clocks."""
    await _verify(SIGNED.sign(_claims(**times)))


@pytest.mark.parametrize(
    "times",
    [
        {"exp": ...},
        {"exp": None},
        {"exp": SECONDS},
        {"exp": SECONDS - 1},
        {"exp": SECONDS + 3_600 + 61},
        {"exp": 2**70},
        {"exp": -(2**70)},
        {"exp": str(SECONDS + 60)},
        {"exp": True},
        {"exp": [SECONDS + 60]},
        {"iat": SECONDS + 61},
        {"iat": "now"},
        {"nbf": SECONDS + 61},
        {"nbf": False},
    ],
)
async def test_t190_times_beyond_their_bounds(times: dict[str, Any]) -> None:
    """RFC 7523 §3: exp is demanded; too late, too early or too far away is refused."""
    assert await _refused(_sign({}, _claims(**times)))


async def test_t190_what_is_no_number_is_no_time() -> None:
    """RFC 7519 §2: a NumericDate is a JSON number, and NaN is none."""
    for value in ("NaN", "Infinity", "-Infinity", "1e999"):
        claims = json.dumps(_claims()).replace(str(SECONDS + 60), value)
        assertion = _sign({}, json.loads(claims))
        assert "exp is no instant" in await _refused(assertion)


async def test_the_end_is_remembered_to_the_next_second() -> None:
    """RFC 7523 §3: a jti is kept for as long as the JWT would be valid."""
    ids = AssertionIdsInMemory()

    await _verify(SIGNED.sign(_claims(exp=SECONDS + 0.25)), ids)

    expected = datetime.fromtimestamp(SECONDS + 1, UTC)
    assert list(ids.seen.values()) == [expected]


async def test_an_assertion_counts_once() -> None:
    """OIDC Core §9: jti is REQUIRED, and must be used once."""
    ids = AssertionIdsInMemory()
    await _verify(SIGNED.sign(_claims()), ids)

    with pytest.raises(InvalidClient) as refusal:
        await _verify(KEYS["RS256"].sign(_claims()), ids)

    assert refusal.value.hint == "client_assertion refused: jti was used before"


@pytest.mark.parametrize("jti", [..., None, "", 7, ["a"], "x" * 257, "a\0", "\ud800"])
async def test_an_assertion_needs_an_identifier(jti: Any) -> None:
    """OIDC Core §9: jti is REQUIRED."""
    assert "jti" in await _refused(_sign({}, _claims(jti=jti)))


@pytest.mark.parametrize("name", ["none", "None", "nOnE", "NONE"])
async def test_t001_an_assertion_without_a_signature_is_refused(name: str) -> None:
    """RFC 7523 §3: it MUST be signed or have a MAC."""
    for header in ({"alg": name}, {"alg": name, "kid": SIGNED.kid}):
        assert await _refused(forge(header, _claims(), unsigned))


async def test_t002_a_public_key_is_no_secret() -> None:
    """RFC 8725 §3.1: the algorithm is held to the key, and HMAC is not taken."""
    key = KEYS["RS256"]
    pem = key.key.as_pem(private=False)
    forms = [pem, pem.strip(), key.key.as_der(private=False), b" " + pem]
    forms += [pem.replace(b"\n", b"\r\n"), json.dumps(key.jwk).encode()]
    forms += [json.dumps(PUBLIC).encode()]

    for secret in forms:
        for header in ({"alg": "HS256"}, {"alg": "HS256", "kid": key.kid}):
            assert await _refused(forge(header, _claims(), with_secret(secret)))


async def test_t004_an_empty_key_signs_nothing() -> None:
    """RFC 8725 §3.5: no empty or weak HMAC keys."""
    empty = {"keys": [{"kty": "oct", "k": ""}]}
    assertion = forge({"alg": "HS256"}, _claims(), with_secret(b""))

    assert await _refused(assertion)
    assert await _refused(assertion, _client(jwks=empty))


async def test_t005_a_key_in_the_token_means_nothing() -> None:
    """RFC 8725 §3.10: jwk, jku, x5u and x5c are not trusted."""
    sign, jwk = with_own_key()
    own: list[dict[str, Any]] = [
        {"jwk": jwk},
        {"jku": "https://evil.example/jwks.json"},
        {"x5u": "https://evil.example/cert.pem"},
        {"x5c": ["MIIB"]},
        {"kid": "../../dev/null"},
        {"kid": "https://evil.example/key"},
        {"kid": "' OR 1=1 --"},
        {"kid": ["key-ES256"]},
        {"kid": {}},
        {"kid": ""},
    ]

    for header in own:
        for more in ({}, {"kid": SIGNED.kid}):
            token = forge({"alg": "ES256"} | more | header, _claims(), sign)
            assert await _refused(token)


async def test_t007_a_critical_extension_is_refused() -> None:
    """RFC 7515 §4.1.11: a critical extension that is not understood is invalid."""
    for crit in (["b64"], ["x"], [], ["exp"], None, "b64"):
        for more in ({}, {"b64": False}, {"x": 1, "b64": True}):
            token = _sign({"crit": crit} | more, _claims())
            assert await _refused(token)
    assert "an extension is critical" in await _refused(_sign({"crit": []}, _claims()))


async def test_a_member_that_nobody_knows_is_ignored() -> None:
    """RFC 7515 §4: members that are not understood MUST be ignored."""
    await _verify(_sign({"x": 1, "x5c": ["MIIB" * 500]}, _claims()))


@pytest.mark.parametrize("typ", ["JWT", "jwt", "client-authentication+jwt"])
async def test_a_type_that_says_what_it_is(typ: str) -> None:
    """RFC 7519 §5.1: typ is optional, and has no case."""
    await _verify(_sign({"typ": typ}, _claims()))


@pytest.mark.parametrize("typ", ["at+jwt", "logout+jwt", "dpop+jwt", "", 7, None])
async def test_t049_another_type_is_another_kind_of_token(typ: Any) -> None:
    """RFC 8725 §3.11: explicit types keep kinds of JWT apart."""
    assert await _refused(_sign({"typ": typ}, _claims()))


async def test_t137_monstrous_assertions_are_refused_unparsed() -> None:
    """RFC 8725 §3.3: every part is checked before it is used."""
    start = b'{"alg":"ES256","x":'
    header = start + b"1}"

    for token in (
        "." * 100_000,
        "a" * 1_000_000,
        "é.é.é",
        _raw(start + b"[" * 1_500 + b"]" * 1_400, b"{}"),
        _raw(start + b"[" * 1_400 + b"]" * 1_400 + b"}", b"{}"),
        _raw(start + b'"' + b"y" * 3_500 + b'"}', b"{}"),
        _raw(header, b"[" * 3_000),
        _raw(header, b"{}") + "A" * 3_000,
    ):
        assert await _refused(token)


async def test_a_client_without_keys_proves_nothing() -> None:
    """RFC 7523 §3: the signature is checked with the client's key."""
    forms: list[Any] = [None, {}, {"keys": []}, {"keys": None}, {"keys": [None, "x"]}]
    for jwks in forms:
        hint = await _refused(SIGNED.sign(_claims()), _client(jwks=jwks))
        assert hint.startswith(
            "client_assertion refused: no registered keys are for ES256"
        )
