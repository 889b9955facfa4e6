"""``/oauth2/userinfo`` (OIDC Core section 5.3, RFC 6750)."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.api.dependencies import get_runtime
from app.api.oauth.documented import form, refusals
from app.api.oauth.protocol import (
    check_query,
    is_form,
    protocol_json,
    read_authorization,
    refusal,
)
from app.api.request_body import read_body
from app.core.context import current, refused
from app.core.late.route import LateRoute
from app.oauth.bearer import challenge, read_access_token
from app.oauth.errors import InsufficientScope, InvalidToken, OAuthError
from app.oauth.parameters import Parameters, parse_form
from app.oauth.scopes import OPENID
from app.services.oauth.userinfo import UserinfoService

router = APIRouter(tags=["oauth"], route_class=LateRoute)
_REALM = "userinfo"
_SUCCESS: dict[int | str, Any] = {
    200: {
        "description": "Claims about the person; signed where the client wants it",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"sub": {"type": "string"}},
                    "required": ["sub"],
                }
            },
            "application/jwt": {"schema": {"type": "string"}},
        },
    }
}
_RESPONSES = _SUCCESS | refusals(401, 403, 408, 413)
_SECURED: dict[str, Any] = {"security": [{"bearer": []}]}


@router.get("/oauth2/userinfo", responses=_RESPONSES, openapi_extra=_SECURED)
async def read_userinfo(request: Request) -> Response:
    """Return what the application may know of the person (OIDC Core section 5.3.1)."""
    return await _answer(request)


@router.post(
    "/oauth2/userinfo",
    responses=_RESPONSES,
    openapi_extra=_SECURED | form("access_token"),
)
async def post_userinfo(request: Request) -> Response:
    """Return the same; the token may come in the form (RFC 6750 section 2.2)."""
    return await _answer(request)


async def _answer(request: Request) -> Response:
    try:
        token = await _token(request)
        if token is None:
            refused(InvalidToken.error, "no access token", InvalidToken())
            body = {"correlation_id": current().correlation_id}
            field = challenge(realm=_REALM)
            return protocol_json(body, 401, WWW_Authenticate=field)
        told = await UserinfoService(get_runtime(request)).describe(token)
    except OAuthError as error:
        scope = (OPENID,) if isinstance(error, InsufficientScope) else ()
        field = challenge(error, realm=_REALM, scope=scope)
        return refusal(error, WWW_Authenticate=field)
    if isinstance(told, str):
        headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
        return Response(told, 200, headers, "application/jwt")
    return protocol_json(told)


async def _token(request: Request) -> str | None:
    authorization = read_authorization(request)
    body = await read_body(request)
    posted = Parameters({})
    if body and is_form(request):
        posted = parse_form(body)
    check_query(request, posted)
    return read_access_token(authorization, posted)
