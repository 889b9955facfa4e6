"""The encoding of LDAP (RFC 4511 §5.1): BER, definite lengths, short tags."""

from collections.abc import Iterator
from typing import TypeVar

BOOLEAN, INTEGER, OCTETS, ENUMERATED = 0x01, 0x02, 0x04, 0x0A
SEQUENCE, SET = 0x30, 0x31
_LONG = 0x80
_SHORT_TAGS = 0x1F

Octets = TypeVar("Octets", bytes, memoryview)


class Malformed(Exception):
    """These bytes are no LDAP."""


def element(tag: int, *parts: bytes) -> bytes:
    """Return an element with a tag and what it holds."""
    body = b"".join(parts)
    size = len(body)
    if size < _LONG:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _LONG | len(length))) + length + body


def sequence(*parts: bytes) -> bytes:
    """Return a SEQUENCE."""
    return element(SEQUENCE, *parts)


def octets(value: str | bytes, tag: int = OCTETS) -> bytes:
    """Return an OCTET STRING; text is UTF-8."""
    return element(tag, value.encode() if isinstance(value, str) else value)


def integer(value: int, tag: int = INTEGER) -> bytes:
    """Return an INTEGER, or by its tag an ENUMERATED."""
    size = (value.bit_length() // 8) + 1
    return element(tag, value.to_bytes(size, "big", signed=True))


def boolean(value: bool, tag: int = BOOLEAN) -> bytes:
    """Return a BOOLEAN."""
    return element(tag, b"\xff" if value else b"\x00")


def size_of(head: bytes | memoryview) -> tuple[int, int] | None:
    """Return the length of an element's head, and of its content.

    Args:
        head: Its first bytes.

    Returns:
        None if more bytes are needed to tell.

    Raises:
        Malformed: The length is indefinite, or of more than four bytes.
    """
    if len(head) < 2:
        return None
    if head[1] < _LONG:
        return 2, head[1]
    count = head[1] - _LONG
    if not 1 <= count <= 4:
        raise Malformed("a length that LDAP does not have")
    if len(head) < 2 + count:
        return None
    return 2 + count, int.from_bytes(head[2 : 2 + count], "big")


def children(body: Octets, most: int = 100) -> Iterator[tuple[int, Octets]]:
    """Yield tag and content of each element, one after the other.

    Args:
        body: What they fill; of a view, views are told, and nothing is copied.
        most: How many there may be: of two bytes each, a message has millions, and
            nobody else is served while they are read.

    Raises:
        Malformed: They do not fill the bytes exactly, or are more.
    """
    at = 0
    while at < len(body):
        most -= 1
        if most < 0:
            raise Malformed("more elements than anybody needs")
        if body[at] & _SHORT_TAGS == _SHORT_TAGS:
            raise Malformed("a long tag")
        sizes = size_of(body[at : at + 6])
        if sizes is None or at + sum(sizes) > len(body):
            raise Malformed("an element is cut off")
        head, size = sizes
        yield body[at], body[at + head : at + head + size]
        at += head + size


def whole(content: bytes | memoryview) -> int:
    """Return the number that the content of an INTEGER or ENUMERATED is.

    Raises:
        Malformed: It is none of 32 bits.
    """
    if not 1 <= len(content) <= 5:
        raise Malformed("no number of LDAP")
    return int.from_bytes(content, "big", signed=True)
