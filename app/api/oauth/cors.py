"""Which addresses scripts of other sites may read: exactly those that they need.

A single-page application finds the server, exchanges its code, reads about its person
and gives its token back. It sends no cookie there, so any origin may (the metadata of
a wildcard allows no credentials). Where anybody may register a client, it registers and
manages itself as well. Where people are asked, never.
"""

from fastapi import APIRouter, HTTPException, Request, Response

from app.api.dependencies import get_runtime
from app.core.late.route import LateRoute

# Methods by path.
SHARED = {
    "/.well-known/openid-configuration": "GET",
    "/.well-known/oauth-authorization-server": "GET",
    "/.well-known/oauth-protected-resource": "GET",
    "/.well-known/oauth-protected-resource/api/v1": "GET",
    "/.well-known/jwks.json": "GET",
    "/oauth2/token": "POST",
    "/oauth2/userinfo": "GET, POST",
    "/oauth2/revoke": "POST",
}
# Where an issuer with a path is looked for, and its APIs: the path follows (RFC 8414
# section 3, RFC 9728 section 3.1).
_OF_PATH = (
    "/.well-known/openid-configuration/",
    "/.well-known/oauth-authorization-server/",
    "/.well-known/oauth-protected-resource/",
)
REGISTRATION = "/oauth2/register"
HEADERS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "WWW-Authenticate, Retry-After, X-Request-ID",
    "cross-origin-resource-policy": "cross-origin",
}

router = APIRouter(include_in_schema=False, route_class=LateRoute)


def is_shared(path: str, *, registration: str) -> bool:
    """Tell whether scripts of other sites may read the answers of an address.

    Args:
        path: The address.
        registration: Who may register clients, as the settings have it.
    """
    if path in SHARED or path.startswith(_OF_PATH):
        return True
    is_registration = path == REGISTRATION or path.startswith(f"{REGISTRATION}/")
    return is_registration and registration == "open"


def _answer(methods: str) -> Response:
    headers = {
        "Access-Control-Allow-Methods": methods,
        # The last is what MCP clients send to whatever they discover.
        "Access-Control-Allow-Headers": "Authorization, Content-Type, X-Request-ID, "
        "MCP-Protocol-Version",
        "Access-Control-Max-Age": "7200",
        "Allow": f"{methods}, OPTIONS".replace("GET", "GET, HEAD"),
    }
    return Response(status_code=204, headers=headers)


def _add(path: str, methods: str) -> None:
    @router.options(path, name=f"preflight {path}")
    async def preflight() -> Response:
        """Answer what a browser asks before it sends the request itself."""
        return _answer(methods)


def _registration(request: Request, methods: str) -> Response:
    if get_runtime(request).settings.client_registration != "open":
        raise HTTPException(405, headers={"Allow": methods})
    return _answer(methods)


@router.options(REGISTRATION)
async def preflight_registering(request: Request) -> Response:
    """Answer for browsers in which a client wants to register itself."""
    return _registration(request, "POST")


@router.options(REGISTRATION + "/{client_id}")
async def preflight_managing(request: Request) -> Response:
    """Answer for browsers in which a client wants to manage itself."""
    return _registration(request, "GET, PUT, DELETE")


for _path, _methods in SHARED.items():
    _add(_path, _methods)
for _path in _OF_PATH:
    _add(f"{_path}{{base:path}}", "GET")
