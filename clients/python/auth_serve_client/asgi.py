"""Plain ASGI: no request comes to the application without a token that holds."""

import json
import logging
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

from auth_serve_client.errors import Refused, Unavailable
from auth_serve_client.resource_server import ResourceServer

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
_log = logging.getLogger("auth_serve_client")


class BearerMiddleware:
    """Puts the token at ``scope["state"]["access_token"]``; answers the metadata."""

    def __init__(
        self,
        app: App,
        server: ResourceServer,
        *,
        scope: Collection[str] = (),
        acr: Collection[str] = (),
        max_age: int | None = None,
        open_paths: Collection[str] = (),
    ) -> None:
        """Wrap.

        Args:
            app: What is wrapped.
            server: Who judges.
            scope: What every token needs.
            acr: One of these every sign-in needs (RFC 9470).
            max_age: Seconds that it may lie back.
            open_paths: Exact paths that need no token.
        """
        self._app, self._server = app, server
        self._scope, self._acr, self._max_age = tuple(scope), tuple(acr), max_age
        self._open = frozenset(open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or refuse it."""
        if scope["type"] not in ("http", "websocket") or scope["path"] in self._open:
            await self._app(scope, receive, send)
            return
        if scope["path"] == self._server.metadata_path and scope["type"] == "http":
            await _answer(send, 200, {}, self._server.metadata())
            return
        try:
            token = await self._server.authenticate(_authorization(scope))
            token.demand_scope(*self._scope)
            token.demand_sign_in(acr=self._acr, max_age=self._max_age)
        except Refused as error:
            _log.info("refused: %s", error)
            headers = error.headers(self._server.metadata_url)
            await _refuse(scope, send, error.status, headers, error.error)
        except Unavailable as error:
            _log.warning("unavailable: %s", error)
            await _refuse(scope, send, 503, error.headers(), "temporarily_unavailable")
        else:
            scope.setdefault("state", {})["access_token"] = token
            await self._app(scope, receive, send)


def _authorization(scope: Scope) -> str | None:
    """Return the field; two of them are none (which one counts, nobody could know)."""
    found = [value for name, value in scope["headers"] if name == b"authorization"]
    return found[0].decode("latin-1") if len(found) == 1 else None


async def _refuse(
    scope: Scope, send: Send, status: int, headers: dict[str, str], error: str | None
) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    await _answer(send, status, headers, {"error": error} if error else {})


async def _answer(send: Send, status: int, headers: dict[str, str], body: Any) -> None:
    fields = {"content-type": "application/json", "cache-control": "no-store"} | headers
    raw = [(name.lower().encode(), value.encode()) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
