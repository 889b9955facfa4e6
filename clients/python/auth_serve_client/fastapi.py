"""FastAPI: a dependency that gives an endpoint its token, or refuses the request."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from auth_serve_client.errors import Refused, Unavailable
from auth_serve_client.resource_server import ResourceServer
from auth_serve_client.token import AccessToken
from fastapi import FastAPI, HTTPException, Request

_log = logging.getLogger("auth_serve_client")


def requires(
    server: ResourceServer,
    *scope: str,
    acr: tuple[str, ...] = (),
    max_age: int | None = None,
) -> Callable[[Request], Awaitable[AccessToken]]:
    """Return a dependency: ``Depends(requires(server, "orders:read"))``.

    Args:
        server: Who judges.
        scope: What the token needs.
        acr: One of these the sign-in needs (RFC 9470).
        max_age: Seconds that it may lie back.
    """

    async def access_token(request: Request) -> AccessToken:
        fields = request.headers.getlist("authorization")
        try:
            token = await server.authenticate(fields[0] if len(fields) == 1 else None)
            token.demand_scope(*scope)
            token.demand_sign_in(acr=acr, max_age=max_age)
        except Refused as error:
            _log.info("refused: %s", error)
            headers = error.headers(server.metadata_url)
            raise HTTPException(error.status, error.error, headers) from error
        except Unavailable as error:
            _log.warning("unavailable: %s", error)
            detail = "temporarily_unavailable"
            raise HTTPException(503, detail, error.headers()) from error
        return token

    return access_token


def publish_metadata(app: FastAPI, server: ResourceServer) -> None:
    """Let an application say who issues its tokens (RFC 9728)."""
    if server.metadata_path is None:
        return

    @app.get(server.metadata_path, include_in_schema=False)
    async def metadata() -> dict[str, Any]:
        return server.metadata()
