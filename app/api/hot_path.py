"""The few addresses that are asked all the time, found with one look in a table.

Matching the router's templates one after the other, and what frameworks wrap around
each matched route, costs as much as answering (ADR-0013). The routes stay
where they are declared: they make the document, and answer other methods of the same
address.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.api import forward_auth
from app.api.known_query import refuse_unknown
from app.api.oauth import introspection, revocation, token, userinfo, well_known
from app.api.v1 import auth, me

_OPENID, _OAUTH = "openid-configuration", "oauth-authorization-server"
Endpoint = Callable[[Request], Awaitable[Response]]
Handlers = Mapping[Any, Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class HotPath:
    """One method of one address.

    Attributes:
        path: What the access line calls the route.
        endpoint: Answers it.
        is_strict: Of the JSON API, and so without unknown parameters; none takes any.
    """

    path: str
    endpoint: Endpoint
    is_strict: bool


class HotPaths:
    """Answers what it knows; everything else is the router's."""

    def __init__(
        self, endpoints: Mapping[tuple[str, str], Endpoint], handlers: Handlers
    ) -> None:
        """Know the endpoints.

        Args:
            endpoints: By method and exact path.
            handlers: The application's for errors, by their class.
        """
        self._handlers = handlers
        self.table = {
            (method, path): HotPath(path, endpoint, path.startswith("/api/"))
            for (method, path), endpoint in endpoints.items()
        }

    def find(self, scope: Scope) -> HotPath | None:
        """Look a request up."""
        return self.table.get((scope["method"], scope["path"]))

    async def answer(
        self, found: HotPath, scope: Scope, receive: Receive, send: Send
    ) -> Response:
        """Return the answer to what was found; errors look as they do everywhere."""
        scope["route"] = found
        request = Request(scope, receive, send)
        try:
            if scope["query_string"] and found.is_strict:
                refuse_unknown(scope["query_string"], ())
            return await found.endpoint(request)
        except Exception as error:
            handler = self._handler(error)
            if handler is None:
                raise
            response: Response = await handler(request, error)
            return response

    def _handler(self, error: Exception) -> Callable[..., Any] | None:
        kinds = (kind for kind in type(error).__mro__ if kind in self._handlers)
        return self._handlers.get(next(kinds, None))


def hot_paths(handlers: Handlers) -> HotPaths:
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
            ("GET", forward_auth.PLAIN): forward_auth.forward_auth,
            ("GET", forward_auth.NGINX): forward_auth.forward_auth_status,
            ("POST", "/api/v1/auth/login"): auth.login,
            ("POST", "/api/v1/auth/refresh"): auth.refresh,
        },
        handlers,
    )
