"""An MCP server made with the official SDK, as docs/mcp.md has it; a program."""

import argparse
import os

import jwt
from mcp.server import MCPServer
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from starlette.requests import Request
from starlette.responses import Response

ISSUER, RESOURCE = os.environ["ISSUER"], os.environ["RESOURCE"]
keys = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json")


class Tokens:
    """Checks access tokens offline."""

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return what a token says, if it is for this server."""
        try:
            if jwt.get_unverified_header(token).get("typ") != "at+jwt":
                return None
            key = keys.get_signing_key_from_jwt(token)
            said = jwt.decode(
                token, key, ["ES256", "RS256"], audience=RESOURCE, issuer=ISSUER
            )
        except jwt.PyJWTError:
            return None
        return AccessToken(
            token=token,
            client_id=said["client_id"],
            scopes=said.get("scope", "").split(),
            expires_at=said["exp"],
            resource=RESOURCE,
        )


server = MCPServer(
    "orders",
    token_verifier=Tokens(),
    # Strings: ``AnyHttpUrl`` adds a slash to an issuer, which is another one then.
    auth=AuthSettings.model_validate(
        {
            "issuer_url": ISSUER,
            "resource_server_url": RESOURCE,
            "required_scopes": ["orders:read"],
            "validate_token_resource": True,
        }
    ),
)


@server.tool()
def orders(of: str) -> str:
    """List orders."""
    return f"no orders of {of}"


async def ready(request: Request) -> Response:
    """Say that it takes requests."""
    return Response()


server.custom_route("/health/ready", methods=["GET"])(ready)

if __name__ == "__main__":
    import uvicorn

    parser = argparse.ArgumentParser()
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    chosen = parser.parse_args()
    uvicorn.run(server.streamable_http_app(), host=chosen.host, port=chosen.port)
