"""``/oauth2/introspect`` (RFC 7662)."""

from fastapi import APIRouter, Request, Response

from app.api.dependencies import get_runtime
from app.api.oauth.documented import client_form, refusals, succeeds
from app.api.oauth.protocol import protocol_json, read_call
from app.core.late.route import LateRoute
from app.services.oauth.known_token import KnownTokenService

router = APIRouter(tags=["oauth"], route_class=LateRoute)


@router.post(
    "/oauth2/introspect",
    responses=succeeds("What the token is", "active") | refusals(401, 408, 413, 429),
    openapi_extra=client_form("token", "token_type_hint", required="token"),
)
async def introspect(request: Request) -> Response:
    """Say whether a token holds, to whom it was issued to or is for."""
    call = await read_call(request)
    service = KnownTokenService(get_runtime(request))
    return protocol_json(await service.introspect(call))
