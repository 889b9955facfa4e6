"""Writes an answer that is there as a whole in one piece."""

from functools import lru_cache
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from app.core.whole_answer import Field, as_lines

_CLOSE = as_lines([(b"connection", b"close")])


def write_whole(send: Any, status: int, lines: bytes, body: bytes) -> bool:
    """Answer one request, as uvicorn does with two messages.

    Args:
        send: Of the request: a connection may have read the next one already.
        status: Of an answer that has a body, be it empty.
        lines: Of the header fields, but for the length and what the server adds.
        body: All of it.

    Returns:
        Whether it was done. Where uvicorn would wait first, the client has gone, or
        somebody else listens to ``send``, it was not, and messages are needed.
    """
    cycle = getattr(send, "__self__", None)
    if not isinstance(cycle, RequestResponseCycle):
        return False
    if cycle.response_started or cycle.disconnected or cycle.flow.write_paused:
        return False
    cycle.response_started = True
    cycle.waiting_for_100_continue = False
    own = _own_lines(*cycle.default_headers)
    ending = b"" if cycle.keep_alive else _CLOSE
    length = b"content-length: %d\r\n" % len(body)
    head = (STATUS_LINE[status], own, lines, length, ending, b"\r\n")
    cycle.transport.write(b"".join((*head, body)))
    cycle.response_complete = True
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    return True


@lru_cache(maxsize=4)
def _own_lines(*fields: Field) -> bytes:
    """Return the lines of what the server adds: the date, a new one each second."""
    return as_lines(fields)
