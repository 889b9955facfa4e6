"""Which addresses scripts of other sites may read: exactly those that they need.

A single-page application finds the server, exchanges its code, reads about its person
and gives its token back. It sends no cookie there, so any origin may (the metadata of
a wildcard allows no credentials). Where people are asked, never.
"""

from fastapi import APIRouter, HTTPException, Response

# Methods by path.
SHARED = {
    "/.well-known/openid-configuration": "GET",
    "/.well-known/oauth-authorization-server": "GET",
    "/.well-known/jwks.json": "GET",
    "/oauth2/token": "POST",
    "/oauth2/userinfo": "GET, POST",
    "/oauth2/revoke": "POST",
}
HEADERS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "WWW-Authenticate, Retry-After, X-Request-ID",
    "cross-origin-resource-policy": "cross-origin",
}

_OTHERS = ["PUT", "PATCH", "DELETE"]
router = APIRouter(include_in_schema=False)


def _answer(methods: str) -> Response:
    headers = {
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": "Authorization, Content-Type, X-Request-ID",
        "Access-Control-Max-Age": "7200",
        "Allow": f"{methods}, OPTIONS",
    }
    return Response(status_code=204, headers=headers)


def _add(path: str, methods: str) -> None:
    @router.options(path, name=f"preflight {path}")
    async def preflight() -> Response:
        """Answer what a browser asks before it sends the request itself."""
        return _answer(methods)

    # The router would name the methods of the first route of the address only.
    @router.api_route(path, methods=_OTHERS, name=f"refuse {path}")
    async def refuse() -> Response:
        """Say which methods there are."""
        raise HTTPException(405, headers={"Allow": f"{methods}, OPTIONS"})


for _path, _methods in SHARED.items():
    _add(_path, _methods)
