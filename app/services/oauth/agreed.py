"""What a person agrees to who agrees to a request: shown, and kept."""

from typing import Any

from app.oauth.authorize import AuthorizationRequest
from app.oauth.claims import beyond_scope
from app.oauth.clients.redirect_uri import place_of
from app.oauth.interaction import scope_elsewhere, scopes_by_resource
from app.services.sign_in.browser_session import BrowserAccount


def single_claims(request: AuthorizationRequest) -> tuple[str, ...]:
    """Return claims that are asked for and that no scope stands for."""
    return tuple(sorted(beyond_scope(request.claims, request.scope)))


def shown_of(request: AuthorizationRequest, account: BrowserAccount | None) -> str:
    """Return what tells one agreement from another; the form brings it back."""
    whose = account.session_id.hex if account else ""
    asked = (whose, *request.scope, "+", *single_claims(request))
    if not request.resources:
        return " ".join(asked)
    return " ".join((*asked, "@", *(one.identifier for one in request.resources)))


def agreed_of(request: AuthorizationRequest) -> dict[str, Any]:
    """Return what ``OAuthConsentService.remember`` is told of it."""
    return {
        "scope": scope_elsewhere(request),
        "claims": single_claims(request),
        "place": place_of(request.redirect_uri) if request.redirect_uri else None,
        "resources": scopes_by_resource(request),
    }
