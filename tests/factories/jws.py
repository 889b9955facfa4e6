"""Tokens as the service signs them, made by hand to be wrong in something."""

from collections.abc import Mapping
from typing import Any

from app.core import jose
from app.services.server.runtime import Runtime


def sign_as(
    runtime: Runtime, claims: Mapping[str, Any], *, algorithm: str, typ: str
) -> str:
    """Return a token that the service itself could have signed now."""
    key = runtime.ring.signing(algorithm, runtime.clock.now())
    return jose.sign(claims, key.key, kid=key.kid, algorithm=algorithm, typ=typ)
