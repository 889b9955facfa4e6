"""OIDC Core §3.1.3.7: every check of an ID token that came from the token endpoint.

Its first rule, decryption, does not apply: nothing is encrypted to this service, so an
encrypted one is no compact JWS and refused. Of the sixth, the signature is always
checked, though TLS might stand in for it.
"""

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.core import jose
from app.oauth.tokens import token_hash
from app.upstreams.protocol import Reason, Refused
from app.upstreams.values import MAX_TOKEN, shown

SKEW = 60  # seconds that clocks may differ by
MAX_AGE = 600  # seconds since ``iat``: Entra says five minutes ago of right now
TYPES = frozenset({"jwt"})  # or none (RFC 8725 §3.11)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an ID token has to be.

    Attributes:
        issuer: In every character.
        nonce: That was sent; None was not, as with a refresh (§12.2).
        needs_nonce: Whether it has to come back; one that comes has to be right.
        access_token: That came beside it.
        max_age: That was asked for, at ``asked_at`` in seconds since 1970.
    """

    issuer: str
    client_id: str
    now: datetime
    nonce: str | None = field(default=None, repr=False)
    needs_nonce: bool = True
    access_token: str | None = field(default=None, repr=False)
    max_age: int | None = None
    asked_at: float = 0


def verify_signature(
    id_token: str,
    keys: Mapping[str, Any],
    algorithms: tuple[str, ...],
    types: Collection[str] = TYPES,
) -> dict[str, Any]:
    """Return the claims, signed by a key of its issuer (rules 6, 7 and 8).

    ``none`` is no algorithm here, nor is any that a secret is the key of: a public key
    never becomes one. Keys in the token's own header mean nothing.

    Args:
        id_token: As it came.
        keys: The JWK Set of its issuer.
        algorithms: That the issuer says it signs with.
        types: Values of ``typ``, in lower case.

    Raises:
        InvalidToken: It proves nothing.
    """
    return jose.verify_with_jwks(
        id_token, keys, types=types, algorithms=algorithms, longest=MAX_TOKEN
    )


def check_claims(claims: Mapping[str, Any], algorithm: str, expected: Expected) -> None:
    """Refuse claims that are not from there, for us, about this sign-in, and now.

    Args:
        claims: Of a token whose signature was verified.
        algorithm: That it is signed with.
        expected: What they have to be.

    Raises:
        Refused: Any of it is not so.
    """
    _check_parties(claims, expected)
    try:
        _check_times(claims, expected)
    except jose.InvalidToken as error:  # a time that is no number
        raise Refused(Reason.WRONG_TIME, str(error)) from error
    _check_nonce(claims, expected)
    _check_hash(claims, algorithm, expected.access_token)


def _check_parties(claims: Mapping[str, Any], expected: Expected) -> None:
    issuer, audience = claims.get("iss"), claims.get("aud")
    if issuer != expected.issuer:  # rule 2
        raise Refused(Reason.WRONG_ISSUER, f"iss is {shown(issuer)}")
    named = audience if isinstance(audience, list) else [audience]
    # Rule 3: no audience besides is trusted, so that there may be none.
    if named != [expected.client_id]:
        raise Refused(Reason.WRONG_AUDIENCE, f"aud is {shown(audience)}")
    party = claims.get("azp", expected.client_id)
    if party != expected.client_id:  # rules 4 and 5
        raise Refused(Reason.WRONG_AUDIENCE, f"azp is {shown(party)}")


def _check_times(claims: Mapping[str, Any], expected: Expected) -> None:
    now = expected.now.timestamp()
    expires, issued = _instant(claims, "exp"), _instant(claims, "iat")
    if now >= expires + SKEW:  # rule 9
        raise Refused(Reason.WRONG_TIME, f"it expired {now - expires:.0f} s ago")
    if not now - MAX_AGE <= issued <= now + SKEW:  # rule 10
        raise Refused(Reason.WRONG_TIME, f"iat is {issued - now:+.0f} s from now")
    begins = jose.numeric_date(claims, "nbf")
    if begins is not None and begins > now + SKEW:  # RFC 7519 §4.1.5
        raise Refused(Reason.WRONG_TIME, f"nbf is {begins - now:.0f} s ahead")
    # Rule 12, ``acr``, is for the caller, who knows what a connection is trusted for.
    if expected.max_age is not None:  # rule 13
        before = expected.asked_at - _instant(claims, "auth_time")
        if before > expected.max_age + SKEW:
            what = f"auth_time is {before:.0f} s before the question"
            raise Refused(Reason.WRONG_TIME, what)


def _instant(claims: Mapping[str, Any], name: str) -> float:
    value = jose.numeric_date(claims, name)
    if value is None:
        raise Refused(Reason.WRONG_TIME, f"{name} is missing")
    return value


def _check_nonce(claims: Mapping[str, Any], expected: Expected) -> None:
    if expected.nonce is None:
        return
    nonce = claims.get("nonce")
    if nonce is None and not expected.needs_nonce:
        return
    if not isinstance(nonce, str) or not _same(nonce, expected.nonce):  # rule 11
        what = "missing" if nonce is None else "another"
        raise Refused(Reason.WRONG_NONCE, f"nonce is {what}")


def _check_hash(
    claims: Mapping[str, Any], algorithm: str, access_token: str | None
) -> None:
    """Refuse an access token of another sign-in (§3.1.3.8), if the hash is there."""
    said = claims.get("at_hash")
    if said is None or access_token is None:
        return
    right = token_hash(access_token, algorithm)
    if not isinstance(said, str) or not _same(said, right):
        raise Refused(Reason.WRONG_TOKEN, "at_hash is of another access token")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())
