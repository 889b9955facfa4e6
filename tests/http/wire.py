"""What tests of the wire share: small requests, a small application, raw answers."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from app.cli.http.protocol import MAX_HEAD, GuardedProtocol

REQUEST = b"GET /a HTTP/1.1\r\nHost: test\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n"
CHUNKED = b"POST /a HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
LIMIT = 4  # connections
GUARD = 60  # seconds after which a test that hangs is ended; nothing is measured
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Streams]]

FAT = b"x" * (MAX_HEAD + 1)


class WireProtocol(GuardedProtocol):
    """As in production, of a service that knows its address, and more patient.

    What is to be closed at once is not closed by a limit: none ends before `GUARD`.
    """

    issuer = "https://auth.example.com"
    head_timeout = 600.0


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the length of the body, later or never if the path says so."""
    if scope["path"] == "/early":  # an answer before the body was read
        await PlainTextResponse("early")(scope, receive, send)
        return
    if scope["path"] == "/host":
        host = Request(scope).headers["host"]
        await PlainTextResponse(host)(scope, receive, send)
        return
    body = await Request(scope, receive).body()
    if scope["path"] == "/never":  # as long as the connection is there
        while (await receive())["type"] != "http.disconnect":
            pass
        return
    if scope["path"] == "/slow":
        await asyncio.sleep(0.4)
    await PlainTextResponse(f"{len(body)}")(scope, receive, send)


async def answer_to(streams: Streams, *pieces: bytes) -> bytes:
    """Send pieces, and return everything until the server closes the connection."""
    reader, writer = streams
    reading = asyncio.ensure_future(everything(reader))
    for piece in pieces:
        if reading.done():
            break
        writer.write(piece)
        await asyncio.sleep(0.01)
    return await asyncio.wait_for(reading, GUARD)


async def everything(reader: asyncio.StreamReader) -> bytes:
    """Return what comes; what crossed the end of the server is answered by a reset."""
    came = b""
    with suppress(ConnectionResetError):
        while piece := await reader.read(65_536):
            came += piece
    return came


def problem_of(answer: bytes) -> dict[str, Any]:
    """Return the problem details of the only answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head and b"connection: close" in head
    found: dict[str, Any] = json.loads(body)
    assert head.startswith(b"HTTP/1.1 %d " % found["status"])
    assert found["correlation_id"].encode() in head
    assert found["type"] == f"https://auth.example.com/docs/errors#{found['code']}"
    return found
