"""RFC 7523 §2.2 and §3, RFC 7521 §4.2, OIDC Core §9: an assertion signed by the client.

Or, where iss is not sub, by an issuer that is trusted to speak for it: then
``client_id`` says which client is meant, as a workload's sub is a name of its issuer's.

Times: ``exp`` is held to the second. Clocks that run ahead are borne with for a minute,
and an assertion may be made out for an hour, which is what Authlib does unless told
otherwise; it counts once anyway.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from math import ceil
from typing import Any

from app.core import jose
from app.oauth.client_auth.base import Credentials, Surroundings
from app.oauth.clients.client import AuthMethod, Client
from app.oauth.errors import InvalidClient
from app.oauth.parameters import Parameters
from app.oauth.trust.assertion import believe

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_ALGORITHMS = jose.ALGORITHMS
# No type, the one of RFC 7519 §5.1, and the one made for it in the draft that is to
# follow RFC 7523; any other says that it was signed for something else.
_TYPES = frozenset({"jwt", "client-authentication+jwt"})
_ASSERTION = frozenset({"client_assertion", "client_assertion_type"})
MAX_AHEAD = 60
MAX_LIFETIME = 3_600
_MAX_ID = 256


class PrivateKeyJwt:
    """``private_key_jwt``: no secret of the client is ever here."""

    name: AuthMethod = "private_key_jwt"

    def read(
        self, authorization: str | None, parameters: Parameters
    ) -> Credentials | None:
        """Return the assertion and whom it names, if there is one.

        Raises:
            InvalidRequest: Assertion or type is missing.
            InvalidClient: Another type, or no JWT that names somebody.
        """
        if _ASSERTION.isdisjoint(parameters):
            return None
        assertion = parameters.need("client_assertion")
        if parameters.need("client_assertion_type") != ASSERTION_TYPE:
            raise InvalidClient(hint="client_assertion_type is not known")
        try:
            claims = jose.unverified_claims(assertion)
        except jose.InvalidToken as error:
            raise InvalidClient(hint=f"client_assertion refused: {error}") from error
        subject, named = claims.get("sub"), parameters.get("client_id")
        if named is not None and _is_of_issuer(claims, named):
            return Credentials(self.name, named, assertion)
        if not isinstance(subject, str) or not subject.isprintable() or not subject:
            raise InvalidClient(hint="client_assertion refused: sub names nobody")
        return Credentials(self.name, subject, assertion)

    async def verify(
        self, client: Client, credentials: Credentials, surroundings: Surroundings
    ) -> None:
        """Return if a registered key signed it, for here and now, and it is new.

        Raises:
            InvalidClient: Any of this is not so.
        """
        try:
            said = jose.unverified_claims(credentials.proof)
            if await _is_trusted(said, client, surroundings):
                await _check_foreign(client, credentials, surroundings)
                return
            claims = jose.verify_with_jwks(
                credentials.proof, client.jwks or {}, types=_TYPES
            )
            _check_parties(claims, client, surroundings)
            expires_at = _check_times(claims, surroundings.now)
            jti = _read_id(claims)
        except jose.InvalidToken as error:
            raise InvalidClient(hint=f"client_assertion refused: {error}") from error
        # Last, so that nobody uses somebody else's identifiers up.
        ids = surroundings.assertion_ids
        if not await ids.first_use(client.client_id, jti, expires_at):
            raise InvalidClient(hint="client_assertion refused: jti was used before")


def _is_of_issuer(claims: Mapping[str, Any], client_id: str) -> bool:
    """Tell whether somebody else than the client, or its namesake, made a token."""
    return claims.get("iss") not in (claims.get("sub"), client_id)


async def _is_trusted(
    claims: Mapping[str, Any], client: Client, surroundings: Surroundings
) -> bool:
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or not _is_of_issuer(claims, client.client_id):
        return False
    return await surroundings.issuers.by_issuer(issuer) is not None


async def _check_foreign(
    client: Client, credentials: Credentials, surroundings: Surroundings
) -> None:
    spoken = await believe(
        credentials.proof,
        surroundings.issuers,
        audiences=surroundings.audiences,
        now=surroundings.now,
        client_id=client.client_id,
        authenticates=True,
    )
    await spoken.use(surroundings.assertion_ids)


def _check_parties(
    claims: Mapping[str, Any], client: Client, surroundings: Surroundings
) -> None:
    for name in ("iss", "sub"):
        if claims.get(name) != client.client_id:
            raise jose.InvalidToken(f"{name} is not the client_id")
    if not jose.has_audience(claims, surroundings.audiences):
        shown = ascii(claims.get("aud"))[:200]
        wanted = ", ".join(sorted(surroundings.audiences))
        raise jose.InvalidToken(f"aud is {shown}, and not one of {wanted}")


def _check_times(claims: Mapping[str, Any], now: datetime) -> datetime:
    """Return when the assertion ends."""
    instant = now.timestamp()
    expires = jose.numeric_date(claims, "exp")
    if expires is None:
        raise jose.InvalidToken("exp is missing")
    if instant >= expires:
        raise jose.InvalidToken(f"it expired {instant - expires:.0f} s ago")
    if expires > instant + MAX_LIFETIME + MAX_AHEAD:
        raise jose.InvalidToken(f"exp is more than {MAX_LIFETIME} s away")
    for name in ("nbf", "iat"):
        begins = jose.numeric_date(claims, name)
        if begins is not None and begins > instant + MAX_AHEAD:
            raise jose.InvalidToken(f"{name} is {begins - instant:.0f} s ahead")
    return datetime.fromtimestamp(ceil(expires), UTC)


def _read_id(claims: Mapping[str, Any]) -> str:
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= _MAX_ID:
        raise jose.InvalidToken(f"jti must be a text of up to {_MAX_ID} characters")
    if not jti.isprintable():  # half a surrogate pair, U+0000: no database takes them
        raise jose.InvalidToken("jti is not printable")
    return jti
