"""A program without a sign-in: it says what it was sent, and echoes websockets."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.servers.ports import LOOPBACK

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Program"

    def do_GET(self) -> None:
        """Answer with the request, or become a websocket."""
        if self.headers.get("Upgrade", "").lower() == "websocket":
            self._echo()
            return
        length = int(self.headers.get("Content-Length", 0))
        seen = {
            "path": self.path,
            "method": self.command,
            "fields": [[name.lower(), text] for name, text in self.headers.items()],
            "body": self.rfile.read(length).decode(),
        }
        self.server.seen.append(self.path)
        content = json.dumps(seen).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET

    def _echo(self) -> None:
        key = self.headers["Sec-WebSocket-Key"] + _GUID
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        user = self.headers.get("X-Auth-Request-User", "")
        self.send_response(101)
        for name, text in (
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", accept),
            ("X-Seen-User", user),
        ):
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(self.rfile.read(5))
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Program(ThreadingHTTPServer):
    """Where it listens is ``server_port``; ``seen`` has the paths that came."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on loopback."""
        super().__init__((LOOPBACK, 0), _Handler)
        self.seen: list[str] = []


@contextmanager
def serving() -> Iterator[Program]:
    """Serve the program while the block runs."""
    with Program() as program:
        thread = threading.Thread(target=program.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield program
        finally:
            program.shutdown()
            thread.join()
