"""What a stranger may make the server keep before the application sees anything.

How large a head may be is in `test_http_head.py`.
"""

import asyncio

import pytest
from uvicorn.server import ServerState

from app.cli.http import lingering
from app.cli.http import protocol as http_protocol
from app.cli.serve import server_config
from app.config import Settings
from tests.conftest import SECRET
from tests.http.wire import (
    CHUNKED,
    FAT,
    GUARD,
    LIMIT,
    POST,
    REQUEST,
    Connect,
    Streams,
    answer_to,
    everything,
    problem_of,
)

HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: test\r\n\r\n"
SMUGGLED: dict[str, bytes] = {
    "both lengths": POST[:-2] + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "both lengths, the other first": CHUNKED[:-2]
    + b"Content-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": POST[:-2] + b"Content-Length: 6\r\n\r\nhello!",
    "a list of lengths": POST.replace(b": 5", b": 5, 5") + b"hello",
    "a signed length": POST.replace(b": 5", b": +5") + b"hello",
    "a hexadecimal length": POST.replace(b": 5", b": 0x5") + b"hello",
    "chunked is not last": CHUNKED.replace(b"chunked", b"chunked, identity")
    + b"0\r\n\r\n",
    "an unknown encoding": CHUNKED.replace(b"chunked", b"xchunked") + b"0\r\n\r\n",
    "a chunk longer than told": CHUNKED + b"5\r\nhelloXX0\r\n\r\n",
    "a chunk without its end": CHUNKED + b"5\r\nhello0\r\n\r\n",
    "a signed chunk": CHUNKED + b"+5\r\nhello\r\n0\r\n\r\n",
    "a chunk of no number": CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n",
    "a chunk without measure": CHUNKED + b"f" * 17 + b"\r\n",
    "a folded field": REQUEST[:-2] + b"A: b\r\n c: d\r\n\r\n",
    "a blank before the colon": POST.replace(b"Length:", b"Length :") + b"hello",
    "a bare line feed": REQUEST[:-2] + b"A: b\nTransfer-Encoding: chunked\r\n\r\n",
    "a bare carriage return": REQUEST[:-2] + b"A: b\rC: d\r\n\r\n",
}


@pytest.mark.parametrize("what", SMUGGLED)
async def test_t146_no_request_hides_within_another(
    connect: Connect, what: str
) -> None:
    answer = await answer_to(await connect(), SMUGGLED[what] + HIDDEN)

    # One refusal, or an answer to what began before its end was seen; then it closes.
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_requests_one_after_another_and_all_at_once_are_fine(
    connect: Connect,
) -> None:
    reader, writer = await connect()
    for _ in range(5):
        writer.write(REQUEST[:9])
        await asyncio.sleep(0.01)
        writer.write(REQUEST[9:] + POST + b"12345")
        answers = [await reader.readuntil(b"\r\n\r\n")]
        answers += [await reader.readexactly(1), await reader.readuntil(b"\r\n\r\n")]
        answers += [await reader.readexactly(1)]

        assert answers[1::2] == [b"0", b"5"]


UNFINISHED = {
    "nothing": [],
    "half a head": [REQUEST[:20]],
    "empty lines": [b"\r\n"],
    "half a head after a request": [REQUEST, REQUEST[:20]],
    "half a head together with a request": [REQUEST + REQUEST[:20]],
    "empty lines after a request": [REQUEST, b"\r\n"],
    "half a body that nobody reads": [POST.replace(b"/a", b"/early"), b"123"],
}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("what", UNFINISHED)
async def test_what_is_begun_and_not_ended_is_closed_in_time(
    connect: Connect, state: ServerState, what: str
) -> None:
    started = asyncio.get_running_loop().time()

    answer = await answer_to(await connect(), *UNFINISHED[what])

    # By no other limit than the one that was shortened: all others are longer.
    assert asyncio.get_running_loop().time() - started < http_protocol.HEAD_TIMEOUT
    assert answer.count(b"HTTP/1.1 200") == ("request" in what or "body" in what)
    await asyncio.sleep(0)
    assert state.connections == set()


@pytest.mark.usefixtures("impatient")
async def test_drops_of_a_head_win_no_time(
    connect: Connect, state: ServerState
) -> None:
    reader, writer = await connect()
    reading = asyncio.ensure_future(everything(reader))

    writer.write(REQUEST[:20])
    while not reading.done():  # its time limit is the test's
        writer.write(b"x")
        await asyncio.sleep(0.01)

    assert await reading == b""
    assert state.connections == set()


@pytest.mark.usefixtures("impatient")
async def test_a_request_that_takes_its_time_is_not_unfinished(
    connect: Connect,
) -> None:
    slow = REQUEST.replace(b"/a", b"/slow")

    answer = await answer_to(await connect(), slow + REQUEST[:20])

    assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"0")


async def test_one_connection_too_many_is_told_so_and_no_other_suffers(
    connect: Connect, state: ServerState
) -> None:
    first = await connect()
    others = [await connect() for _ in range(LIMIT - 1)]
    await asyncio.sleep(0.01)

    refused = [await answer_to(await connect()) for _ in range(3)]
    first[1].write(REQUEST)
    served = await first[0].readuntil(b"\r\n\r\n")

    assert [problem_of(each)["code"] for each in refused] == ["unavailable"] * 3
    assert all(b"retry-after" in each for each in refused)
    assert served.startswith(b"HTTP/1.1 200")
    assert len(state.connections) <= LIMIT
    others[0][1].close()
    await asyncio.sleep(0.02)
    assert b" 200 " in await answer_to(await connect(), REQUEST.replace(b"1.1", b"1.0"))


async def test_requests_ahead_of_their_answers_are_bounded(connect: Connect) -> None:
    never = REQUEST.replace(b"/a", b"/never")

    answer = await answer_to(await connect(), never + REQUEST * 2_000)

    assert answer.count(b"HTTP/1.1") == 0


async def test_what_is_not_http_is_refused_as_a_problem(connect: Connect) -> None:
    answer = await answer_to(await connect(), b"\x16\x03\x01 not HTTP\r\n\r\n")

    assert problem_of(answer)["code"] == "bad_request"


async def test_nothing_is_said_into_the_answer_of_another_request(
    connect: Connect,
) -> None:
    never = REQUEST.replace(b"/a", b"/never")

    answer = await answer_to(await connect(), never, b"not HTTP\r\n\r\n")

    assert answer == b""


BIG = b"x" * 3_000_000
LONG = b"Host: test\r\nContent-Length: 3000000\r\n"
EARLY: dict[str, tuple[bytes, int]] = {
    "asked to close": (b"POST /early HTTP/1.1\r\nConnection: close\r\n" + LONG, 200),
    "an older protocol": (b"POST /early HTTP/1.0\r\n" + LONG, 200),
    "a head too large": (b"POST /a HTTP/1.1\r\nA: " + FAT + b"\r\n" + LONG, 431),
    "no request": (b"NOTHING\r\n" + LONG, 400),
    "no length": (b"POST /a HTTP/1.1\r\nContent-Length: +5\r\n" + LONG, 400),
    "another target": (b"POST ftp://a/ HTTP/1.1\r\n" + LONG, 400),
}


@pytest.mark.parametrize("what", EARLY)
async def test_an_answer_before_the_end_of_a_body_is_not_taken_back(
    connect: Connect, what: str
) -> None:
    """Closing with input unread would reset the connection, answer and all."""
    head, status = EARLY[what]
    reader, writer = await connect()

    writer.write(head + b"\r\n" + BIG)
    await writer.drain()  # all of it is taken from us, whoever reads it
    answer = await asyncio.wait_for(reader.read(), GUARD)

    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1 ") == 1


async def test_what_comes_after_the_last_word_is_bounded_in_bytes_and_time(
    connect: Connect, state: ServerState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lingering, "LINGER_BYTES", 1_000_000)
    monkeypatch.setattr(lingering, "LINGER_PAUSE", 0.1)
    early = b"POST /early HTTP/1.1\r\nConnection: close\r\n" + LONG + b"\r\n"
    silent = await connect()

    silent[1].write(early)
    assert b" 200 " in await silent[0].read()
    while state.connections:  # its time limit is the test's
        await asyncio.sleep(0.01)
    reader, writer = await connect()
    writer.write(early)
    assert b" 200 " in await reader.read()
    with pytest.raises(ConnectionError):
        while True:
            writer.write(BIG)
            await writer.drain()


async def test_a_stop_answers_what_was_opened_and_closes_what_is_silent(
    connect: Connect, state: ServerState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "LAST_WORD", 0.1)
    unread, silent, kept = await connect(), await connect(), await connect()
    kept[1].write(REQUEST)
    assert b"close" not in await kept[0].readuntil(b"\r\n\r\n")
    assert await kept[0].readexactly(1) == b"0"

    for connection in list(state.connections):
        connection.shutdown()
    unread[1].write(REQUEST)
    kept[1].write(REQUEST)
    answers = [await asyncio.wait_for(each[0].read(), GUARD) for each in (unread, kept)]
    nothing = await asyncio.wait_for(silent[0].read(), GUARD)

    assert all(b"connection: close" in each and b" 200 " in each for each in answers)
    assert nothing == b""


async def test_the_absolute_form_decides_on_the_host(connect: Connect) -> None:
    target = b"GET http://other.example:81/host HTTP/1.1\r\nHost: test\r\n"
    close = b"Connection: close\r\n\r\n"

    assert (await answer_to(await connect(), target + close)).endswith(
        b"other.example:81"
    )
    for bad in (b"http:///host", b"ftp://other.example/host", b"host", b"a:80"):
        refused = b"GET " + bad + b" HTTP/1.1\r\nHost: test\r\n" + close
        assert problem_of(await answer_to(await connect(), refused))["status"] == 400


async def first_line(streams: Streams) -> bytes:
    """Return the first line of the answer."""
    reader, writer = streams
    writer.write(REQUEST)
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(1)
    return head.partition(b"\r\n")[0]


async def test_a_connection_is_let_go_soon_where_they_are_scarce(
    connect: Connect, state: ServerState, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 9112 §9.5: who asked in time is kept; the last one makes room."""
    monkeypatch.setattr(http_protocol, "SCARCE", 0.01)
    early = await connect()
    assert await first_line(early) == b"HTTP/1.1 200 OK"
    others = [await connect() for _ in range(LIMIT - 1)]

    assert await first_line(others[-1]) == b"HTTP/1.1 200 OK"
    assert await others[-1][0].read() == b""
    assert await first_line(early) == b"HTTP/1.1 200 OK"
    assert len(state.connections) == LIMIT - 1


def test_the_setting_says_how_long() -> None:
    chosen = {"database_url": "sqlite:///a.db", "secret_key": SECRET}

    usual = server_config(Settings.model_validate(chosen))
    longer = server_config(Settings.model_validate(chosen | {"keep_alive": 620}))

    assert (usual.timeout_keep_alive, longer.timeout_keep_alive) == (130, 620)
