"""A body is read as it comes: whole, in pieces, or not to its end."""

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from app.api.request_body import read_body

GONE: Message = {"type": "http.disconnect"}


def asking(*messages: Message) -> Request:
    """Return a request of which this comes."""
    left = list(messages)

    async def receive() -> Message:
        return left.pop(0)

    return Request({"type": "http", "headers": []}, receive)


def piece(body: bytes, *, more: bool) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_is_all_its_pieces() -> None:
    for pieces in ([b""], [b"a=b"], [b"a", b"=", b"b"], [b"a", b"", b"b", b""]):
        *first, last = pieces
        messages = [piece(each, more=True) for each in first]

        read = await read_body(asking(*messages, piece(last, more=False), GONE))

        assert read == b"".join(pieces)


async def test_a_message_may_leave_out_what_asgi_lets_it() -> None:
    assert await read_body(asking({"type": "http.request"}, GONE)) == b""


async def test_half_a_body_is_none() -> None:
    for messages in ([GONE], [piece(b"token=a", more=True), GONE]):
        with pytest.raises(ClientDisconnect):
            await read_body(asking(*messages))
