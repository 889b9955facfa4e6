"""A real HTTP server that remembers what it was asked, and answers as it is told."""

import select
import ssl
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer
from typing import Any, Self

from tests.servers.ports import LOOPBACK

Answer = tuple[int, Mapping[str, str], bytes]
Handler = Callable[[str, str, Message, bytes], Answer]


@dataclass(frozen=True)
class Request:
    """One request as it came; ``path`` with its query, ``headers`` of any case."""

    method: str
    path: str
    headers: Message
    body: bytes


def no_content(method: str, path: str, headers: Message, body: bytes) -> Answer:
    """Answer 204 to everything."""
    return 204, {}, b""


class HttpServer:
    """Answers by a function of ``(method, path, headers, body)``, in threads.

    Attributes:
        requests: What was asked, in order of arrival.
        connections: How often anybody connected, even without a word of HTTP. A server
            that must receive nothing is one where this is 0 after ``with``.
        handler: The function; a test may replace it. It runs in the connection's
            thread: one that waits is a server that hangs. What it raises, ``with``
            raises at the end.
    """

    def __init__(
        self, handler: Handler = no_content, certificate: Path | None = None
    ) -> None:
        self.handler = handler
        self._scheme = "https" if certificate else "http"
        self.requests: list[Request] = []
        self.connections = 0
        self.errors: list[BaseException] = []
        self._server = _Server(self)
        if certificate is not None:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificate)
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}
        )

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Its address without a slash at the end; certificates are for the name."""
        host = "localhost" if self._scheme == "https" else LOOPBACK
        return f"{self._scheme}://{host}:{self.port}"

    def stop(self) -> None:
        """Accept nothing more; raise what the handler raised, if it did."""
        self._server.shutdown()
        self._thread.join()
        while select.select([self._server], [], [], 0)[0]:
            self._server.handle_request()  # who waited in the queue counts, too
        self._server.server_close()
        if self.errors:
            raise self.errors[0]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Server(ThreadingTCPServer):
    """``HTTPServer`` would ask the resolver for its own name; this does not."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, owner: HttpServer) -> None:
        self.owner = owner
        super().__init__((LOOPBACK, 0), _Connection)

    def get_request(self) -> Any:
        self.owner.connections += 1
        return super().get_request()

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exc_info()[1]
        # A client that has gone is no mistake: those with a time limit do just that.
        if error and not isinstance(error, ConnectionError | ssl.SSLError):
            self.owner.errors.append(error)


class _Connection(BaseHTTPRequestHandler):
    """One request and its answer."""

    server: _Server
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        if "Transfer-Encoding" in self.headers:
            self.send_error(411)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = Request(self.command, self.path, self.headers, body)
        owner = self.server.owner
        owner.requests.append(asked)
        try:
            answer = owner.handler(self.command, self.path, self.headers, body)
        except Exception as error:  # a test's own mistake: shown when the server stops
            owner.errors.append(error)
            answer = 500, {}, b""
        self._send(*answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: pytest's output is for tests."""
