"""JWTs as this package takes them: one fixed algorithm per key, an explicit type."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from auth_serve_client.errors import Refused
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, RSAKey
from joserfc.util import urlsafe_b64decode

MAX_TOKEN = 8_192
# The algorithm, and the type and curve of its keys. HMAC is missing, so that no
# published key is ever a secret (RFC 8725 section 2.1).
_KEYS: Mapping[str, tuple[str, str | None]] = {
    "ES256": ("EC", "P-256"),
    "RS256": ("RSA", None),
    "PS256": ("RSA", None),
}
ALGORITHMS = tuple(_KEYS)


def invalid(hint: str) -> Refused:
    """Return the refusal of a token."""
    return Refused("invalid_token", hint)


def header_of(token: str, most: int = MAX_TOKEN) -> dict[str, Any]:
    """Return the header, which proves nothing yet.

    Raises:
        Refused: It is no JWT.
    """
    if len(token) > most or token.count(".") != 2 or not token.isascii():
        raise invalid("no JWT")
    try:
        header = json.loads(urlsafe_b64decode(token.partition(".")[0].encode()))
    except (ValueError, RecursionError) as error:
        raise invalid("no JWT") from error
    if not isinstance(header, dict) or not isinstance(header.get("kid"), str):
        raise invalid("the header names no key")
    return header


def public_key(jwk: Mapping[str, Any]) -> tuple[str, Key] | None:
    """Return algorithm and key of a JWK; None if it is for nothing of ours."""
    algorithm = jwk.get("alg")
    kind = _KEYS.get(algorithm) if isinstance(algorithm, str) else None
    if kind is None or jwk.get("use", "sig") != "sig":
        return None
    if (jwk.get("kty"), jwk.get("crv")) != kind:
        return None
    kinds: dict[str, Any] = {"EC": ECKey, "RSA": RSAKey}
    try:
        key: Key = kinds[kind[0]].import_key(dict(jwk))
    except (JoseError, ValueError, KeyError, TypeError):
        return None
    return str(algorithm), key


def verified(
    token: str, algorithm: str, key: Key, types: Collection[str]
) -> dict[str, Any]:
    """Return the claims of a token whose signature and type are right.

    Raises:
        Refused: They are not.
    """
    header = header_of(token, most=len(token))
    if header.get("alg") != algorithm:
        raise invalid("signed with another algorithm than the key's")
    if str(header.get("typ", "")).lower().removeprefix("application/") not in types:
        raise invalid("of another type")
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    registry.max_payload_length = len(token)
    try:
        claims = json.loads(
            jws.deserialize_compact(token, key, registry=registry).payload
        )
    except (JoseError, ValueError, RecursionError) as error:
        raise invalid("the signature or the content is wrong") from error
    if not isinstance(claims, dict):
        raise invalid("no claims")
    return claims
