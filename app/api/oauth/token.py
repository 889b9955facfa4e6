"""``/oauth2/token`` (RFC 6749 section 3.2)."""

from fastapi import APIRouter, Request, Response

from app.api.dependencies import get_runtime
from app.api.oauth.documented import client_form, refusals, succeeds
from app.api.oauth.protocol import protocol_json, read_call
from app.core.context import current
from app.core.late.route import LateRoute
from app.services.oauth.token import TokenService

router = APIRouter(tags=["oauth"], route_class=LateRoute)


@router.post(
    "/oauth2/token",
    responses=succeeds("Tokens", "access_token", "token_type", "expires_in", "scope")
    | refusals(401, 408, 413, 429),
    openapi_extra=client_form(
        "grant_type",
        "code",
        "redirect_uri",
        "code_verifier",
        "refresh_token",
        "device_code",
        "assertion",
        "subject_token",
        "subject_token_type",
        "actor_token",
        "actor_token_type",
        "requested_token_type",
        "audience",
        "resource",
        "scope",
        required="grant_type",
    ),
)
async def token(request: Request) -> Response:
    """Exchange what a client brings, or its own word, for tokens."""
    call = await read_call(request)
    current().grant_type = call.parameters.get("grant_type", "")
    return protocol_json(await TokenService(get_runtime(request)).issue(call))
