"""What uvicorn takes from the network: bounded before the application sees anything.

uvicorn keeps header fields of any size and number, and waits for ever for the end of a
head that was begun. The application bounds bodies (`app/api/middleware.py`); what comes
before them, and how many connections there are, can only be bounded here. Nor does it
read on after an answer that came before the end of a request
(`app/cli/http/lingering.py`).
"""

import asyncio
import logging
import re
from asyncio import TimerHandle
from contextvars import copy_context
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.cli.http.lingering import LINGER_BYTES, LingeringTransport
from app.cli.http.pulse import MOMENT, Pulse
from app.cli.http.whole_answer import write_whole
from app.core.context import RequestContext, begin
from app.core.exceptions import (
    AppError,
    BadRequest,
    HeadTooLarge,
    Unavailable,
    problem,
)
from app.core.randomness import SystemRandomness
from app.core.whole_answer import EXTENSION
from app.utils.helpers import canonical_ip

MAX_HEAD = 32 * 1024  # bytes; an access token and cookies stay far below
MAX_PIPELINED = 16  # requests that wait on a connection; none of them was read yet
HEAD_TIMEOUT = 10.0  # seconds from the first byte of a head to its last
LAST_WORD = 1.0  # seconds that a silent connection has left when the server stops
SMALLEST_FRAME = 5  # bytes around a chunk
SCARCE = 5  # seconds that a connection is kept once three of four are in use
SPARE = 32  # connections too many that are told so and waited for

_EXTENSIONS: Any = {EXTENSION: write_whole}
_log = logging.getLogger("auth_serve.connections")
_randomness = SystemRandomness()


class GuardedProtocol(HttpToolsProtocol):
    """One connection; every refusal here is told as elsewhere, and closes it.

    Attributes:
        issuer: The public URL, for the ``type`` of problems.
        max_head: Bytes of a head, trailers included.
        head_timeout: Seconds that a head may take; also a connection without any.
        turned_away: Connections too many, until they have read that they are.
        pulse: Of the process.
    """

    transport: LingeringTransport  # type: ignore[assignment]  # stands before it

    issuer: ClassVar[str] = ""
    max_head: ClassVar[int] = MAX_HEAD
    head_timeout: ClassVar[float] = HEAD_TIMEOUT
    turned_away: ClassVar[set[HttpToolsProtocol]] = set()
    pulse: ClassVar[Pulse] = Pulse()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take over uvicorn's own limit, whose refusal is plain text."""
        super().__init__(*args, **kwargs)
        self._max_connections, self.limit_concurrency = self.limit_concurrency, None
        self._refusal: AppError | None = None
        self._piece = 0  # bytes that came last
        self._passed = 0  # of them, what is known to be handed over; no less is
        self._seen = 0  # bytes that the present head cannot exceed
        self._kept = 0  # bytes that came and were not handed over: the parser's
        self._since: float | None = None  # when the client began to owe us a head
        self._watch: TimerHandle | None = None
        self._is_refused = False
        self._is_last = False  # what comes now is answered, and the connection ends
        self._unwanted = 0  # bytes of a body that came after its answer
        self._app = self.app

    def connection_made(  # type: ignore[override]  # as uvicorn has it
        self, transport: asyncio.Transport
    ) -> None:
        """Refuse one connection too many, and begin to wait for a head."""
        lingering: Any = LingeringTransport(transport, self._owes_input)
        super().connection_made(lingering)
        most = self._max_connections
        if most is not None and len(self.connections) > most:
            self._turn_away()
            return
        self._since = self.loop.time()
        self._watch = self.loop.call_later(self.head_timeout, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop watching."""
        super().connection_lost(exc)
        self.transport.end()
        self.turned_away.discard(self)
        if self._watch is not None:
            self._watch.cancel()

    def data_received(self, data: bytes) -> None:
        """Parse, and look at what the parser keeps: it knows no bound."""
        if self.transport.is_closing():
            self.transport.discard(len(data))
            return
        if self._since is None and not self._is_serving():
            self._since = self.loop.time()
        self._piece, self._passed = len(data), 0
        self._seen += self._piece
        self._kept += self._piece
        super().data_received(data)
        if self._kept > self.max_head and not self.transport.is_closing():
            self._refuse(HeadTooLarge(hint="unfinished"))

    def on_message_begin(self) -> None:
        """Begin a head; it may have come together with the request before."""
        super().on_message_begin()
        self._seen, self._kept = self._piece, self._rest()
        if self._since is None:
            self._since = self.loop.time()

    def on_headers_complete(self) -> None:
        """Give the request to the application; called once for each."""
        if self._piece > self.max_head // 8:
            earlier = max(0, self._kept - self._piece)  # came before this piece
            self._passed += max(0, self._size() - earlier)
        self._since, self._kept = None, 0
        if self._seen > self.max_head and self._size() > self.max_head:
            self._stop(HeadTooLarge(hint="all fields together"))
        if len(self.pipeline) >= MAX_PIPELINED:
            self._stop(BadRequest(hint="too many requests ahead of their answers"))
        if not self.url.startswith(b"/"):
            self._read_authority()
        self.app = self._app
        if self.pulse.is_doubtful(self.loop.time()):
            self.app = self._answer_who_is_there
        super().on_headers_complete()
        if self._is_last:
            self.cycle.keep_alive = False
        # The application begins once this piece was read.
        self.scope["extensions"] = _EXTENSIONS

    def on_body(self, body: bytes) -> None:
        """Hand a piece of the body over; the application counts it."""
        self._passed += len(body)
        self._kept = self._rest()
        super().on_body(body)
        if self.cycle.response_complete:
            self._unwanted += len(body)
            if self._unwanted > LINGER_BYTES:
                self.transport.end()

    def on_chunk_header(self) -> None:
        """Begin a chunk, whose frame is no part of what the parser keeps."""
        self._passed += SMALLEST_FRAME
        self._kept = self._rest()  # trailers, after the last chunk

    def on_response_complete(self) -> None:
        """Keep the connection, but not for long where connections are scarce."""
        most, kept = self._max_connections, self.config.timeout_keep_alive
        is_scarce = most is not None and len(self.connections) > most * 3 // 4
        self.timeout_keep_alive = min(SCARCE, kept) if is_scarce else kept
        super().on_response_complete()

    def shutdown(self) -> None:
        """Answer what comes until the last word; called by uvicorn when it stops.

        A request may be on its way, or wait here unread: closing would reset it.
        """
        self._is_last = True
        if self._is_serving():
            self.cycle.keep_alive = False
        else:
            self.loop.call_later(LAST_WORD, self._close_silent)

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser did not take; called by uvicorn."""
        self._refuse(self._refusal or BadRequest(hint="not HTTP"))

    async def _answer_who_is_there(self, *request: Any) -> None:
        """Do nothing for whoever gave up while the process stood still."""
        await asyncio.sleep(MOMENT)
        if self.transport.is_closing():
            _log.warning("not done: the client gave up while this process stood still")
            return
        await self._app(*request)

    def _owes_input(self) -> bool:
        """Tell whether a request, or the rest of one, may be under way to us."""
        cycle = self.cycle
        if cycle is None:
            return self._is_refused or self._is_last
        return self._is_refused or self._is_last or bool(cycle.more_body)

    def _close_silent(self) -> None:
        if not self._is_serving():
            self.transport.close()

    def _turn_away(self) -> None:
        """Refuse a connection too many; it counts no more, so that others come in."""
        self.connections.discard(self)
        self.turned_away.add(self)
        self._refuse(Unavailable(hint="too many connections"))
        if len(self.turned_away) > SPARE:
            self.transport.end()

    def _read_authority(self) -> None:
        """Let the absolute form of a target decide on the host (RFC 9112 §3.2.2)."""
        scheme, mark, rest = self.url.partition(b"://")
        authority = re.split(b"[/?#]", rest, maxsplit=1)[0]
        if not mark or scheme.lower() not in (b"http", b"https") or not authority:
            self._stop(BadRequest(hint="the target of the request"))
        if [name for name, _ in self.headers].count(b"host") == 1:
            kept = [field for field in self.headers if field[0] != b"host"]
            self.headers[:] = [(b"host", authority), *kept]

    def _rest(self) -> int:
        """Return how much of the last piece the parser may keep: what begins in it.

        A piece may hold the end of one request and the whole head of the next.
        """
        return max(0, self._piece - self._passed)

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
            self.transport.end()
            return
        self._watch = self.loop.call_later(self.head_timeout - waited, self._look)

    def _refuse(self, error: AppError) -> None:
        """Say why, unless an answer is due first, and close."""
        cycle = self.cycle
        self._is_refused = True
        if self._is_serving() and (
            self.pipeline or cycle.response_started or not cycle.more_body
        ):
            self.transport.end()
            return
        self.transport.write(copy_context().run(self._answer, error))
        self.transport.close()

    def _answer(self, error: AppError) -> bytes:
        """Return the problem, under an id that the log knows too."""
        request_id = str(_randomness.uuid7())
        ip = canonical_ip(self.client[0]) if self.client else ""
        begin(RequestContext(correlation_id=request_id, ip=ip))
        _log.warning("refused %s (%s)", error.code, error.hint)
        answer = self._rendered(error)
        answer.headers["x-request-id"] = request_id
        answer.headers["cache-control"] = "no-store"
        answer.headers["connection"] = "close"
        fields = [*self.server_state.default_headers, *answer.raw_headers]
        lines = [b"%s: %s\r\n" % field for field in fields]
        head = [STATUS_LINE[answer.status_code], *lines, b"\r\n"]
        return b"".join([*head, answer.body])

    def _rendered(self, error: AppError) -> Any:
        """Return a page for people, as far as it is known that they ask."""
        state = getattr(self.app, "state", None)
        render = getattr(state, "render_refusal", None)
        fields = list(self.headers or ())
        if render is None or not fields:
            return problem(error, self.issuer)
        path = self.url.partition(b"?")[0].decode("latin-1")
        asked = {"method": "GET", "path": path, "query_string": b"", "headers": fields}
        return render({"type": "http", "app": self.app, **asked}, error)


def guarded(issuer: str) -> type[GuardedProtocol]:
    """Return the protocol of a service with this public URL."""
    own = {"issuer": issuer, "turned_away": set(), "pulse": Pulse()}
    return type("GuardedProtocol", (GuardedProtocol,), own)
