"""What claims say of somebody, read without trusting their form (OIDC Core §5.1)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.core import jose
from app.upstreams.protocol import Tokens, UpstreamIdentity
from app.upstreams.values import MAX_EMAIL, plain, text, words

_MAX_ACR = 255


def identity_of(
    subject: str,
    issuer: str,
    claims: Mapping[str, Any],
    *,
    tokens: Tokens,
    proven: Mapping[str, Any],
) -> UpstreamIdentity:
    """Return who somebody is.

    Args:
        subject: Who they are there.
        issuer: Who says so.
        claims: What is told of them. An address is verified if ``email_verified`` is
            ``true``, and by no text or number that looks like it.
        tokens: That are kept.
        proven: Claims that were signed: how they signed in is taken from here alone.
    """
    email = text(claims, "email", MAX_EMAIL)
    return UpstreamIdentity(
        subject=subject,
        issuer=issuer,
        claims=plain(claims),
        email=email,
        email_verified=email is not None and claims.get("email_verified") is True,
        acr=text(proven, "acr", _MAX_ACR),
        amr=words(proven.get("amr")),
        auth_time=_auth_time(proven),
        tokens=tokens,
    )


def _auth_time(proven: Mapping[str, Any]) -> datetime | None:
    try:
        at = jose.numeric_date(proven, "auth_time")
        return None if at is None else datetime.fromtimestamp(at, UTC)
    except (jose.InvalidToken, ValueError, OverflowError, OSError):
        return None  # of no year that there is; nobody needs it
