"""JWTs: the one thin wrapper around the JOSE library (RFC 7515, 7519, 8725).

What a caller cannot forget because it is done here: a size limit before parsing, one
fixed algorithm per key, an explicit ``typ``, a known ``kid``, no keys from the token.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

MAX_TOKEN_LENGTH = 8_192
_GENERATORS: dict[str, Any] = {
    "ES256": lambda: ECKey.generate_key("P-256", private=True),
    "RS256": lambda: RSAKey.generate_key(2048, private=True),
    "PS256": lambda: RSAKey.generate_key(2048, private=True),
    "EdDSA": lambda: OKPKey.generate_key("Ed25519", private=True),
}
_PUBLIC_MEMBERS = ("kty", "crv", "x", "y", "n", "e")


class InvalidToken(Exception):
    """The token proves nothing; the text says why, for the log."""


def generate_key(algorithm: str) -> Key:
    """Return a new private key for a JWA algorithm."""
    key: Key = _GENERATORS[algorithm]()
    return key


def import_key(jwk: Mapping[str, Any]) -> Key:
    """Return the key object of a JWK of ours; build once and keep (parsing is slow)."""
    kinds: dict[str, Any] = {"EC": ECKey, "RSA": RSAKey, "OKP": OKPKey}
    key: Key = kinds[jwk["kty"]].import_key(dict(jwk))
    return key


def public_jwk(key: Key, kid: str, algorithm: str) -> dict[str, Any]:
    """Return the public half as it is published (RFC 7517)."""
    jwk = key.as_dict(private=False)
    public = {name: jwk[name] for name in _PUBLIC_MEMBERS if name in jwk}
    return public | {"kid": kid, "use": "sig", "alg": algorithm}


def sign(
    claims: Mapping[str, Any], key: Key, *, kid: str, algorithm: str, typ: str
) -> str:
    """Return a compact JWS of the claims (RFC 7515 section 7.1)."""
    payload = urlsafe_b64encode(orjson.dumps(claims)).rstrip(b"=")
    signed = _header(algorithm, typ, kid) + b"." + payload
    signature = jws.JWSRegistry.algorithms[algorithm].sign(signed, key)
    return (signed + b"." + urlsafe_b64encode(signature).rstrip(b"=")).decode()


@lru_cache(maxsize=64)
def _header(algorithm: str, typ: str, kid: str) -> bytes:
    header = {"alg": algorithm, "typ": typ, "kid": kid}
    return urlsafe_b64encode(orjson.dumps(header)).rstrip(b"=")


def unverified_header(token: str) -> dict[str, Any]:
    """Return the protected header, to look the key up by; it proves nothing.

    Raises:
        InvalidToken: Too long, not three parts with a JSON object in the first, or
            the object demands an extension.
    """
    if len(token) > MAX_TOKEN_LENGTH or token.count(".") != 2 or not token.isascii():
        raise InvalidToken("not a compact JWS of acceptable size")
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError) as error:
        raise InvalidToken("the header cannot be read") from error
    if not isinstance(header, dict) or not isinstance(header.get("kid"), str):
        raise InvalidToken("the header names no key")
    if "crit" in header:  # RFC 7515 section 4.1.11: this service knows no extension
        raise InvalidToken("an extension is critical")
    return header


def verify(token: str, key: Key, *, algorithm: str, typ: str) -> dict[str, Any]:
    """Return the claims of a token that this key signed.

    Raises:
        InvalidToken: Another algorithm or type, a bad signature, or no JSON object.
    """
    try:
        signed = jws.deserialize_compact(token.encode(), key, algorithms=[algorithm])
        claims = json.loads(signed.payload)
    except (JoseError, ValueError) as error:
        raise InvalidToken(f"verification failed: {type(error).__name__}") from error
    if signed.headers().get("typ") != typ:
        raise InvalidToken("the token is of another type")
    if not isinstance(claims, dict):
        raise InvalidToken("the claims are no object")
    return claims


def check_claims(
    claims: Mapping[str, Any], *, issuer: str, audience: str, now: datetime
) -> None:
    """Refuse claims that are not for here and now (RFC 7519 section 4.1).

    Raises:
        InvalidToken: Issuer or audience differ in any character, the token expired, is
            not valid yet, or a time is no integer.
    """
    if claims.get("iss") != issuer:
        raise InvalidToken("issued by somebody else")
    if claims.get("aud") != audience:
        raise InvalidToken("meant for another audience")
    instant = now.timestamp()
    expires, issued = claims.get("exp"), claims.get("iat")
    if type(expires) is not int or type(issued) is not int:
        raise InvalidToken("exp and iat must be integers")
    if instant >= expires:
        raise InvalidToken("expired")
    if "nbf" in claims and not (
        type(claims["nbf"]) is int and claims["nbf"] <= instant
    ):
        raise InvalidToken("not valid yet")
