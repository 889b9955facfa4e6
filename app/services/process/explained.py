"""What held of requests of applications, for whoever asks why (ADR-0092).

Called only where a request is explained: nothing of it is worked out for others.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from app.core.context import Held, passed
from app.oauth.authorize import AuthorizationRequest
from app.oauth.clients.client import Client
from app.oauth.errors import Check
from app.oauth.grants.authorization_code import AuthorizationCode
from app.oauth.grants.base import Granted
from app.oauth.grants.device_code import DeviceCode
from app.oauth.grants.jwt_bearer import JwtBearer
from app.oauth.grants.refresh_token import RefreshToken
from app.oauth.grants.token_exchange import TokenExchange
from app.oauth.introspection import KnownToken
from app.oauth.parameters import Parameters
from app.oauth.ports import Authentication

# What a grant redeems, where that is one thing.
_REDEEMED = {
    AuthorizationCode.name: Check.CODE,
    RefreshToken.name: Check.REFRESH_TOKEN,
    JwtBearer.name: Check.ASSERTION,
    TokenExchange.name: Check.SUBJECT_TOKEN,
    DeviceCode.name: Check.DEVICE_CODE,
}


def explain_tokens(
    granted: Granted, parameters: Parameters, lives: int, *, is_named: bool
) -> None:
    """Say why an application got tokens, and which.

    Args:
        granted: What it got.
        parameters: What it asked with.
        lives: Seconds of the access token.
        is_named: Whether it said alone who it is, and needs no secret for that.
    """
    client, grant_type = granted.client, parameters.get("grant_type") or ""
    check = Check.CLIENT if is_named else Check.CLIENT_PROOF
    method = client.token_endpoint_auth_method
    passed(check, {"client_id": client.client_id, "registered with": method})
    registered = " ".join(sorted(client.grant_types))
    passed(Check.CLIENT_RIGHTS, {"asked for": grant_type, "registered": registered})
    if grant_type in _REDEEMED:
        passed(_REDEEMED[grant_type], _redeemed(granted))
    if grant_type == AuthorizationCode.name:
        passed(Check.REDIRECT_URI, {"redeemed": parameters.get("redirect_uri") or ""})
        verifier = "sent" if parameters.get("code_verifier") else "none, as demanded"
        passed(Check.PKCE, {"code_verifier": verifier})
    _explain_access(granted.scope, parameters.get("scope"), client)
    named = " ".join(each.identifier for each in granted.resources)
    passed(Check.RESOURCE, {"access token for": named or "what is usual for it"})
    passed(Check.ACCESS_TOKEN, {"seconds": str(lives)})


def _redeemed(granted: Granted) -> dict[str, str]:
    told, who = {}, granted.authentication
    if granted.grant_id is not None:
        told["grant"] = str(granted.grant_id)
    if granted.refresh_counter:
        told["count"] = str(granted.refresh_counter)
    if who is not None:
        told |= _of(who)
    return told


def _of(who: Authentication) -> dict[str, str]:
    return {
        "user": str(who.user_id),
        "session": str(who.session_id),
        "signed in": who.authenticated_at.isoformat(timespec="seconds"),
        "amr": " ".join(who.amr),
        "acr": who.acr,
    }


def _explain_access(given: tuple[str, ...], asked: str | None, client: Client) -> None:
    told = {"given": " ".join(given), "registered": " ".join(sorted(client.scope))}
    if asked is not None:
        told["asked for"] = asked
    passed(Check.SCOPE, told)


def explain_authorization(
    request: AuthorizationRequest,
    who: Authentication,
    *,
    pkce: str,
    agreed: bool,
) -> None:
    """Say why an application was given a code, or a device was let in.

    Args:
        request: What it asked for; of the scope what was agreed to.
        who: Who is signed in.
        pkce: Of whom the settings demand it.
        agreed: Whether the person agreed in this request.
    """
    client = request.client
    passed(Check.CLIENT, {"client_id": client.client_id})
    address = getattr(request, "redirect_uri", None)
    if address:
        passed(Check.REDIRECT_URI, {"asked for": str(address)})
        challenge = "sent" if request.code_challenge else "none"
        passed(Check.PKCE, {"code_challenge": challenge, "demanded": pkce})
    demanded = " ".join(request.prompt) or "nothing"
    passed(Check.SIGN_IN, {**_of(who), "prompt": demanded, **_age(request)})
    _explain_access(tuple(request.scope), None, client)
    how = "just now" if agreed else "earlier, or it need not be asked"
    passed(Check.CONSENT, {"agreed": how})


def _age(request: AuthorizationRequest) -> dict[str, str]:
    return {} if request.max_age is None else {"max_age": str(request.max_age)}


def explain_introspection(
    found: KnownToken | None, caller: Client, answer: Mapping[str, Any]
) -> None:
    """Say what an API was told of a token, and why of one that it is not active.

    Args:
        found: The token, if it is one of ours.
        caller: Who asked.
        answer: What it is told.
    """
    method = caller.token_endpoint_auth_method
    passed(
        Check.CLIENT_PROOF,
        {"client_id": caller.client_id, "registered with": method},
    )
    if found is None:
        passed(Held.TOKEN, {"active": "no", "why": "unknown here, or of another kind"})
        return
    told = {"active": "yes"}
    if not answer["active"]:
        why = "of no application or API that asked, or expired"
        if found.is_revoked:
            why = "revoked, or its grant, session or account is over"
        told = {"active": "no", "why": why}
    passed(Held.TOKEN, told | {"kind": found.kind} | _of_token(found.claims))


def explain_userinfo(claims: Mapping[str, Any], told: Iterable[str]) -> None:
    """Say whose claims an application was told, by their names.

    Args:
        claims: Of the access token.
        told: Names of what was told.
    """
    passed(Held.TOKEN, {"kind": "access_token", **_of_token(claims)})
    passed(Held.CLAIMS, {"told": " ".join(sorted(told))})


def _of_token(claims: Mapping[str, Any]) -> dict[str, str]:
    """Return what a token says without saying who it is: by ids, and never itself."""
    names = ("client_id", "grant_id", "jti", "scope", "aud")
    return {
        name: value if isinstance(value, str) else " ".join(map(str, value))
        for name in names
        if (value := claims.get(name)) is not None
    }


def explain_entrance(
    host: str, demands: Mapping[str, Iterable[str] | None], who: Mapping[str, str]
) -> None:
    """Say why a request to a protected host passed.

    Args:
        host: Which.
        demands: Of its policy: one of these roles or groups; None demands none.
        who: Who asked, and by what; empty where the path is open to everybody.
    """
    told = {
        name: " ".join(sorted(each))
        for name, each in demands.items()
        if each is not None
    }
    passed(Held.HOST, {"host": host, **(told if who else {"path": "open"})})
    if who:
        passed(Held.VISITOR, who)
