#!/bin/sh
# mcp 2.3.0 (PyPI), the Python SDK of the Model Context Protocol; pydantic 2.14.3; Python 3.11.
#
# Expected: an MCP server names its authorization server by the issuer that it was told.
# Issuers are compared in every character (RFC 8414 section 3.3, OpenID Connect Discovery 1.0
# section 4.3), and `authorization_servers` has issuer identifiers (RFC 9728 section 2). An
# issuer without a path has no slash at its end, and `AuthSettings.issuer_url` is an AnyHttpUrl.
#
# Seen: given as the field's own type, AnyHttpUrl("https://auth.example.com"), the metadata
# that the server publishes name "https://auth.example.com/", which is another issuer: a client
# that follows them and compares as it has to refuses the one that it finds there. Given as a
# string the issuer stays as it is. Exits non-zero once that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check mcp==2.3.0 pydantic==2.14.3
cat > run.py <<'PY'
import asyncio
import logging
import sys

import httpx2
from mcp.server import MCPServer
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from pydantic import AnyHttpUrl

logging.disable(logging.CRITICAL)
ISSUER, RESOURCE = "https://auth.example.com", "https://mcp.example.com/mcp"


class Nobody:
    async def verify_token(self, token: str) -> AccessToken | None:
        return None


async def published(issuer_url):
    auth = AuthSettings(
        issuer_url=issuer_url,
        resource_server_url=RESOURCE,
        validate_token_resource=True,
    )
    server = MCPServer("orders", token_verifier=Nobody(), auth=auth)
    transport = httpx2.ASGITransport(app=server.streamable_http_app())
    base = "https://mcp.example.com"
    async with httpx2.AsyncClient(transport=transport, base_url=base) as http:
        answer = await http.get("/.well-known/oauth-protected-resource/mcp")
    return answer.json()["authorization_servers"]


async def main():
    by_string = await published(ISSUER)
    by_type = await published(AnyHttpUrl(ISSUER))
    print("issuer_url=str        ->", by_string)
    print("issuer_url=AnyHttpUrl ->", by_type)
    return (by_string, by_type) != ([ISSUER], [f"{ISSUER}/"])


sys.exit(asyncio.run(main()))
PY
python/bin/python run.py
