"""The wrapper around the JOSE library, with tokens and keys that others made."""

import warnings
from base64 import urlsafe_b64decode
from types import SimpleNamespace
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from jwt import PyJWK, decode

from app.core import jose
from tests.oauth.token_support import KEYS, KeyPair
from tests.security.forgery import encode, forge, with_secret

# RFC 7515 appendix A.2, A.3; RFC 8037 appendix A.4: payload, header, key, signature.
PAYLOAD = (
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
)
RS256 = {
    "kty": "RSA",
    "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPC"
    "JrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGz"
    "jb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtd"
    "VMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethF"
    "kMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    "e": "AQAB",
}
RS256_SIGNATURE = (
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_l"
    "F5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75v"
    "RK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWE"
    "sqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVm"
    "tVrBp0igcN_IoypGlUPQGe77Rw"
)
ES256 = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
ES256_SIGNATURE = (
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-"
    "Kg6NU1Q"
)
ED25519 = {
    "kty": "OKP",
    "crv": "Ed25519",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
ED25519_EXAMPLE = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_M"
    "uM0KAg"
)
PAIR = KEYS["ES256"]


def _verify(token: str, *keys: Any) -> dict[str, Any]:
    return jose.verify_with_jwks(token, {"keys": list(keys)}, types=["jwt"])


def _refused(token: str, *keys: Any) -> str:
    with pytest.raises(jose.InvalidToken) as refusal:
        _verify(token, *keys)
    return str(refusal.value)


def _header(algorithm: str) -> str:
    return encode(b'{"alg":"%s"}' % algorithm.encode())


def _token(header: dict[str, Any], pair: KeyPair = PAIR) -> str:
    algorithm = JWSRegistry.algorithms[pair.algorithm]
    return forge(
        {"alg": pair.algorithm} | header,
        {"sub": "a"},
        lambda message: algorithm.sign(message, pair.key),
    )


@pytest.mark.parametrize(
    ("algorithm", "jwk", "signature"),
    [("RS256", RS256, RS256_SIGNATURE), ("ES256", ES256, ES256_SIGNATURE)],
)
def test_the_examples_of_the_standard(
    algorithm: str, jwk: dict[str, Any], signature: str
) -> None:
    """RFC 7515 appendix A.2, appendix A.3, RFC 7519 §3.1: the examples, verbatim."""
    header = _header(algorithm)
    other = signature[:-8] + "AAAAAAAA"

    assert _verify(f"{header}.{PAYLOAD}.{signature}", jwk) == {
        "iss": "joe",
        "exp": 1300819380,
        "http://example.com/is_root": True,
    }
    assert "BadSignature" in _refused(f"{header}.{PAYLOAD}.{other}", jwk)


def test_the_example_of_ed25519() -> None:
    """RFC 8037 appendix A.5: the signature holds; the text is no JSON."""
    assert _refused(ED25519_EXAMPLE, ED25519) == "the claims cannot be read"
    assert "BadSignature" in _refused(ED25519_EXAMPLE[:-3] + "KAw", ED25519)


@pytest.mark.parametrize("algorithm", jose.ALGORITHMS)
def test_our_own_key_is_read_as_it_was_written(algorithm: str) -> None:
    """RFC 7518 §6.3.2: every number in its place, although nobody tests them again."""
    written = jose.generate_key(algorithm).as_dict(private=True)

    read = jose.import_own_key(written)

    assert read.as_dict(private=True) == written
    assert jose.import_key(written).as_dict(private=True) == written


@pytest.mark.parametrize("pair", KEYS.values(), ids=list(KEYS))
def test_what_is_signed_can_be_verified(pair: KeyPair) -> None:
    """RFC 7518 §3.1, RFC 8037 §3.1: each algorithm, and without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        token = pair.sign({"iss": "a"}, "JWT")

        assert _verify(token, pair.jwk) == {"iss": "a"}
        assert jose.verify_ours(token, pair, typ="JWT", issuer="a") == {"iss": "a"}


@pytest.mark.parametrize("name", [*JWSRegistry.algorithms, "x", "", 7, None, ["ES256"]])
def test_t001_only_what_is_listed_verifies(name: Any) -> None:
    """RFC 8725 §3.1: an allow-list of algorithms."""
    token = _token({"alg": name})

    if name == "ES256":
        assert _verify(token, PAIR.jwk) == {"sub": "a"}
        return
    assert _refused(token, PAIR.jwk)


@pytest.mark.parametrize("algorithm", ["HS256", "none", ""])
def test_t004_no_algorithm_is_taken_that_nobody_named(algorithm: str) -> None:
    """RFC 8725 §3.5: an empty secret verifies nothing, whatever is asked for."""
    token = forge({"alg": algorithm, "typ": "JWT"}, {}, with_secret(b""))

    for expected in ("ES256", ""):
        with pytest.raises(jose.InvalidToken):
            jose.verify(token, PAIR.key, algorithm=expected, typ="JWT")


def test_a_kid_chooses_the_key() -> None:
    """RFC 7515 §4.1.4: kid says which key was used."""
    other = KeyPair("ES256", "other", jose.generate_key("ES256"))
    unnamed = {k: v for k, v in PAIR.jwk.items() if k != "kid"}

    assert _verify(_token({"kid": PAIR.kid}), other.jwk, PAIR.jwk)
    assert _verify(_token({"kid": "whatever"}), other.jwk, unnamed)
    assert _verify(_token({}), PAIR.jwk)
    assert _verify(_token({}), unnamed, KEYS["RS256"].jwk)
    assert _refused(_token({"kid": "whatever"}), PAIR.jwk).startswith("no registered")
    assert "BadSignature" in _refused(_token({"kid": "other"}), other.jwk, PAIR.jwk)


def test_several_keys_need_a_kid() -> None:
    """OIDC Core §10.1: with several keys in the set, kid MUST be provided."""
    other = KeyPair("ES256", "other", jose.generate_key("ES256"))

    assert _refused(_token({}), PAIR.jwk, other.jwk).startswith("2 registered keys")
    assert _refused(_token({"kid": "a"}), *[{**PAIR.jwk, "kid": "a"}] * 2)


@pytest.mark.parametrize(
    "changed",
    [
        {"kty": "RSA"},
        {"crv": "P-384"},
        {"crv": None},
        {"use": "enc"},
        {"alg": "RS256"},
        {"key_ops": ["sign"]},
        {"key_ops": []},
        {"key_ops": "verify"},
        {"key_ops": 7},
        {"kty": ["EC"]},
    ],
)
def test_a_key_for_something_else_does_not_fit(changed: dict[str, Any]) -> None:
    """RFC 7517 §4.1-4.4: type, curve, use, operations and algorithm of a key."""
    assert _refused(_token({}), PAIR.jwk | changed).startswith("no registered keys")


def test_a_key_that_says_nothing_fits() -> None:
    """RFC 7517 §4: use, key_ops, alg and kid are optional."""
    bare = {name: PAIR.jwk[name] for name in ("kty", "crv", "x", "y")}

    assert _verify(_token({}), bare)
    assert _verify(_token({}), bare | {"key_ops": ["verify"], "use": "sig"})


@pytest.mark.parametrize(
    "changed",
    [{"x": "AAAA"}, {"x": "!"}, {"x": 7}, {"x": None}, {"y": ""}, {"y": "é"}],
)
def test_a_broken_key_is_refused(changed: dict[str, Any]) -> None:
    """RFC 8725 §3.4: keys and points on curves are validated."""
    assert _refused(_token({}), PAIR.jwk | changed) == (
        "the registered key cannot be read"
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"n": RS256["n"][:171]},  # 1024 bits
        {"n": RS256["n"] * 4},
        {"n": 7},
        {"e": RS256["n"]},
        {"e": ""},
    ],
)
def test_t137_an_rsa_key_has_a_sane_size(changed: dict[str, Any]) -> None:
    """RFC 7518 §3.3: 2048 bits or more MUST be used; huge keys only cost time."""
    token = f"{_header('RS256')}.{PAYLOAD}.AA"

    assert "too short or too long" in _refused(token, RS256 | changed)


def test_a_private_half_is_not_looked_at() -> None:
    """RFC 7517 §9.2: whoever registers a private key is verified by its public half."""
    private = dict(PAIR.key.as_dict(private=True)) | {"d": "broken!"}

    assert _verify(_token({}), private)


@pytest.mark.parametrize(
    "key",
    [
        OKPKey.generate_key("Ed448"),
        OKPKey.generate_key("X25519"),
        ECKey.generate_key("P-384"),
        RSAKey.generate_key(2048),
    ],
)
def test_eddsa_is_ed25519(key: Any) -> None:
    """RFC 8037 §3.1: the curve decides, and hashes of tokens rest on it."""
    token = f"{_header('EdDSA')}.{PAYLOAD}.AA"

    assert _refused(token, key.as_dict(private=False)).startswith("no registered keys")


def test_longer_headers_are_read_to_a_limit() -> None:
    """RFC 7515 §4.1.6: certificates may stand in a header."""
    assert _verify(_token({"x5c": ["A" * 2_800]}), PAIR.jwk)
    assert _refused(_token({"x5c": ["A" * 3_100]}), PAIR.jwk)


def test_claims_are_read_before_anything_is_proven() -> None:
    """RFC 7521 §4.2: the subject says whose keys to look at."""
    assert jose.unverified_claims(_token({})) == {"sub": "a"}
    for wrong in ("", "a.b", "a.b.c", f"{encode(b'{}')}.e30.", "." * 9_000):
        with pytest.raises(jose.InvalidToken):
            jose.unverified_claims(wrong)


@pytest.mark.parametrize(
    "header", [b'"alg"', b'["alg"]', b"7", b"null", b"\xff", b"{}"]
)
def test_a_header_that_is_no_object_is_refused(header: bytes) -> None:
    """RFC 7515 §4: the header is a JSON object."""
    assert _refused(f"{encode(header)}.e30.AA", PAIR.jwk)
    with pytest.raises(jose.InvalidToken):
        jose.unverified_header(f"{encode(header)}.e30.AA")


@pytest.mark.parametrize(
    ("audience", "expected"),
    [
        ("a", True),
        (["a"], True),
        (["x", "b"], True),
        ("x", False),
        ("ab", False),
        ("", False),
        ([], False),
        (["a", 7], False),
        ([["a"]], False),
        (None, False),
        ({"a": 1}, False),
        (True, False),
    ],
)
def test_t041_an_audience_is_a_name_or_a_list_of_names(
    audience: Any, expected: bool
) -> None:
    """RFC 7519 §4.1.3: the recipient MUST find itself in aud."""
    assert jose.has_audience({"aud": audience}, {"a", "b"}) is expected
    assert jose.has_audience({}, {"a"}) is False


def test_a_token_of_ours_needs_a_key_of_ours() -> None:
    """RFC 7515 §6: the key is known, and not brought."""
    token = PAIR.sign({"iss": "a"})

    for key, issuer in ((None, "a"), (KEYS["RS256"], "a"), (PAIR, "b")):
        with pytest.raises(jose.InvalidToken):
            jose.verify_ours(token, key, typ="JWT", issuer=issuer)


@pytest.mark.parametrize(("r", "s"), [(1, 2), (1 << 247, 1 << 255), (1 << 255, 255)])
def test_numbers_of_a_signature_keep_their_leading_zeros(r: int, s: int) -> None:
    """RFC 7518 §3.4: R and S are 32 octets each, however small the numbers are."""
    private = SimpleNamespace(curve=SimpleNamespace(name="secp256r1"))
    key = SimpleNamespace(private_key=private)
    key.private_key.sign = lambda *_: encode_dss_signature(r, s)

    token = jose.sign({}, cast(Key, key), kid="key", algorithm="ES256", typ="jwt")

    signature = urlsafe_b64decode(token.rpartition(".")[2] + "==")
    assert signature == r.to_bytes(32, "big") + s.to_bytes(32, "big")


def test_every_signature_of_ours_is_one_to_another_library() -> None:
    key = jose.generate_key("ES256")
    other = PyJWK(jose.public_jwk(key, "key", "ES256"))

    for number in range(300):  # two or three of them with a leading zero
        claims = {"number": number}
        token = jose.sign(claims, key, kid="key", algorithm="ES256", typ="jwt")

        assert decode(token, other, algorithms=["ES256"]) == claims


@pytest.mark.parametrize("curve", ["P-384", "P-521", "secp256k1"])
def test_a_key_of_another_curve_does_not_sign(curve: Any) -> None:
    key = ECKey.generate_key(curve)

    with pytest.raises(ValueError, match="P-256"):
        jose.sign({}, key, kid="key", algorithm="ES256", typ="jwt")
