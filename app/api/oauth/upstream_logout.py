"""``/upstreams/{name}/backchannel-logout``: where a connection's other side signs out.

OpenID Connect Back-Channel Logout 1.0 §2.5 and §2.8. Whoever asks learns whether it was
taken and nothing else: not whether there is such a connection, nor whether anybody was
signed in.
"""

from fastapi import APIRouter, Request, Response

from app.api.dependencies import get_runtime
from app.api.oauth.protocol import app_refusal, protocol_json, read_form, refusal
from app.core.exceptions import AppError
from app.core.late.route import LateRoute
from app.oauth.errors import OAuthError

router = APIRouter(include_in_schema=False, route_class=LateRoute)


@router.post("/upstreams/{name}/backchannel-logout")
async def take_logout_token(name: str, request: Request) -> Response:
    """Sign out here whom the other side signed out."""
    # Here: few services have a connection.
    from app.services.upstreams.logout import UpstreamLogoutService

    runtime = get_runtime(request)
    logouts = UpstreamLogoutService(runtime, runtime.connections)
    try:
        parameters = await read_form(request)
        await logouts.take(name, parameters.get("logout_token", ""))
    except OAuthError as error:
        return refusal(error)
    except AppError as error:
        return app_refusal(error)
    return protocol_json({})
