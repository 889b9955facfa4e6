"""OIDC Core §3.1.2.1, RP-Initiated Logout §2 and §4: what ``id_token_hint`` says."""

from collections.abc import Callable
from dataclasses import dataclass, field

from app.core import jose
from app.oauth.errors import InvalidRequest
from app.oauth.tokens import ID_TOKEN_TYPE


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """Whom an ID token of ours spoke of, to whom, in which session.

    Attributes:
        issued_at: Seconds since 1970, as JWTs have it.
        authenticated_at: The same, of the sign-in; None where it does not say.
    """

    client_id: str
    subject: str
    session_id: str
    issued_at: int = field(default=0, compare=False)
    authenticated_at: int | None = field(default=None, compare=False)


def read_id_token_hint(
    token: str,
    *,
    find_key: Callable[[str], jose.VerificationKey | None],
    issuer: str,
    client_id: str | None,
) -> Hint:
    """Return what an ID token says that this server once issued.

    It may have expired (§3.1.2.1, RP-Initiated §4): it is a hint, and signs nobody in.

    Args:
        token: ``id_token_hint``.
        find_key: Returns the key of ours that a ``kid`` names, if there is one.
        issuer: Identifier of this server.
        client_id: Whom it must have been issued to; None (RP-Initiated §2, when only
            the hint is sent) takes the client from the token.

    Raises:
        InvalidRequest: It is no such token; the hint says why.
    """
    try:
        key = find_key(jose.unverified_header(token)["kid"])
        claims = jose.verify_ours(token, key, typ=ID_TOKEN_TYPE, issuer=issuer)
        return _read(claims, client_id)
    except jose.InvalidToken as error:
        description = "id_token_hint is not valid"
        raise InvalidRequest(
            description, hint=f"id_token_hint refused: {error}"
        ) from error


def _read(claims: dict[str, object], client_id: str | None) -> Hint:
    issued_at = claims.get("iat")
    if type(claims.get("exp")) is not int or type(issued_at) is not int:
        raise jose.InvalidToken("no ID token, exp or iat is missing")
    audience, subject, session = (claims.get(name) for name in ("aud", "sub", "sid"))
    if not isinstance(subject, str) or not isinstance(session, str):
        raise jose.InvalidToken("no ID token, sub or sid is missing")
    if not isinstance(audience, str):  # ours have one; see tokens.id_token_claims
        raise jose.InvalidToken("aud is not one client")
    if client_id is not None and audience != client_id:
        raise jose.InvalidToken(f"issued to {audience}, not to {client_id}")
    signed_in = claims.get("auth_time")
    return Hint(
        client_id=audience,
        subject=subject,
        session_id=session,
        issued_at=issued_at,
        authenticated_at=signed_in if isinstance(signed_in, int) else None,
    )
