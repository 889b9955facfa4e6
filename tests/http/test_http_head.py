"""Heads and trailers without measure: refused at once, however they come."""

import asyncio

import pytest

from tests.http.wire import (
    CHUNKED,
    FAT,
    GUARD,
    POST,
    REQUEST,
    Connect,
    answer_to,
    everything,
    problem_of,
)

TOO_LARGE = {
    "one finished field": [REQUEST[:-2] + b"A: " + FAT + b"\r\n\r\n"],
    "one unfinished field": [REQUEST[:-2] + b"A: " + FAT, FAT],
    "one unfinished field at once": [REQUEST[:-2] + b"A: " + FAT],
    "an unfinished name at once": [REQUEST[:-2] + FAT],
    "unfinished fields at once": [REQUEST[:-2] + b"A: xxxxxx\r\n" * 4_000],
    "an unfinished address at once": [b"GET /" + FAT],
    "a field in two pieces": [REQUEST[:-2] + b"A: xx", FAT],
    "empty lines before it": [b"\r\n" * 3 + REQUEST[:-2] + b"A: " + FAT],
    "after another": [REQUEST, REQUEST[:-2] + b"A: " + FAT],
    "after an end": [REQUEST[:9], REQUEST[9:-2] + b"A: b\r\n\r\n", b"GET /" + FAT],
    "a field in pieces": [REQUEST[:-2] + b"A: "] + [b"x" * 9_000] * 4,
    "a name in pieces": [REQUEST[:-2]] + [b"x" * 9_000] * 5,
    "many fields": [REQUEST[:-2] + b"A: xxxxxx\r\n" * 4_000 + b"\r\n"],
    "many fields in pieces": [REQUEST[:-2]] + [b"A: xxxxxx\r\n" * 1_000] * 4,
    "an address": [b"GET /" + FAT + b" HTTP/1.1\r\n\r\n"],
    "an address in pieces": [b"GET /"] + [b"x" * 9_000] * 4,
    "a method": [b"X" * 40_000],
    "trailers": [CHUNKED, b"0\r\nA: " + b"x" * 9_000] + [b"x" * 9_000] * 4,
    "trailers at once": [CHUNKED + b"0\r\nA: " + FAT],
    "trailers with a chunk": [CHUNKED, b"1\r\nx\r\n0\r\nA: " + FAT],
    "an extension at once": [CHUNKED + b"1\r\nx\r\n1;a=" + FAT],
    "a chunk extension": [CHUNKED, b"1;a="] + [b"x" * 9_000] * 5,
}


@pytest.mark.parametrize("what", TOO_LARGE)
async def test_a_head_without_measure_is_refused_and_the_connection_closed(
    connect: Connect, what: str
) -> None:
    answer = await answer_to(await connect(), *TOO_LARGE[what])
    if what.startswith("after"):
        first, mark, answer = answer.rpartition(b"HTTP/1.1 ")
        answer = mark + answer
        assert first.startswith(b"HTTP/1.1 200 ") and first.endswith(b"0")

    assert problem_of(answer)["code"] in ("head_too_large", "bad_request")
    assert what == "a method" or problem_of(answer)["status"] == 431


async def test_trailers_without_measure_are_not_listened_to(connect: Connect) -> None:
    trailers = b"0\r\n" + b"A: xxxxxx\r\n" * 4_000 + b"\r\n"

    assert await answer_to(await connect(), CHUNKED, trailers) == b""


async def test_a_large_head_and_a_large_body_in_one_piece_are_fine(
    connect: Connect,
) -> None:
    head = REQUEST[:-2].replace(b"GET", b"POST") + b"A: " + b"x" * 30_000 + b"\r\n"
    body = b"Connection: close\r\nContent-Length: 60000\r\n\r\n" + b"x" * 60_000

    answer = await answer_to(await connect(), head + body)

    assert answer.endswith(b"60000")


ONE_READ = {
    "a body and half a head": POST.replace(b": 5", b": 60000")
    + b"x" * 60_000
    + REQUEST[:-2]
    + b"A: "
    + b"x" * 20_000,
    "chunks and half a head": CHUNKED
    + b"1\r\nx\r\n" * 20_000
    + b"0\r\n\r\n"
    + REQUEST[:-2]
    + b"A: "
    + b"x" * 5_000,
    "two large heads and half of one": (
        (REQUEST[:-2] + b"A: " + b"x" * 20_000 + b"\r\n\r\n") * 2
        + REQUEST[:-2]
        + b"A: "
        + b"x" * 20_000
    ),
}


@pytest.mark.parametrize("what", ONE_READ)
async def test_what_came_before_a_head_is_no_part_of_its_size(
    connect: Connect, what: str
) -> None:
    """The end of the head comes later; all that was asked for is answered."""
    reader, writer = await connect()

    writer.write(ONE_READ[what])
    await asyncio.sleep(0.05)
    writer.write(b"\r\nConnection: close\r\n\r\n")
    answer = await asyncio.wait_for(everything(reader), GUARD)

    assert answer.count(b"HTTP/1.1 200 ") == (3 if what.startswith("two") else 2)
    assert b" 431 " not in answer
