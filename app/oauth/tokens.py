"""RFC 9068 §2, OIDC Core §2 and §5.3.2, Back-Channel Logout §2.4: what tokens say.

And the token response, RFC 6749 §5.1. Signing is done elsewhere. No kind works as
another: access and logout tokens have types of their own, and signed userinfo, which
has to be a plain ``JWT`` for the libraries that read it, never has the ``exp`` and
``sid`` that every ID token has.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from app.oauth.clients.client import Client
from app.oauth.grants.base import Granted
from app.oauth.ports import Authentication
from app.oauth.scopes import ACCOUNT, OPENID
from app.oauth.subject import subject_of_client

ACCESS_TOKEN_TYPE = "at+jwt"  # RFC 9068 §2.1
ACCESS_TOKEN_URI = "urn:ietf:params:oauth:token-type:access_token"  # RFC 8693 §3
PLAIN_TYPE = "JWT"
# Of our own: what a token tells of a person, if the grant would tell more.
PERSON_SCOPE = "person_scope"
ID_TOKEN_TYPE = PLAIN_TYPE
USERINFO_TYPE = PLAIN_TYPE
LOGOUT_TOKEN_TYPE = "logout+jwt"  # Back-Channel Logout §2.4
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_TTL = 120  # Back-Channel Logout §4: at most two minutes

# The hash of the signature (RFC 7518 §3.1). EdDSA names none: the OpenID working group
# settled on SHA-512 for Ed25519, the hash inside of it (RFC 8032 §5.1); see
# https://bitbucket.org/openid/connect/issues/1125 and the Token Hash Algorithms guide.
_HASHES: Mapping[str, Any] = {
    "RS256": hashlib.sha256,
    "PS256": hashlib.sha256,
    "ES256": hashlib.sha256,
    "EdDSA": hashlib.sha512,
}
# What makes a JWT an ID token, logout token or access token.
_NOT_USERINFO = frozenset(
    "exp nbf iat jti nonce sid at_hash c_hash azp events client_id scope".split()
)


def access_token_kind(typ: object) -> str:
    """Return the type that an access token has to be verified as, by what it claims.

    A resource may want ``JWT``; what that is has to be told by its claims then.
    """
    return PLAIN_TYPE if typ == PLAIN_TYPE else ACCESS_TOKEN_TYPE


def is_access_token(claims: Mapping[str, Any]) -> bool:
    """Tell an access token of type ``JWT`` from all else that we sign as that.

    It alone names the client apart from the audience, and has an id and an end: ID
    tokens have no ``jti``, and neither those nor signed userinfo ``client_id``.
    """
    needed = ("client_id", "jti", "exp")
    is_whole = all(name in claims for name in needed)
    return is_whole and not {"nonce", "at_hash", "events"} & claims.keys()


def own_api(issuer: str) -> str:
    """Return the name of the API that this server itself has."""
    return f"{issuer}/api/v1"


def audience_of(granted: Granted, issuer: str) -> str | list[str]:
    """Return whom an access token is for (RFC 9068 §3, RFC 8707 §2).

    It is for the resources that were asked for, and for nothing else. Where none was,
    it is for the client's API, if one is registered. With ``openid`` it is for the
    userinfo endpoint too, which goes by the issuer's name, unless the API wants a type
    that nothing of this server takes. One that opens the account is for the API of
    this server and for no other, which could open it with the token (RFC 9700 §2.3).
    """
    if granted.resources:
        names = [resource.identifier for resource in granted.resources]
        is_string = len(names) == 1 and granted.form.audience_form == "string"
        return names[0] if is_string else names
    api = granted.client.audience
    if ACCOUNT in granted.scope:
        api = own_api(issuer)
    if api is None or api == issuer:
        return issuer
    if OPENID in granted.scope and granted.form.typ != PLAIN_TYPE:
        return [api, issuer]
    return [api] if granted.form.audience_form == "list" else api


def access_token_claims(
    granted: Granted,
    *,
    issuer: str,
    subject: str | None,
    token_id: UUID,
    now: datetime,
    ttl: int,
    session: str | None = None,
    told: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the claims of an access token (RFC 9068 §2.2).

    Every claim of it is put together here; what resources want told of a person too.
    ``grant_id``, of our own, is what the token ends with when the grant is revoked.

    Args:
        granted: What the client is given.
        issuer: Identifier of this server.
        subject: The person as this client knows them; None if nobody is there, and
            the client is its own subject (§2.2).
        token_id: ``jti``.
        now: When it is issued.
        ttl: Seconds that it lives.
        session: ``sid`` as this client knows it, if that is not the session's id.
        told: What the resources want told besides; none can replace another.
    """
    issued = int(now.timestamp())
    claims: dict[str, Any] = {
        **(told or {}),
        "iss": issuer,
        "sub": subject or subject_of_client(granted.client.client_id),
        "aud": audience_of(granted, issuer),
        "client_id": granted.client.client_id,
        "exp": issued + ttl,
        "iat": issued,
        "jti": str(token_id),
    }
    if scope := granted.access_scope:  # RFC 9068 §2.2.3; some APIs know a list alone
        is_list = granted.form.scope_form == "list"
        claims["scope"] = list(scope) if is_list else " ".join(scope)
    if (person_scope := granted.person_scope) is not None:
        claims[PERSON_SCOPE] = " ".join(person_scope)
    if granted.grant_id is not None:
        claims["grant_id"] = str(granted.grant_id)
    if granted.authentication is not None:
        claims |= _sign_in(granted.authentication, session)
    if granted.exchanged is not None and granted.exchanged.act is not None:
        claims["act"] = granted.exchanged.act  # RFC 8693 §4.1
    return claims


def id_token_claims(
    granted: Granted,
    authentication: Authentication,
    *,
    issuer: str,
    subject: str,
    now: datetime,
    ttl: int,
    access_token: str | None = None,
    code: str | None = None,
    person: Mapping[str, Any] | None = None,
    session: str | None = None,
) -> dict[str, Any]:
    """Return the claims of an ID token (OIDC Core §2 and §3.1.3.6).

    ``auth_time`` is always told: §2 demands it after ``max_age``, ``require_auth_time``
    or when it is essential, and leaves it open otherwise. ``azp`` is never told: the
    client is the only audience.

    Args:
        granted: What the client is given.
        authentication: How and when the person signed in.
        issuer: Identifier of this server.
        subject: The person as this client knows them.
        now: When it is issued.
        ttl: Seconds that it lives.
        access_token: Issued beside it, for ``at_hash``.
        code: Issued beside it, for ``c_hash`` (§3.3.2.11).
        person: Claims about the person that belong here; none can replace another.
        session: ``sid`` as this client knows it, if that is not the session's id.
    """
    issued = int(now.timestamp())
    hashes = {"at_hash": access_token, "c_hash": code}
    claims = {
        **(person or {}),
        "iss": issuer,
        "sub": subject,
        "aud": granted.client.client_id,
        "exp": issued + ttl,
        "iat": issued,
        **_sign_in(authentication, session),
    }
    for name in ("nonce", "at_hash", "c_hash", "azp"):  # ours to say, or nobody's
        claims.pop(name, None)
    if granted.nonce is not None:
        claims["nonce"] = granted.nonce
    algorithm = granted.client.id_token_signed_response_alg
    told = {name: value for name, value in hashes.items() if value is not None}
    return claims | {name: token_hash(told[name], algorithm) for name in told}


def _sign_in(authentication: Authentication, session: str | None) -> dict[str, Any]:
    return {
        "auth_time": int(authentication.authenticated_at.timestamp()),
        "acr": authentication.acr,
        "amr": list(authentication.amr),
        "sid": session or str(authentication.session_id),
    }


def token_hash(value: str, algorithm: str) -> str:
    """Return ``at_hash`` or ``c_hash`` of a token or code (OIDC Core §3.1.3.6).

    Args:
        value: Access token or code.
        algorithm: That the ID token is signed with.
    """
    digest: bytes = _HASHES[algorithm](value.encode("ascii")).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def logout_token_claims(
    *,
    issuer: str,
    client_id: str,
    subject: str | None,
    session_id: str | None,
    token_id: str,
    now: datetime,
) -> dict[str, Any]:
    """Return the claims of a logout token (Back-Channel Logout §2.4).

    There is no ``nonce``, so that it cannot pass for an ID token.

    Args:
        issuer: Identifier of this server.
        client_id: Whom it is sent to.
        subject: Who signed out, as this client knows them.
        session_id: Which session ended; None means all of the person's.
        token_id: ``jti``.
        now: When it is sent: a retry needs a new one.

    Raises:
        ValueError: Neither person nor session is named.
    """
    if subject is None and session_id is None:
        raise ValueError("a logout token names a person or a session")
    issued = int(now.timestamp())
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": subject,
        "aud": client_id,
        "iat": issued,
        "exp": issued + LOGOUT_TTL,
        "jti": token_id,
        "sid": session_id,
        "events": {LOGOUT_EVENT: {}},
    }
    return {name: value for name, value in claims.items() if value is not None}


def userinfo_claims(person: Mapping[str, Any], *, subject: str) -> dict[str, Any]:
    """Return what the userinfo endpoint answers (OIDC Core §5.3.2: ``sub`` always)."""
    claims = {name: person[name] for name in person if name not in _NOT_USERINFO}
    return {**claims, "sub": subject}


def signed_userinfo_claims(
    person: Mapping[str, Any], client: Client, *, issuer: str, subject: str
) -> dict[str, Any]:
    """Return the same as a JWT has it: for this client alone (OIDC Core §5.3.2)."""
    claims = userinfo_claims(person, subject=subject)
    return {**claims, "iss": issuer, "aud": client.client_id}


def token_response(
    granted: Granted,
    *,
    access_token: str,
    expires_in: int,
    refresh_token: str | None = None,
    id_token: str | None = None,
) -> dict[str, Any]:
    """Return the body of a token response (RFC 6749 §5.1, OIDC Core §3.1.3.3).

    The scope is always told, also where it is what was asked for. It is the access
    token's; one for a resource that has no scopes has none.
    """
    body = {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": expires_in,
        "scope": " ".join(granted.access_scope) or None,
        "refresh_token": refresh_token,
        "id_token": id_token,
        # RFC 8693 §2.2.1: there it is REQUIRED, and elsewhere unknown.
        "issued_token_type": ACCESS_TOKEN_URI if granted.exchanged else None,
    }
    return {name: value for name, value in body.items() if value is not None}
