"""What happens to every request: an id, a client address, safe headers, one line.

Pure ASGI, once around everything (ADR-0013): it is also the last resort
for errors that nobody caught, so that those carry the id and the headers too.
"""

import asyncio
import logging
import re
import sys
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.client_address import ClientAddress
from app.api.hot_path import HotPaths
from app.api.oauth import cors
from app.api.sent_answer import SentAnswer, StandingFields
from app.api.traced import RequestTraces
from app.core.clock import Clock
from app.core.context import RequestContext, begin
from app.core.exceptions import (
    AppError,
    BadRequest,
    PageRenderer,
    PayloadTooLarge,
    RequestTimeout,
)
from app.core.forwarded import HEADERS
from app.core.logging import access_line
from app.core.pictures.flaw import MAX_BYTES
from app.core.randomness import Randomness
from app.core.stopping import Stopping
from app.services.process.refused_request import RefusedRequests
from app.services.server.startup import StartRefused
from app.utils.base_path import base_path, raw_without, without_base
from app.utils.helpers import printable

_log = logging.getLogger("auth_serve.errors")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*")
_SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}
_OWN_FIELDS = frozenset(
    b"forwarded host traceparent user-agent x-forwarded-for x-request-id".split()
)
_FORWARDED = tuple((name, name.encode()) for name in HEADERS)
_CLOSABLE = ("1.0", "1.1")  # later versions have frames for it
# RFC 3986 section 3.2, without user information, and without the comma that joins two.
_HOST = re.compile(
    r"(?:[\w.~%!$&'()*+;=-]+|\[[0-9A-Fa-f:.%\w]+\])(?::(\d{0,5}))?", re.A
)
_NONE: Sequence[str] = ()
_ABSENT: Sequence[str] = ("",)
_DIGITS = 18  # of a length; of thousands the interpreter makes no number
# Where an answer must not tell whether an address has an account. The work is the same,
# but for rows that are there or not: a wait by chance, far longer than those, covers
# them, and nobody may ask often enough to average it out. Seconds at most.
_REGISTRATION = ("/api/v1/auth/register", "/signup")
_BY_ADDRESS = (
    *("/api/v1/auth/forgot-password", "/api/v1/auth/reset-password"),
    *("/api/v1/auth/resend-verification", "/api/v1/auth/verify-email"),
    *("/api/v1/auth/email-code", "/api/v1/auth/email-code/verify"),
    *("/forgot-password", "/reset-password", "/verify-email"),
    *("/resend-verification", "/signin/code"),
)
_BLUR = dict.fromkeys(_REGISTRATION, 0.1) | dict.fromkeys(_BY_ADDRESS, 0.02)
MAX_BODY = 64 * 1024  # bytes; no request of this service comes near it
MAX_UPLOAD = MAX_BYTES + 8 * 1024  # but for a picture, and what a form puts around it
_UPLOAD = "/picture"  # how their paths end
BODY_PAUSE = 15.0  # seconds in which something of a body has to come
BODY_TIMEOUT = 30.0  # seconds in which all of it has to
_HANDED_ON = "/forward-auth"
_HSTS = "max-age=63072000; includeSubDomains"
Count = Callable[[RequestContext, str, str | None, int, float], None]


class RequestMiddleware:
    """Wraps the application; one instance serves all requests."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        hot_paths: HotPaths,
        clock: Clock,
        randomness: Randomness,
        issuer: str,
        addresses: ClientAddress,
        stopping: Stopping,
        render: PageRenderer,
        refused: RefusedRequests,
        registration: str = "off",
        count: Count | None = None,
        traces: RequestTraces | None = None,
    ) -> None:
        """Wrap.

        Args:
            app: What is wrapped.
            hot_paths: What is answered without it.
            clock: For the duration in the access line.
            randomness: For ids of requests that bring none.
            issuer: The public URL; https there turns HSTS on.
            addresses: Tells where requests came from.
            stopping: Once begun, every answer ends its connection.
            render: Makes the answer of a refusal, for people or for programs.
            refused: Keeps why requests were refused, or allowed.
            registration: Who may register clients, for what browsers may read.
            count: Told of each request that was answered, for metrics.
            traces: Tells of each request, for traces.
        """
        self._app = app
        self._hot_paths = hot_paths
        self._clock, self._randomness = clock, randomness
        self._addresses = addresses
        self._stopping = stopping
        self._render = render
        self._refused = refused
        self._base = base_path(issuer)
        self._standing, self._shared, self._handed_on = _standing(issuer)
        self._registration = registration
        self._count, self._traces = count, traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other kinds of scope pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, _said(send))
            return
        if self._base:
            scope = _at_root(scope, self._base)
        fields = _own_fields(scope)
        context = self._context(scope, fields)
        begin(context)
        if self._traces is not None:
            self._traces.begin(scope, fields, context)
        method = scope["method"]
        if method == "HEAD":  # as GET, and the content is kept back (RFC 9110 §9.3.2)
            scope = {**scope, "method": "GET"}
        is_shared = cors.is_shared(scope["path"], registration=self._registration)
        standing = self._shared if is_shared else self._standing
        if scope["path"].startswith(_HANDED_ON):
            standing = self._handed_on
        answer = SentAnswer(send, context, standing, has_content=method != "HEAD")
        answer.base = self._base.encode()
        if method == "POST" and scope["path"] in _BLUR:
            answer.wait = self._randomness.between(0, _BLUR[scope["path"]])
        started = self._clock.monotonic()
        try:
            if self._stopping.is_begun and scope["http_version"] in _CLOSABLE:
                context.headers["Connection"] = "close"
            flaw = _flaw(scope) or _host_flaw(scope, fields)
            if flaw is not None:
                context.reason = f"{BadRequest.code} ({flaw})"
                await self._refuse(BadRequest(hint=flaw), scope, receive, answer)
            else:
                body = _Body(scope, receive)
                context.left = body.left
                await self._pass(scope, body, answer)
        except Exception as error:  # the last resort: nothing else caught it
            _log.error("unhandled", exc_info=error)
            if not answer.started:
                await self._refuse(AppError(hint="unhandled"), scope, receive, answer)
        finally:
            self._line(scope, method, context, answer, started)

    async def _pass(self, scope: Scope, receive: Receive, answer: SentAnswer) -> None:
        found = self._hot_paths.find(scope)
        if found is None:
            await self._app(scope, receive, answer)
        else:
            response = await self._hot_paths.answer(found, scope, receive, answer)
            await answer.give(response, scope, receive)

    async def _refuse(
        self, error: AppError, scope: Scope, receive: Receive, send: Send
    ) -> None:
        await self._render(Request(scope), error)(scope, receive, send)

    def _context(self, scope: Scope, fields: dict[bytes, list[str]]) -> RequestContext:
        given = fields.get(b"x-request-id", _NONE)
        known = len(given) == 1 and _REQUEST_ID.fullmatch(given[0])
        trace = _TRACEPARENT.fullmatch(fields.get(b"traceparent", _ABSENT)[0])
        return RequestContext(
            correlation_id=given[0] if known else str(self._randomness.uuid7()),
            trace_id=trace[1] if trace else None,
            ip=self._client_ip(scope, fields),
            user_agent=printable(fields.get(b"user-agent", _ABSENT)[0], 256),
            is_explained=self._refused.are_answered_kept,
            scope=scope,
        )

    def _client_ip(self, scope: Scope, fields: Mapping[bytes, Sequence[str]]) -> str:
        heard = {name: fields[raw] for name, raw in _FORWARDED if raw in fields}
        client = scope.get("client")
        return self._addresses.of(client[0] if client else None, heard)

    def _line(
        self,
        scope: Scope,
        method: str,
        context: RequestContext,
        answer: SentAnswer,
        started: float,
    ) -> None:
        route, seconds = _template(scope), self._clock.monotonic() - started
        if context.steps:
            self._refused.note(context, method, route, answer.status)
        access_line(
            method=method,
            path=scope["path"],
            route=route,
            status=answer.status,
            duration_ms=seconds * 1000,
            bytes_out=answer.bytes_out,
            reason=context.reason,
        )
        if self._count is not None:
            self._count(context, method, route, answer.status, seconds)
        if self._traces is not None:
            self._traces.end(context, method, route, answer.status)


def _standing(issuer: str) -> tuple[StandingFields, StandingFields, StandingFields]:
    """Return the fields of answers: of most, of those for all sites, of proxies'."""
    fields = dict(_SECURITY)
    if issuer.startswith("https://"):
        fields["strict-transport-security"] = _HSTS
    shared = fields | cors.HEADERS
    # What proxies hand on is said in the name of other hosts, and those have one of
    # their own.
    handed_on = {k: v for k, v in fields.items() if k != "strict-transport-security"}
    return StandingFields(fields), StandingFields(shared), StandingFields(handed_on)


def _at_root(scope: Scope, base: str) -> Scope:
    """Return the request as it would have come to the root of a host."""
    path = without_base(scope["path"], base)
    if path == scope["path"]:
        return scope
    return {**scope, "path": path, "raw_path": raw_without(scope, base)}


def _own_fields(scope: Scope) -> dict[bytes, list[str]]:
    """Return the header fields that this module reads, in one pass over all."""
    fields: dict[bytes, list[str]] = {}
    for name, value in scope["headers"]:
        if name in _OWN_FIELDS:
            fields.setdefault(name, []).append(value.decode("latin-1"))
    return fields


def _template(scope: Scope) -> str | None:
    """Return the path's template, if a route was found."""
    # As the document has it: a converter ("{id:uuid}") is no part of the name.
    route = scope.get("route")
    path: str | None = getattr(route, "path_format", None)
    return path or getattr(route, "path", None)


class _Body:
    """Hands a request's body on, as long as it is neither too long nor too slow.

    Starlette's own limiter answers in plain text, and nothing limits the time; this
    raises refusals of ours.
    """

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._scope = scope
        self._receive = receive
        self._size = 0
        is_upload = scope["path"].endswith(_UPLOAD)
        self._most = MAX_UPLOAD if is_upload else MAX_BODY
        self._deadline: float | None = None
        self._is_complete = False

    async def __call__(self) -> Message:
        if self._is_complete:  # what comes now is only that the client went away
            return await self._receive()
        if self._deadline is None and _declared_length(self._scope) > self._most:
            raise PayloadTooLarge
        message = await self._next()
        self._is_complete = not message.get("more_body", False)
        self._size += len(message.get("body", b""))
        if self._size > self._most:
            raise PayloadTooLarge
        return message

    async def left(self) -> None:
        """Return when the client has gone; for who waits after the body was read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _next(self) -> Message:
        begun = _Begun(self._receive())
        if begun.message is not None:  # as almost always; a timer costs as much again
            return begun.message
        now = asyncio.get_running_loop().time()
        if self._deadline is None:
            self._deadline = now + BODY_TIMEOUT
        try:
            async with asyncio.timeout_at(min(now + BODY_PAUSE, self._deadline)):
                return await begun
        except TimeoutError:
            raise RequestTimeout(hint=f"{self._size} bytes of the body came") from None


class _Begun:
    """A message that is asked for; if it is there already, nobody has to wait."""

    def __init__(self, receiving: Awaitable[Message]) -> None:
        self.message: Message | None = None
        self._steps = receiving.__await__()
        try:
            self._awaited = next(self._steps)
        except StopIteration as ended:
            self.message = ended.value

    def __await__(self) -> Generator[Any, Any, Message]:
        """Wait for it where the first step left off."""
        try:
            yield self._awaited
        except BaseException:  # cancelled, or out of time
            self._steps.close()
            raise
        return (yield from self._steps)


def _declared_length(scope: Scope) -> int:
    """Return the length in bytes that the head promises, 0 if it does not."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            if not value.isdigit():
                return 0
            return int(value) if len(value) <= _DIGITS else MAX_UPLOAD + 1
    return 0


def _flaw(scope: Scope) -> str | None:
    """Return what is wrong with path or query before anybody looks at them, or None.

    PostgreSQL cannot store U+0000 and SQLite can: nobody may send it. Of a parameter
    that stands twice one reader takes the first and another the last.
    """
    raw, query = scope.get("raw_path") or b"", scope["query_string"]
    if "\0" in scope["path"] or b"%00" in raw or b"%00" in query:
        return "U+0000"
    if b"&" in query and scope["path"].startswith("/api/"):
        parts = (part.partition(b"=")[0] for part in query.split(b"&"))
        names = [unquote_to_bytes(part.replace(b"+", b" ")) for part in parts if part]
        if len(names) != len(set(names)):
            return "a parameter twice"
    return None


def _host_flaw(scope: Scope, fields: Mapping[bytes, Sequence[str]]) -> str | None:
    """Return what is wrong with ``Host``, or None (RFC 9112 section 3.2).

    Of two hosts a proxy takes one and a server the other. HTTP/1.0 knows none, and
    health checks come that way.
    """
    hosts = fields.get(b"host", _NONE)
    if not hosts and scope["http_version"] == "1.0":
        return None
    if len(hosts) != 1:
        return "no Host" if not hosts else "a Host twice"
    found = _HOST.fullmatch(hosts[0])
    if found is None or int(found[1] or 0) > 65_535:
        return "not a Host"
    return None


def _said(send: Send) -> Send:
    """Leave the traceback out of a refused start: one line has said why already."""

    async def answer(message: Message) -> None:
        failed = message["type"] == "lifespan.startup.failed"
        if failed and isinstance(sys.exception(), StartRefused):
            message = {**message, "message": ""}
        await send(message)

    return answer
