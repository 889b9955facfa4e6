"""Plain ASGI: no request comes to the application without a token that holds."""

import json
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

from auth_serve_client.admission import NotAdmitted, admit
from auth_serve_client.resource_server import ResourceServer

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


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
            token = await admit(
                self._server,
                _authorization(scope),
                scope=self._scope,
                acr=self._acr,
                max_age=self._max_age,
            )
        except NotAdmitted as refusal:
            await _refuse(scope, send, refusal)
        else:
            scope.setdefault("state", {})["access_token"] = token
            await self._app(scope, receive, send)


def _authorization(scope: Scope) -> list[str]:
    found = [value for name, value in scope["headers"] if name == b"authorization"]
    return [value.decode("latin-1") for value in found]


async def _refuse(scope: Scope, send: Send, refusal: NotAdmitted) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = {"error": refusal.error} if refusal.error else {}
    await _answer(send, refusal.status, refusal.headers, body)


async def _answer(send: Send, status: int, headers: dict[str, str], body: Any) -> None:
    fields = {"content-type": "application/json", "cache-control": "no-store"} | headers
    raw = [(name.lower().encode(), value.encode()) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
