"""An answer in one piece says what it would have said in messages, to the byte."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from unittest.mock import Mock

import pytest
from fastapi import FastAPI
from uvicorn import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from app.cli.http import protocol as http_protocol
from app.cli.http.whole_answer import write_whole
from app.core.whole_answer import EXTENSION, as_lines
from app.services.server.runtime import Runtime
from tests.http.wire import GUARD, WireProtocol, everything
from tests.servers.ports import LOOPBACK

Ask = Callable[[bytes], Awaitable[bytes]]
DATE = b"Mon, 30 Nov 2026 02:00:00 GMT"
HEAD = b"Host: test\r\nX-Request-ID: 7\r\n"
FORM = HEAD + b"Content-Type: application/x-www-form-urlencoded\r\n"
JWKS = b"GET /.well-known/jwks.json HTTP/1.1\r\n" + HEAD
INTROSPECT = b"POST /oauth2/introspect HTTP/1.1\r\n" + FORM
CLOSE = b"Connection: close\r\n\r\n"
_COUNT = re.compile(rb";r=\d+;t=\d+")  # a refusal leaves fewer tries than the last
WHOLE: dict[str, bytes] = {
    "a document": JWKS + CLOSE,
    "a document of HTTP/1.0": JWKS.replace(b"/1.1", b"/1.0") + b"\r\n",
    "a refusal with a challenge": b"GET /oauth2/userinfo HTTP/1.1\r\n" + HEAD + CLOSE,
    "a problem": b"GET /api/v1/users/me HTTP/1.1\r\n" + HEAD + CLOSE,
    "a refusal of a client": INTROSPECT
    + b"Authorization: Basic bm9ib2R5Ong=\r\nContent-Length: 7\r\n"
    + CLOSE
    + b"token=x",
    "requests at once": JWKS + b"\r\n" + JWKS + b"\r\n" + INTROSPECT + CLOSE,
}
IN_MESSAGES: dict[str, bytes] = {
    "no content is wanted": JWKS.replace(b"GET", b"HEAD") + CLOSE,
    "no content is there": JWKS + b"If-None-Match: ETAG\r\n" + CLOSE,
    "a page": b"GET /docs/errors HTTP/1.1\r\n" + HEAD + CLOSE,
}


@pytest.fixture
async def ask(app: FastAPI) -> AsyncIterator[Ask]:
    """Send bytes to the application as it is served; return all that comes."""
    config = Config(app, ws="none", lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    state.default_headers = [(b"date", DATE)]
    server = await asyncio.get_running_loop().create_server(
        lambda: WireProtocol(config, state, {}), LOOPBACK, 0
    )
    port = server.sockets[0].getsockname()[1]

    async def send(request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(request)
        answer = await asyncio.wait_for(everything(reader), GUARD)
        writer.close()
        return answer

    yield send
    server.close()


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each answer that was offered as a whole was taken so."""
    taken: list[bool] = []

    def write(*args: Any) -> bool:
        taken.append(write_whole(*args))
        return taken[-1]

    monkeypatch.setattr(http_protocol, "_EXTENSIONS", {EXTENSION: write})
    return taken


def told(answers: bytes) -> list[tuple[bytes, list[bytes], bytes]]:
    """Return status, fields in any order, and body of each answer."""
    found = []
    for answer in answers.split(b"HTTP/1.1 ")[1:]:
        head, _, body = answer.partition(b"\r\n\r\n")
        status, *fields = _COUNT.sub(b"", head).split(b"\r\n")
        found.append((status, sorted(fields), body))
    return found


async def in_messages(
    ask: Ask, request: bytes, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[bytes, list[bytes], bytes]]:
    with monkeypatch.context() as patch:
        patch.setattr(http_protocol, "_EXTENSIONS", {})
        return told(await ask(request))


@pytest.mark.parametrize("what", WHOLE)
async def test_an_answer_in_one_piece_is_the_same_answer(
    ask: Ask, written: list[bool], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = WHOLE[what]
    answers = told(await ask(request))

    assert len(answers) == request.count(b"/1.1\r\n") + request.count(b"/1.0\r\n")
    assert written == [True] * len(answers)
    assert answers == await in_messages(ask, request, monkeypatch)
    for status, fields, body in answers:
        assert b"date: " + DATE in fields and b"x-request-id: 7" in fields
        assert b"content-length: %d" % len(body) in fields, status
        assert b"x-content-type-options: nosniff" in fields
    assert b"connection: close" in answers[-1][1]


@pytest.mark.parametrize("what", IN_MESSAGES)
async def test_what_is_not_plain_is_told_in_messages(
    ask: Ask,
    written: list[bool],
    runtime: Runtime,
    what: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    request = IN_MESSAGES[what].replace(b"ETAG", runtime.ring.etag.encode())
    answers = told(await ask(request))

    assert written == [] and len(answers) == 1
    assert answers == await in_messages(ask, request, monkeypatch)


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r", b"\0"])
def test_no_field_becomes_two(end: bytes) -> None:
    for field in ((b"a", b"b" + end + b"c: d"), (b"a" + end, b"b")):
        with pytest.raises(ValueError, match="ends one"):
            as_lines([(b"x", b"y"), field])


@pytest.mark.parametrize("why", ["gone", "slow", "begun", "listened to"])
async def test_what_has_to_wait_is_not_written(why: str) -> None:
    transport = Mock()
    scope: Any = {"type": "http"}  # of which nothing is read
    cycle = RequestResponseCycle(
        scope=scope,
        transport=transport,
        flow=FlowControl(transport),
        logger=logging.getLogger(),
        access_logger=logging.getLogger(),
        access_log=False,
        default_headers=[],
        message_event=asyncio.Event(),
        expect_100_continue=False,
        keep_alive=True,
        on_response=Mock(),
    )
    cycle.disconnected, cycle.response_started = why == "gone", why == "begun"
    if why == "slow":
        cycle.flow.pause_writing()
    send: Any = Mock() if why == "listened to" else cycle.send

    assert not write_whole(send, 200, b"", b"{}")
    assert not transport.write.called and not transport.close.called
