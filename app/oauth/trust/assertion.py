"""RFC 7521 §5.2, RFC 7523 §3, RFC 8725 §3: a token of an issuer that is believed.

Stricter than RFC 7523, where that leaves it open: ``aud`` names this server and nobody
else, since whoever else it is for could send it here; ``exp`` is held to the second;
clocks that run ahead are borne with for a minute; a type that says that it was signed
for something else is refused (RFC 8725 §3.11).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import Any

from app.core import jose
from app.oauth.ports import AssertionIds, TrustedIssuers
from app.oauth.trust.issuer import Rule, TrustedIssuer

MAX_AHEAD = 60
_MAX_ID = 256
_MAX_SUBJECT = 1_024
_TYPES = frozenset({"jwt"})  # or none: Kubernetes leaves it out


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A token that was believed, and whom it speaks for.

    Attributes:
        subject: ``sub``, as its issuer has it.
        jti: None if it may come again.
    """

    issuer: str
    subject: str
    rule: Rule
    expires_at: datetime
    jti: str | None

    async def use(self, ids: AssertionIds) -> None:
        """Use it up, if it counts once.

        Raises:
            InvalidToken: It was used before.
        """
        if self.jti is None:
            return
        # With a blank, which no identifier of a client has: they sign assertions too.
        if not await ids.first_use(f"trusted {self.issuer}", self.jti, self.expires_at):
            raise jose.InvalidToken("jti was used before")


async def believe(
    token: str,
    issuers: TrustedIssuers,
    *,
    audiences: Collection[str],
    now: datetime,
    client_id: str | None = None,
    authenticates: bool = False,
) -> Spoken:
    """Return what a token of a workload says, if its issuer is believed about it.

    It is not used up yet: that is the last thing to do (``Spoken.use``).

    Args:
        token: The compact JWS.
        issuers: Whom this server believes.
        audiences: Names of this server.
        now: When it came.
        client_id: The client that is named beside it; None if none is.
        authenticates: Whether it is to prove a client (RFC 7523 §2.2).

    Raises:
        InvalidToken: Any check of RFC 7523 §3 fails, or no rule is fulfilled.
    """
    issuer = jose.unverified_claims(token).get("iss")
    trusted = await issuers.by_issuer(issuer) if isinstance(issuer, str) else None
    if trusted is None:
        raise jose.InvalidToken(f"iss is {ascii(issuer)[:200]}, which is not trusted")
    claims = await _verified(token, trusted, issuers)
    _check_audience(claims, {*audiences, *trusted.audiences})
    expires_at = _check_times(claims, trusted.max_lifetime, now)
    subject = _text(claims, "sub", _MAX_SUBJECT)
    jti = _text(claims, "jti", _MAX_ID) if trusted.single_use else None
    rule = trusted.rule_for(claims, client_id, authenticates=authenticates)
    if rule is None:
        hint = f"{ascii(subject)[:200]} fulfils no rule of {trusted.issuer}"
        raise jose.InvalidToken(hint)
    return Spoken(
        issuer=trusted.issuer,
        subject=subject,
        rule=rule,
        expires_at=expires_at,
        jti=jti,
    )


async def _verified(
    token: str, trusted: TrustedIssuer, issuers: TrustedIssuers
) -> dict[str, Any]:
    """Return the claims; a key that is not known yet is asked for once."""
    try:
        return _verify(token, trusted, issuers)
    except jose.InvalidToken as error:
        refusal = error
    if not await issuers.refresh(trusted):
        raise refusal
    return _verify(token, trusted, issuers)


def _verify(
    token: str, trusted: TrustedIssuer, issuers: TrustedIssuers
) -> dict[str, Any]:
    keys = issuers.keys(trusted)
    if keys is None:
        raise jose.InvalidToken(f"no keys of {trusted.issuer} are known")
    return jose.verify_with_jwks(
        token, keys, types=_TYPES, algorithms=trusted.algorithms
    )


def _check_audience(claims: Mapping[str, Any], accepted: Collection[str]) -> None:
    named = claims.get("aud")
    is_one = not isinstance(named, list) or len(named) == 1
    if not is_one or not jose.has_audience(claims, accepted):
        wanted = ", ".join(sorted(accepted))
        shown = ascii(named)[:200]
        raise jose.InvalidToken(f"aud is {shown}, and not one alone of {wanted}")


def _check_times(
    claims: Mapping[str, Any], max_lifetime: int, now: datetime
) -> datetime:
    """Return when the token ends."""
    instant = now.timestamp()
    expires = jose.numeric_date(claims, "exp")
    if expires is None:
        raise jose.InvalidToken("exp is missing")
    if instant >= expires:
        raise jose.InvalidToken(f"it expired {instant - expires:.0f} s ago")
    begins = {name: jose.numeric_date(claims, name) for name in ("nbf", "iat")}
    for name, at in begins.items():
        if at is not None and at > instant + MAX_AHEAD:
            raise jose.InvalidToken(f"{name} is {at - instant:.0f} s ahead")
    issued = begins["iat"]  # it may be missing (RFC 7523 §3)
    lives = expires - (instant if issued is None else min(issued, instant))
    if lives > max_lifetime + MAX_AHEAD:
        raise jose.InvalidToken(f"it lives {lives:.0f} s, {max_lifetime} are allowed")
    return datetime.fromtimestamp(ceil(expires), UTC)


def _text(claims: Mapping[str, Any], name: str, longest: int) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise jose.InvalidToken(f"{name} must be a text of up to {longest} characters")
    if not value.isprintable():  # no database takes half a surrogate pair or U+0000
        raise jose.InvalidToken(f"{name} is not printable")
    return value
