"""JWTs: the one thin wrapper around the JOSE library (RFC 7515, 7519, 8725).

What a caller cannot forget because it is done here: a size limit before parsing, one
fixed algorithm per key, an explicit ``typ``, a known ``kid``, no keys from the token.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

import orjson
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateNumbers,
    RSAPublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.util import base64_to_int

MAX_TOKEN_LENGTH = 8_192
MAX_HEADER_LENGTH = 4_096  # of other people's tokens: certificates may stand in it
# What signs here, and what clients may sign with: the algorithm, its type of key, its
# curve. EdDSA is Ed25519 (RFC 8037); HMAC is missing, so no secret is ever a key.
_KEYS: Mapping[str, tuple[str, str | None]] = {
    "RS256": ("RSA", None),
    "PS256": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "EdDSA": ("OKP", "Ed25519"),
}
ALGORITHMS = tuple(_KEYS)
_KINDS: dict[str, Any] = {"EC": ECKey, "RSA": RSAKey, "OKP": OKPKey}
_PUBLIC_MEMBERS = ("kty", "crv", "x", "y", "n", "e")
_RSA_MEMBERS = ("n", "e", "d", "p", "q", "dp", "dq", "qi")
_ECDSA = ECDSA(SHA256())
_MODULUS = range(342, 684)  # base64url characters of 2048 to 4096 bits
_FAR = 2.0**53  # seconds that a float holds exactly; also keeps NaN out
_EXPONENT = range(2, 7)  # up to 32 bits; a longer one only makes verifying slow


class InvalidToken(Exception):
    """The token proves nothing; the text says why, for the log."""


class VerificationKey(Protocol):
    """A key of ours, and the one algorithm that it is for."""

    @property
    def key(self) -> Key:
        """The key object."""
        ...

    @property
    def algorithm(self) -> str:
        """JWA name."""
        ...


class _Registry(jws.JWSRegistry):
    """The library's checks; but what is not named is refused, and nothing warns.

    Without names the library falls back on a list of its own, HMAC among it; it also
    warns of EdDSA, which clients ask for under that name.
    """

    def get_alg(self, name: str) -> Any:
        """Return an algorithm that the caller named."""
        if name not in _KEYS or name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError("the algorithm is not accepted")
        return self.algorithms[name]


class _ForeignRegistry(_Registry):
    """For tokens that others made: longer headers, with members of their own."""

    max_header_length = MAX_HEADER_LENGTH


@lru_cache(maxsize=16)
def _registry(algorithm: str) -> _Registry:
    return _Registry(algorithms=(algorithm,))


@lru_cache(maxsize=16)
def _foreign_registry(algorithm: str) -> _ForeignRegistry:
    # RFC 7515 section 4: members that are not understood are ignored.
    return _ForeignRegistry(algorithms=(algorithm,), strict_check_header=False)


def generate_key(algorithm: str) -> Key:
    """Return a new private key for a JWA algorithm."""
    kind, curve = _KEYS[algorithm]
    key: Key = _KINDS[kind].generate_key(curve or 2048, private=True)
    return key


def import_key(jwk: Mapping[str, Any]) -> Key:
    """Return the key object of a JWK of ours; build once and keep (parsing is slow)."""
    key: Key = _KINDS[jwk["kty"]].import_key(dict(jwk))
    return key


def import_private(private: Any, algorithm: str) -> Key:
    """Return the key object of a private key of ``cryptography``."""
    key: Key = _KINDS[_KEYS[algorithm][0]].import_key(private)
    return key


def import_published(jwk: Mapping[str, Any]) -> Key:
    """Return the key object of what ``public_jwk`` made: it verifies."""
    return import_key({name: jwk[name] for name in _PUBLIC_MEMBERS if name in jwk})


def import_own_key(jwk: Mapping[str, Any]) -> Key:
    """Return the object of a private key that ``generate_key`` made and nobody changed.

    The tests that the library makes of an RSA key cost thirty milliseconds, and say
    nothing new about one that an intact seal vouches for.
    """
    if jwk["kty"] != "RSA":
        return import_key(jwk)
    n, e, d, p, q, dp, dq, qi = (base64_to_int(jwk[name]) for name in _RSA_MEMBERS)
    public = RSAPublicNumbers(e, n)
    numbers = RSAPrivateNumbers(p, q, d, dp, dq, qi, public)
    return RSAKey.import_key(numbers.private_key(unsafe_skip_rsa_key_validation=True))


def public_jwk(key: Key, kid: str, algorithm: str) -> dict[str, Any]:
    """Return the public half as it is published (RFC 7517)."""
    jwk = key.as_dict(private=False)
    public = {name: jwk[name] for name in _PUBLIC_MEMBERS if name in jwk}
    return public | {"kid": kid, "use": "sig", "alg": algorithm}


def sign(
    claims: Mapping[str, Any], key: Key, *, kid: str, algorithm: str, typ: str
) -> str:
    """Return a compact JWS of a key in the hand; what signs tokens is a ``Signer``."""
    message = signing_input(claims, kid=kid, algorithm=algorithm, typ=typ)
    return compact(message, signature(message, key, algorithm))


def signing_input(
    claims: Mapping[str, Any], *, kid: str, algorithm: str, typ: str
) -> bytes:
    """Return what is signed of a JWS: its header and the claims (RFC 7515 §5.1)."""
    payload = urlsafe_b64encode(orjson.dumps(claims)).rstrip(b"=")
    return _header(algorithm, typ, kid) + b"." + payload


def compact(message: bytes, signature: bytes) -> str:
    """Return a compact JWS of what was signed and its signature (RFC 7515 §7.1)."""
    return (message + b"." + urlsafe_b64encode(signature).rstrip(b"=")).decode()


def signature(message: bytes, key: Key, algorithm: str) -> bytes:
    """Return the signature of a private key.

    Of ES256 it is made here: the library looks the key over each time and takes both
    numbers through text, which costs half as much again as signing.
    """
    if algorithm != "ES256":
        return jws.JWSRegistry.algorithms[algorithm].sign(message, key)
    private: Any = key.private_key
    if private.curve.name != "secp256r1":  # the signature would be one to nobody
        raise ValueError("ES256 is made with a key on P-256")
    r, s = decode_dss_signature(private.sign(message, _ECDSA))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")  # RFC 7518 section 3.4


@lru_cache(maxsize=64)
def _header(algorithm: str, typ: str, kid: str) -> bytes:
    header = {"alg": algorithm, "typ": typ, "kid": kid}
    return urlsafe_b64encode(orjson.dumps(header)).rstrip(b"=")


def _extract(
    token: str, registry: jws.JWSRegistry, longest: int = MAX_TOKEN_LENGTH
) -> jws.CompactSignature:
    if len(token) > longest or token.count(".") != 2 or not token.isascii():
        raise InvalidToken("not a compact JWS of acceptable size")
    try:
        signed = jws.extract_compact(token.encode(), registry=registry)
    except (JoseError, ValueError, RecursionError) as error:
        raise InvalidToken("the header cannot be read") from error
    header = signed.headers()
    if not isinstance(header, dict):
        raise InvalidToken("the header is no object")
    if "crit" in header:  # RFC 7515 section 4.1.11: this service knows no extension
        raise InvalidToken("an extension is critical")
    return signed


def unverified_header(token: str) -> dict[str, Any]:
    """Return the protected header, to look the key up by; it proves nothing.

    Raises:
        InvalidToken: Too long, not three parts with a JSON object in the first, or
            the object demands an extension.
    """
    header: dict[str, Any] = _extract(token, jws.default_registry).headers()
    if not isinstance(header.get("kid"), str):
        raise InvalidToken("the header names no key")
    return header


def unverified_claims(token: str) -> dict[str, Any]:
    """Return the claims of a token that others made, to look its maker up by.

    Raises:
        InvalidToken: It is no compact JWS with a JSON object in it.
    """
    return _claims(_extract(token, _foreign_registry("")))


def algorithm_of(token: str) -> str:
    """Return what a token that was verified is signed with."""
    return str(_extract(token, _foreign_registry(""), len(token)).headers()["alg"])


def verify(token: str, key: Key, *, algorithm: str, typ: str) -> dict[str, Any]:
    """Return the claims of a token that this key signed.

    Raises:
        InvalidToken: Another algorithm or type, a bad signature, or no JSON object.
    """
    signed = _verify(token, key, _registry(algorithm))
    if signed.headers().get("typ") != typ:
        raise InvalidToken("the token is of another type")
    return _claims(signed)


def verify_ours(
    token: str, key: VerificationKey | None, *, typ: str, issuer: str
) -> dict[str, Any]:
    """Return the claims of a token that this service signed, at whatever time.

    Args:
        token: The compact JWS.
        key: What its ``kid`` was found to be, or None if it is no key of ours.
        typ: The kind of token that is expected.
        issuer: Who must have issued it, in every character.

    Raises:
        InvalidToken: Any of this is not so.
    """
    if key is None:
        raise InvalidToken("the key is unknown")
    claims = verify(token, key.key, algorithm=key.algorithm, typ=typ)
    if claims.get("iss") != issuer:
        raise InvalidToken("issued by somebody else")
    return claims


def verify_with_jwks(
    token: str,
    jwks: Mapping[str, Any],
    *,
    types: Collection[str],
    algorithms: Collection[str] = ALGORITHMS,
    longest: int = MAX_TOKEN_LENGTH,
) -> dict[str, Any]:
    """Return the claims of a token that one of somebody's registered keys signed.

    The token chooses among the keys and brings none of its own: ``jwk``, ``jku`` and
    ``x5u`` of its header mean nothing here.

    Args:
        token: The compact JWS.
        jwks: The JWK Set that was registered.
        types: Values of ``typ`` that are taken, in lower case; none means ``jwt``.
        algorithms: Those of ``ALGORITHMS`` that its signer may use.
        longest: Characters of the token at most.

    Raises:
        InvalidToken: No key, or more than one, fits; another algorithm or type; a bad
            signature; no JSON object.
    """
    header = _extract(token, _foreign_registry(""), longest).headers()
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS or algorithm not in algorithms:
        raise InvalidToken("the algorithm is not accepted")
    key = _import_public(_choose(jwks, algorithm, header.get("kid")))
    signed = _verify(token, key, _foreign_registry(algorithm))
    if str(header.get("typ", "JWT")).lower() not in types:
        raise InvalidToken("the token is of another type")
    return _claims(signed)


def _verify(token: str, key: Key, registry: _Registry) -> jws.CompactSignature:
    try:
        return jws.deserialize_compact(token.encode(), key, registry=registry)
    except (JoseError, ValueError, RecursionError) as error:
        raise InvalidToken(f"verification failed: {type(error).__name__}") from error


def _claims(signed: jws.CompactSignature) -> dict[str, Any]:
    try:
        claims = json.loads(signed.payload)
    except (ValueError, RecursionError) as error:
        raise InvalidToken("the claims cannot be read") from error
    if not isinstance(claims, dict):
        raise InvalidToken("the claims are no object")
    return claims


def _choose(jwks: Mapping[str, Any], algorithm: str, kid: Any) -> Mapping[str, Any]:
    """Return the one key that a header means (RFC 7515 section 4.1.4)."""
    keys = jwks.get("keys")  # of whatever form the client's server gave it
    keys = keys if isinstance(keys, list) else []
    fitting = [jwk for jwk in keys if isinstance(jwk, dict) and fits(jwk, algorithm)]
    if kid is not None:
        named = [jwk for jwk in fitting if jwk.get("kid") == kid]
        fitting = named or [jwk for jwk in fitting if "kid" not in jwk]
    if len(fitting) != 1:  # OIDC Core section 10.1: with several keys, kid is demanded
        count = len(fitting) or "no"
        named_kid = ascii(kid)[:80]
        raise InvalidToken(f"{count} registered keys are for {algorithm}, {named_kid}")
    return fitting[0]


def fits(jwk: Mapping[str, Any], algorithm: str) -> bool:
    """Tell whether signatures of an algorithm may be by this key."""
    kind, curve = _KEYS[algorithm]
    operations = jwk.get("key_ops", ["verify"])
    return (
        jwk.get("kty") == kind
        and (curve is None or jwk.get("crv") == curve)
        and jwk.get("use", "sig") == "sig"
        and jwk.get("alg", algorithm) == algorithm
        and isinstance(operations, list)
        and "verify" in operations
    )


def _import_public(jwk: Mapping[str, Any]) -> Key:
    """Return the public half of somebody else's key, if it is of sane size."""
    public = {name: jwk[name] for name in _PUBLIC_MEMBERS if name in jwk}
    if public["kty"] == "RSA" and not (
        len(str(public.get("n"))) in _MODULUS and len(str(public.get("e"))) in _EXPONENT
    ):
        raise InvalidToken("the registered RSA key is too short or too long")
    try:
        return import_key(public)
    except (JoseError, ValueError) as error:
        raise InvalidToken("the registered key cannot be read") from error


def has_audience(claims: Mapping[str, Any], accepted: Collection[str]) -> bool:
    """Tell whether one of the audiences is meant (RFC 7519 section 4.1.3)."""
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if not all(isinstance(name, str) for name in named):
        return False
    return not set(named).isdisjoint(accepted)


def numeric_date(claims: Mapping[str, Any], name: str) -> float | None:
    """Return an instant of somebody else's token in seconds, or None if it has none.

    Raises:
        InvalidToken: It is there, and no finite number (RFC 7519 section 2).
    """
    value = claims.get(name)
    if value is None:
        return None
    if type(value) not in (int, float) or not -_FAR < value < _FAR:
        raise InvalidToken(f"{name} is no instant")
    return float(value)


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
