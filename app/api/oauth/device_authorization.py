"""``/oauth2/device_authorization`` (RFC 8628 section 3.1)."""

from fastapi import APIRouter, Request, Response

from app.api.dependencies import get_runtime
from app.api.oauth.documented import client_form, refusals, succeeds
from app.api.oauth.protocol import protocol_json, read_call
from app.core.late.route import LateRoute
from app.services.oauth.device.device_code import DeviceAuthorizationService

router = APIRouter(tags=["oauth"], route_class=LateRoute)


@router.post(
    "/oauth2/device_authorization",
    responses=succeeds(
        "Codes to show and to poll with",
        "device_code",
        "user_code",
        "verification_uri",
        "verification_uri_complete",
        "expires_in",
        "interval",
    )
    | refusals(401, 404, 408, 413, 429),
    openapi_extra=client_form("scope", "resource"),
)
async def device_authorization(request: Request) -> Response:
    """Give a device a code to show, and one to poll the token endpoint with."""
    call = await read_call(request)
    service = DeviceAuthorizationService(get_runtime(request))
    return protocol_json(await service.start(call))
