"""FastAPI: a dependency that gives an endpoint its token, or refuses the request."""

from collections.abc import Awaitable, Callable
from typing import Any

from auth_serve_client.admission import NotAdmitted, admit
from auth_serve_client.resource_server import ResourceServer
from auth_serve_client.token import AccessToken
from fastapi import FastAPI, HTTPException, Request


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
            return await admit(server, fields, scope=scope, acr=acr, max_age=max_age)
        except NotAdmitted as refusal:
            raise HTTPException(
                refusal.status, refusal.error, refusal.headers
            ) from refusal

    return access_token


def publish_metadata(app: FastAPI, server: ResourceServer) -> None:
    """Let an application say who issues its tokens (RFC 9728)."""
    if server.metadata_path is None:
        return

    @app.get(server.metadata_path, include_in_schema=False)
    async def metadata() -> dict[str, Any]:
        return server.metadata()
