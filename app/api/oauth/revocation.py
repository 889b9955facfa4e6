"""``/oauth2/revoke`` (RFC 7009)."""

from fastapi import APIRouter, Request, Response

from app.api.dependencies import get_runtime
from app.api.oauth.documented import client_form, refusals, succeeds
from app.api.oauth.protocol import protocol_json, read_call
from app.core.late.route import LateRoute
from app.services.oauth.known_token import KnownTokenService

router = APIRouter(tags=["oauth"], route_class=LateRoute)


@router.post(
    "/oauth2/revoke",
    responses=succeeds("It holds no more, or never did") | refusals(401, 408, 413, 429),
    openapi_extra=client_form("token", "token_type_hint", required="token"),
)
async def revoke(request: Request) -> Response:
    """Let a token end: an access token alone, a refresh token with its grant."""
    call = await read_call(request)
    await KnownTokenService(get_runtime(request)).revoke(call)
    return protocol_json({})
