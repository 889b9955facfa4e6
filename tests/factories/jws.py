"""Tokens as applications and strangers make them: signed with a key in the hand."""

from collections.abc import Mapping
from typing import Any

from joserfc.jwk import Key

from app.core import jose
from app.services.server.runtime import Runtime


def sign(
    claims: Mapping[str, Any], key: Key, *, kid: str, algorithm: str, typ: str
) -> str:
    """Return a compact JWS of the claims."""
    message = jose.signing_input(claims, kid=kid, algorithm=algorithm, typ=typ)
    return jose.compact(message, jose.signature(message, key, algorithm))


def sign_as(
    runtime: Runtime, claims: Mapping[str, Any], *, algorithm: str, typ: str
) -> str:
    """Return a token that the service itself could have signed now."""
    key = runtime.ring.signing(algorithm, runtime.clock.now())
    return sign(claims, key.key, kid=key.kid, algorithm=algorithm, typ=typ)
