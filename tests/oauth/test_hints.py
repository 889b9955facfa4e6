"""ID tokens that come back as hints."""

import json
from typing import Any

import pytest

from app.oauth.errors import InvalidRequest
from app.oauth.hints import Hint, read_id_token_hint
from tests.oauth.token_support import CLIENT_ID, ISSUER, KEYS, SECONDS, KeyPair
from tests.security.forgery import forge, parts, unsigned, with_own_key, with_secret

BY_KID = {pair.kid: pair for pair in KEYS.values()}
RSA = KEYS["RS256"]
# OIDC Core §2; sid and aud are ours.
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "sub": "24400320",
    "aud": CLIENT_ID,
    "nonce": "n-0S6_WzA2Mj",
    "exp": SECONDS + 600,
    "iat": SECONDS,
    "auth_time": SECONDS,
    "sid": "session",
}
EXPECTED = Hint(client_id=CLIENT_ID, subject="24400320", session_id="session")


def _claims(**changed: Any) -> dict[str, Any]:
    return {k: v for k, v in (CLAIMS | changed).items() if v is not ...}


def _read(token: str, client_id: str | None = CLIENT_ID) -> Hint:
    return read_id_token_hint(
        token, find_key=BY_KID.get, issuer=ISSUER, client_id=client_id
    )


def _refused(token: str, client_id: str | None = CLIENT_ID) -> str:
    with pytest.raises(InvalidRequest) as refusal:
        _read(token, client_id)
    assert refusal.value.description == "id_token_hint is not valid"
    return refusal.value.hint


@pytest.mark.parametrize("pair", KEYS.values(), ids=list(KEYS))
def test_a_hint_says_who_was_signed_in(pair: KeyPair) -> None:
    """OIDC Core §3.1.2.1: an ID token that this server issued before."""
    assert _read(pair.sign(CLAIMS)) == EXPECTED


def test_a_hint_may_have_expired() -> None:
    """RP-Initiated Logout §4: ID tokens SHOULD be accepted after their exp."""
    assert (
        _read(RSA.sign(_claims(exp=SECONDS - 10**8, iat=SECONDS - 10**9))) == EXPECTED
    )


def test_a_hint_names_the_client_if_nothing_else_does() -> None:
    """RP-Initiated Logout §2: client_id is optional beside id_token_hint."""
    assert _read(RSA.sign(CLAIMS), client_id=None) == EXPECTED


def test_a_hint_of_another_client_is_refused() -> None:
    """RP-Initiated Logout §2: client_id and the audience MUST agree."""
    assert _refused(RSA.sign(CLAIMS), "other") == (
        f"id_token_hint refused: issued to {CLIENT_ID}, not to other"
    )


@pytest.mark.parametrize(
    "audience", [..., None, "", [], [CLIENT_ID], [CLIENT_ID, "other"], {}, 7]
)
def test_t041_a_hint_is_for_exactly_this_client(audience: Any) -> None:
    """OIDC Core §2: our ID tokens have one audience."""
    assert _refused(RSA.sign(_claims(aud=audience)))


@pytest.mark.parametrize(
    "issuer",
    [..., None, "", ISSUER + "/", ISSUER[:-1], [ISSUER], "https://evil.example"],
)
def test_t040_another_issuer_is_refused(issuer: Any) -> None:
    """RP-Initiated Logout §2: the OP MUST validate that it was the issuer."""
    assert "issued by somebody else" in _refused(RSA.sign(_claims(iss=issuer)))


@pytest.mark.parametrize("name", ["exp", "iat", "sub", "sid"])
@pytest.mark.parametrize("value", [..., None, 1.5, ["x"], True])
def test_what_is_no_id_token_is_refused(name: str, value: Any) -> None:
    """OIDC Core §2: what every ID token of ours has."""
    assert "no ID token" in _refused(RSA.sign(_claims(**{name: value})))


@pytest.mark.parametrize("typ", ["at+jwt", "logout+jwt", "jwt", "", "JWT "])
def test_t049_another_type_is_refused(typ: str) -> None:
    """RFC 8725 §3.11: another kind of token is no hint."""
    assert "another type" in _refused(RSA.sign(CLAIMS, typ))


@pytest.mark.parametrize("name", ["none", "None", "nOnE"])
def test_t001_a_hint_without_a_signature_is_refused(name: str) -> None:
    """OIDC Core §2: id_token_hint is signed by us, or it is nothing."""
    header = {"alg": name, "typ": "JWT"}

    assert _refused(forge(header | {"kid": RSA.kid}, CLAIMS, unsigned))
    assert _refused(forge(header, CLAIMS, unsigned))


def test_t002_a_public_key_is_no_secret() -> None:
    """RFC 8725 §3.1: each key has one algorithm."""
    header = {"alg": "HS256", "typ": "JWT", "kid": RSA.kid}
    pem = RSA.key.as_pem(private=False)

    for secret in (pem, RSA.key.as_der(private=False), json.dumps(RSA.jwk).encode()):
        assert _refused(forge(header, CLAIMS, with_secret(secret)))


def test_t005_another_key_is_refused() -> None:
    """RFC 8725 §3.10: keys are ours, whatever the header says."""
    sign, jwk = with_own_key()
    header = {"alg": "ES256", "typ": "JWT"}

    for more in ({"kid": "key-ES256"}, {"kid": "own", "jwk": jwk}, {"jwk": jwk}):
        assert _refused(forge(header | more, CLAIMS, sign))


def test_t010_an_algorithm_is_not_lent_to_another_key() -> None:
    """RFC 8725 §3.1: PS256 and RS256 take the same kind of key, and are not mixed."""
    confused = KeyPair("PS256", RSA.kid, RSA.key).sign(CLAIMS)

    assert parts(confused)[0]["kid"] == RSA.kid
    assert _refused(confused)


def test_t191_a_retired_key_is_refused() -> None:
    """OIDC Core §10.1.1: a key that is published no more verifies nothing."""
    token = KeyPair("RS256", "retired", RSA.key).sign(CLAIMS)

    assert _refused(token) == "id_token_hint refused: the key is unknown"


def test_a_changed_hint_is_refused() -> None:
    """OIDC Core §3.1.3.7: the signature covers all of it."""
    token = RSA.sign(CLAIMS)
    header, payload, signature = token.split(".")
    other = RSA.sign(_claims(sub="x")).split(".")[1]

    for wrong in (
        f"{header}.{other}.{signature}",
        f"{header}.{payload}.{signature[:-4]}",
        f"{header}.{payload}.",
        f"{header}.{payload}",
        "",
        "x",
    ):
        assert _refused(wrong)
