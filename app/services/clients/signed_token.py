"""JWTs of the provider: signed with the ring's keys, and read back when they return."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.config import PREFIX
from app.core import jose
from app.core.exceptions import Unavailable
from app.core.security import (
    FIRST_PARTY_CLIENT,
    InvalidToken,
    KeyRing,
    Verified,
    VerifiedTokens,
)
from app.oauth.tokens import (
    ACCESS_TOKEN_TYPE,
    ID_TOKEN_TYPE,
    LOGOUT_TOKEN_TYPE,
    access_token_kind,
    is_access_token,
)

_KINDS = (ACCESS_TOKEN_TYPE, ID_TOKEN_TYPE, LOGOUT_TOKEN_TYPE)


class AlgorithmWithdrawn(Unavailable):
    """A client is registered for signatures that the settings do not allow any more."""

    code = "algorithm_withdrawn"
    title = "The signature of this application is switched off; ask its operator"


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token that we signed for an application, and that did not expire.

    Whether its grant still lives is the database's to say.

    Attributes:
        claims: All of them.
        token_id: ``jti``.
        grant_id: None if the application speaks for itself.
        scope: What it is good for.
    """

    claims: Mapping[str, Any]
    token_id: UUID
    grant_id: UUID | None
    scope: tuple[str, ...]

    @property
    def issued_at(self) -> datetime:
        """When it was issued, to the second."""
        return datetime.fromtimestamp(self.claims["iat"], UTC)

    @property
    def client_id(self) -> str:
        """Whom it was issued to."""
        client_id: str = self.claims["client_id"]
        return client_id


class SignedTokens:
    """Signs and reads tokens; the signature of an access token is checked once."""

    def __init__(self, ring: KeyRing, *, issuer: str) -> None:
        """Sign as this issuer, with the keys of a ring."""
        self._ring = ring
        self._issuer = issuer
        self._verified = VerifiedTokens(ring, self._check)

    async def sign(
        self, claims: Mapping[str, Any], *, algorithm: str, typ: str, now: datetime
    ) -> str:
        """Return a token, signed with the algorithm's key of the moment.

        Raises:
            Unavailable: The key is elsewhere and cannot be reached.
        """
        return await self._ring.signing(algorithm, now).sign(claims, typ)

    def demand_key(self, client_id: str, algorithm: str, now: datetime) -> None:
        """Refuse before anything is done what could not be signed for a client.

        Raises:
            AlgorithmWithdrawn: The settings do not name its algorithm any more, and the
                last key of it has ended. The hint says which client and which setting.
            Unavailable: The key is elsewhere, and did not answer lately.
        """
        try:
            self._ring.signing(algorithm, now).signer.demand()
        except LookupError as error:
            hint = (
                f"client {client_id} is registered for {algorithm}, which "
                f"{PREFIX}OAUTH__ID_TOKEN_ALGORITHMS does not name"
            )
            raise AlgorithmWithdrawn(hint) from error

    def demand_store(self, algorithm: str, now: datetime) -> None:
        """Refuse before anything is done what could not be signed at this moment.

        Raises:
            Unavailable: The key is elsewhere, and did not answer lately.
        """
        if self._ring.is_elsewhere:
            self._ring.signing(algorithm, now).signer.demand()

    def read_access_token(self, token: str, now: datetime) -> AccessToken:
        """Return what an access token says (RFC 9068 section 4).

        For whom it is meant is the caller's to ask.

        Raises:
            InvalidToken: It is none of the provider's, or it expired.
        """
        return self._verified.read(token, now)

    def is_of_another_kind(self, token: str, now: datetime) -> bool:
        """Tell whether we signed it, and not as an access token of the provider.

        Its age does not matter: an ID token stays one.
        """
        try:
            kind = jose.unverified_header(token).get("typ")
            if kind not in _KINDS:
                return False
            claims = self._claims(token, kind, now)
        except InvalidToken:
            return False
        is_own = claims.get("client_id") == FIRST_PARTY_CLIENT
        return is_own or not (kind == ACCESS_TOKEN_TYPE or is_access_token(claims))

    def _claims(self, token: str, typ: str, now: datetime) -> dict[str, Any]:
        key = self._ring.by_kid(jose.unverified_header(token)["kid"], now)
        return jose.verify_ours(token, key, typ=typ, issuer=self._issuer)

    def _check(self, token: str, now: datetime) -> Verified[AccessToken]:
        kind = access_token_kind(jose.unverified_header(token).get("typ"))
        claims = self._claims(token, kind, now)
        if kind != ACCESS_TOKEN_TYPE and not is_access_token(claims):
            raise InvalidToken("of another kind")
        if kind != ACCESS_TOKEN_TYPE and jose.has_audience(claims, (self._issuer,)):
            raise InvalidToken("for this service, and of a type that others need")
        if claims.get("client_id") == FIRST_PARTY_CLIENT:
            raise InvalidToken("issued for this service's own API")
        expires = claims.get("exp")
        if type(expires) is not int or now.timestamp() >= expires:
            raise InvalidToken("expired")
        key = self._ring.by_kid(jose.unverified_header(token)["kid"], now)
        try:
            said = _read(claims)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise InvalidToken("a claim is missing or malformed") from error
        assert key is not None  # it verified the token just now
        return Verified(key, said, expires)


def _read(claims: Mapping[str, Any]) -> AccessToken:
    grant_id = claims.get("grant_id")
    if not isinstance(claims["client_id"], str):
        raise TypeError("client_id")
    return AccessToken(
        claims=claims,
        token_id=UUID(claims["jti"]),
        grant_id=None if grant_id is None else UUID(grant_id),
        scope=_scope(claims.get("scope", "")),
    )


def _scope(said: str | list[str]) -> tuple[str, ...]:
    """Return a scope, in whichever form its resource wants it.

    Raises:
        TypeError: It has neither.
    """
    tokens = said.split() if isinstance(said, str) else said
    if not isinstance(tokens, list) or not all(isinstance(t, str) for t in tokens):
        raise TypeError("scope")
    return tuple(tokens)
