"""An answer that is there as a whole, handed to the server in one piece.

ASGI tells of an answer in two messages, and the server looks each header field over and
copies it, though most of them are the same in all answers. A server of ours offers, as
an extension of the request's scope, to take the lines of the fields as they go over the
wire. Whoever does not find it there answers by messages.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

EXTENSION = "auth_serve.whole_answer"
Field = tuple[bytes, bytes]
# RFC 9110 sections 5.1 and 5.5: what could end a line, or a field's name, is in none.
_LINES = re.compile(
    rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: [^\x00-\x08\x0a-\x1f\x7f]*\r\n)*"
)

WriteWhole = Callable[[Any, int, bytes, bytes], bool]
"""The server's ``send`` of the request, status, lines of header fields but for the
length, and the body; False if the answer has to be told in messages."""


def as_lines(fields: Iterable[Field]) -> bytes:
    """Return header fields as they go over the wire.

    Raises:
        ValueError: One would be more than one field.
    """
    each = [name + b": " + value + b"\r\n" for name, value in fields]
    lines = b"".join(each)
    if not _LINES.fullmatch(lines) or lines.count(b"\n") != len(each):
        raise ValueError("a header field holds what ends one")
    return lines
