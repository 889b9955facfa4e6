"""What uvicorn takes from the network: bounded before the application sees anything.

uvicorn keeps header fields of any size and number, and waits for ever for the end of a
head that was begun. The application bounds bodies (`app/api/middleware.py`); what comes
before them, and how many connections there are, can only be bounded here.
"""

import asyncio
import logging
from asyncio import TimerHandle
from contextvars import copy_context
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.core.context import RequestContext, begin
from app.core.exceptions import (
    AppError,
    BadRequest,
    HeadTooLarge,
    Unavailable,
    problem,
)
from app.core.randomness import SystemRandomness
from app.utils.helpers import canonical_ip

MAX_HEAD = 32 * 1024  # bytes; an access token and cookies stay far below
MAX_PIPELINED = 16  # requests that wait on a connection; none of them was read yet
HEAD_TIMEOUT = 10.0  # seconds from the first byte of a head to its last

_log = logging.getLogger("auth_serve.connections")
_randomness = SystemRandomness()


class GuardedProtocol(HttpToolsProtocol):
    """One connection; every refusal here is told as a problem, and closes it.

    Attributes:
        issuer: The public URL, for the ``type`` of problems.
        max_head: Bytes of a head, trailers included.
        head_timeout: Seconds that a head may take; also a connection without any.
    """

    issuer: ClassVar[str] = ""
    max_head: ClassVar[int] = MAX_HEAD
    head_timeout: ClassVar[float] = HEAD_TIMEOUT

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take over uvicorn's own limit, whose refusal is plain text."""
        super().__init__(*args, **kwargs)
        self._max_connections, self.limit_concurrency = self.limit_concurrency, None
        self._refusal: AppError | None = None
        self._piece = 0  # bytes that came last
        self._seen = 0  # bytes that the present head cannot exceed
        self._kept = 0  # bytes that came and were not handed over: the parser's
        self._since: float | None = None  # when the client began to owe us a head
        self._watch: TimerHandle | None = None

    def connection_made(  # type: ignore[override]  # as uvicorn has it
        self, transport: asyncio.Transport
    ) -> None:
        """Refuse one connection too many, and begin to wait for a head."""
        super().connection_made(transport)
        most = self._max_connections
        if most is not None and len(self.connections) > most:
            self._refuse(Unavailable(hint="too many connections"))
            return
        self._since = self.loop.time()
        self._watch = self.loop.call_later(self.head_timeout, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop watching."""
        super().connection_lost(exc)
        if self._watch is not None:
            self._watch.cancel()

    def data_received(self, data: bytes) -> None:
        """Parse, and look at what the parser keeps: it knows no bound."""
        if self._since is None and not self._is_serving():
            self._since = self.loop.time()
        self._piece = len(data)
        self._seen += self._piece
        self._kept += self._piece
        super().data_received(data)
        if self._kept > self.max_head and not self.transport.is_closing():
            self._refuse(HeadTooLarge(hint="unfinished"))

    def on_message_begin(self) -> None:
        """Begin a head; it may have come together with the request before."""
        super().on_message_begin()
        self._seen, self._kept = self._piece, 0
        if self._since is None:
            self._since = self.loop.time()

    def on_headers_complete(self) -> None:
        """Give the request to the application; called once for each."""
        self._since, self._kept = None, 0
        if self._seen > self.max_head and self._size() > self.max_head:
            self._stop(HeadTooLarge(hint="all fields together"))
        if len(self.pipeline) >= MAX_PIPELINED:
            self._stop(BadRequest(hint="too many requests ahead of their answers"))
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Hand a piece of the body over; the application counts it."""
        self._kept = 0
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser did not take; called by uvicorn."""
        self._refuse(self._refusal or BadRequest(hint="not HTTP"))

    def _size(self) -> int:
        fields = sum(len(name) + len(value) + 4 for name, value in self.headers)
        return len(self.url) + fields

    def _stop(self, refusal: AppError) -> None:
        """Leave the parser; uvicorn then asks for the answer."""
        self._refusal = refusal
        raise refusal

    def _is_serving(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _look(self) -> None:
        """Close a connection whose head is overdue.

        One timer a connection, and none a request: it looks once in a while how long
        the client has owed a head, and then again when that would be too long.
        """
        if self.transport.is_closing():
            return
        now, since = self.loop.time(), self._since
        waited = 0.0 if since is None or self._is_serving() else now - since
        if waited >= self.head_timeout:
            self.transport.close()
            return
        self._watch = self.loop.call_later(self.head_timeout - waited, self._look)

    def _refuse(self, error: AppError) -> None:
        """Say why, unless an answer is due first, and close."""
        cycle = self.cycle
        if self._is_serving() and (
            self.pipeline or cycle.response_started or not cycle.more_body
        ):
            self.transport.close()
            return
        self.transport.write(copy_context().run(self._answer, error))
        self.transport.close()

    def _answer(self, error: AppError) -> bytes:
        """Return the problem, under an id that the log knows too."""
        request_id = str(_randomness.uuid7())
        ip = canonical_ip(self.client[0]) if self.client else ""
        begin(RequestContext(correlation_id=request_id, ip=ip))
        _log.warning("refused %s (%s)", error.code, error.hint)
        answer = problem(error, self.issuer)
        answer.headers["x-request-id"] = request_id
        answer.headers["cache-control"] = "no-store"
        answer.headers["connection"] = "close"
        fields = [*self.server_state.default_headers, *answer.raw_headers]
        lines = [b"%s: %s\r\n" % field for field in fields]
        head = [STATUS_LINE[answer.status_code], *lines, b"\r\n"]
        return b"".join([*head, answer.body])


def guarded(issuer: str) -> type[GuardedProtocol]:
    """Return the protocol of a service with this public URL."""
    return type("GuardedProtocol", (GuardedProtocol,), {"issuer": issuer})
