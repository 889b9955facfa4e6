"""A site that publishes what a client is, and people who are asked about it."""

import json
from typing import Any

from httpx2 import Response

from tests.factories.oauth import REDIRECT_URI, VERIFIER, Application
from tests.servers.http import HttpServer
from tests.support.api import Api
from tests.support.authorization import Visit, told

PATH = "/oauth/client.json"
MCP: dict[str, Any] = {
    "client_name": "Editor",
    "redirect_uris": [REDIRECT_URI, "http://127.0.0.1/callback"],
    "token_endpoint_auth_method": "none",
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
}
JSON = {"Content-Type": "application/json"}


class Site:
    """Where the document is; a test may change what it answers."""

    def __init__(self, server: HttpServer) -> None:
        """Answer with the document of the address that was asked for."""
        self.server = server
        self.changed: dict[str, Any] = {}
        self.status, self.headers, self.raw = 200, dict(JSON), b""
        server.handler = lambda _, path, *__: (
            self.status,
            self.headers,
            self.raw or json.dumps(self.document(path)).encode(),
        )

    def document(self, path: str = PATH) -> dict[str, Any]:
        """Return what is said at a path; a member that is None is left out."""
        said = {"client_id": self.server.url + path} | MCP | self.changed
        return {name: value for name, value in said.items() if value is not None}

    def app(self, path: str = PATH) -> Application:
        """Return the client that is known by it."""
        return Application(self.server.url + path)

    @property
    def asked(self) -> int:
        """How often somebody came for a document."""
        return len(self.server.requests)


async def agree(browser: Visit, app: Application, **asked: Any) -> Response:
    """Come with a request and allow it."""
    await browser.ask(app, **asked)
    return await browser.decide("allow")


async def redeem(api: Api, app: Application, answer: Response) -> Response:
    """Exchange the code of an answer, as a public client does."""
    form = {
        "grant_type": "authorization_code",
        "code": told(answer)["code"],
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
        "client_id": app.client_id,
    }
    return await api.client.post("/oauth2/token", data=form)
