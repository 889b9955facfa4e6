"""The few addresses that are asked all the time, found with one look in a table.

Matching the router's templates one after the other, and the wrapping of each matched
route, costs as much as answering (performance.md, rule 1). The routes stay where they
are declared: they make the document, and answer other methods of the same address.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from app.api.oauth import introspection, revocation, token, userinfo, well_known
from app.api.v1 import auth, me

_OPENID, _OAUTH = "openid-configuration", "oauth-authorization-server"
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class HotPath:
    """One method of one address; ``path`` is what the access line calls the route."""

    path: str
    endpoint: Endpoint


class HotPaths(BaseRoute):
    """A route that stands before all others; what it does not know goes on to them."""

    def __init__(self, endpoints: Mapping[tuple[str, str], Endpoint]) -> None:
        """Know the endpoints by method and exact path."""
        self.table = {
            (method, path): HotPath(path, endpoint)
            for (method, path), endpoint in endpoints.items()
        }

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Look the request up."""
        if scope["type"] == "http":
            found = self.table.get((scope["method"], scope["path"]))
            if found is not None:
                return Match.FULL, {"route": found}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; errors are rendered around the router, as for every route."""
        response = await scope["route"].endpoint(Request(scope, receive, send))
        await response(scope, receive, send)


def hot_paths() -> HotPaths:
    """Return the addresses of this service that are asked all the time."""
    return HotPaths(
        {
            ("GET", "/.well-known/jwks.json"): well_known.jwks,
            ("GET", f"/.well-known/{_OPENID}"): well_known.openid_configuration,
            ("GET", f"/.well-known/{_OAUTH}"): well_known.oauth_authorization_server,
            ("POST", "/oauth2/token"): token.token,
            ("POST", "/oauth2/introspect"): introspection.introspect,
            ("POST", "/oauth2/revoke"): revocation.revoke,
            ("GET", "/oauth2/userinfo"): userinfo.read_userinfo,
            ("POST", "/oauth2/userinfo"): userinfo.post_userinfo,
            ("GET", "/api/v1/users/me"): me.read_me,
            ("POST", "/api/v1/auth/login"): auth.login,
            ("POST", "/api/v1/auth/refresh"): auth.refresh,
        }
    )
