"""Messages of LDAP (RFC 4511 §4), as far as a client of directories sends and reads."""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

from app.upstreams.directory import ber
from app.upstreams.directory.filters import Filter

BIND, UNBIND, SEARCH, MODIFY, EXTENDED = 0x60, 0x42, 0x63, 0x66, 0x77
BIND_DONE, ENTRY, SEARCH_DONE, MODIFY_DONE = 0x61, 0x64, 0x65, 0x67
REFERENCE, EXTENDED_DONE, INTERMEDIATE = 0x73, 0x78, 0x79
_SIMPLE = 0x80
_CONTROLS = 0xA0
_NAME, _EXTENDED_VALUE = 0x80, 0x81
_EXTENDED_RESPONSE_VALUE = 0x8B

START_TLS = "1.3.6.1.4.1.1466.20037"  # RFC 4511 §4.14
PASSWORD_MODIFY = "1.3.6.1.4.1.4203.1.11.1"  # RFC 3062
PAGED = "1.2.840.113556.1.4.319"  # RFC 2696
PASSWORD_POLICY = "1.3.6.1.4.1.42.2.27.8.5.1"  # draft-behera-ldap-password-policy

_INTEGER = re.compile(r"-?[0-9]{1,20}")
MAX_VALUES = 100_000  # of one entry
_MANY = 64 * 1024  # bytes of the values of one attribute

BASE, ONE, SUBTREE = 0, 1, 2
ADD, DELETE, REPLACE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Control:
    """What goes along with a request (§4.1.11)."""

    oid: str
    value: bytes | None = None
    critical: bool = False

    def encoded(self) -> bytes:
        """Return it as it is sent."""
        parts = [ber.octets(self.oid)]
        parts += [ber.boolean(True)] if self.critical else []
        parts += [] if self.value is None else [ber.octets(self.value)]
        return ber.sequence(*parts)


@dataclass(frozen=True, slots=True)
class Result:
    """How an operation ended (§4.1.9).

    Attributes:
        text: What the server says of it; for operators.
        controls: By OID, what came along.
        value: Of an extended operation.
    """

    code: int
    text: str = ""
    controls: Mapping[str, bytes] = field(default_factory=dict)
    value: bytes | None = None


class PackedValues(Sequence[bytes]):
    """Very many values, as they were sent: each is there while it is looked at."""

    __slots__ = ("_count", "_packed")

    def __init__(self, packed: memoryview, most: int) -> None:
        """Take the content of a SET; see ``ber.children``."""
        self._packed = packed
        self._count = sum(1 for _ in ber.children(packed, most))

    def __len__(self) -> int:
        """Return how many they are."""
        return self._count

    def __iter__(self) -> Iterator[bytes]:
        """Yield one after the other."""
        for _, value in ber.children(self._packed, self._count):
            yield bytes(value)

    @overload
    def __getitem__(self, at: int) -> bytes: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[bytes]: ...

    def __getitem__(self, at: int | slice) -> bytes | Sequence[bytes]:
        """Return one, or some; all of them are there for a moment."""
        return tuple(self)[at]


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody, or something, in a directory.

    Attributes:
        dn: As the server writes it.
        attributes: By name in lower case.
    """

    dn: str
    attributes: Mapping[str, Sequence[bytes]]

    def values(self, name: str) -> Sequence[bytes]:
        """Return all values of an attribute."""
        return self.attributes.get(name.lower(), ())

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the values of an attribute that are text."""
        return tuple(self.each_text(name))

    def each_text(self, name: str) -> Iterator[str]:
        """Yield the same, one after the other: there may be very many."""
        for value in self.values(name):
            with contextlib.suppress(UnicodeDecodeError):
                yield value.decode()

    def text(self, name: str) -> str | None:
        """Return the first value that is text, or None."""
        return next(self.each_text(name), None)

    @property
    def count(self) -> int:
        """Return how many names and values it has."""
        return len(self.attributes) + sum(map(len, self.attributes.values()))

    def number(self, name: str) -> int | None:
        """Return the first value if it is an INTEGER (RFC 4517 §3.3.16), or None."""
        text = self.text(name)
        return int(text) if text and _INTEGER.fullmatch(text) else None


@dataclass(frozen=True, slots=True)
class Message:
    """Something that a server sent.

    Attributes:
        content: What the operation holds, where it was read to.
    """

    id: int
    tag: int
    content: memoryview
    controls: Mapping[str, bytes]

    @property
    def body(self) -> bytes:
        """Return a copy of what it holds: of an entry that may be large."""
        return bytes(self.content)


def envelope(number: int, operation: bytes, controls: Sequence[Control] = ()) -> bytes:
    """Return a message as it is sent."""
    parts = [ber.integer(number), operation]
    if controls:
        parts.append(ber.element(_CONTROLS, *(each.encoded() for each in controls)))
    return ber.sequence(*parts)


def bind(dn: str, password: str) -> bytes:
    """Return a simple bind (§4.2)."""
    return ber.element(
        BIND, ber.integer(3), ber.octets(dn), ber.octets(password, _SIMPLE)
    )


def unbind() -> bytes:
    """Return a farewell (§4.3)."""
    return ber.element(UNBIND)


def search(
    base: str,
    wanted: Filter,
    attributes: Sequence[str],
    *,
    scope: int = SUBTREE,
    most: int = 0,
    seconds: int = 0,
) -> bytes:
    """Return a search (§4.5.1); aliases are not followed.

    Args:
        base: DN of where it begins.
        wanted: Whom it finds.
        attributes: What is told of them; without any, nothing.
        scope: ``BASE``, ``ONE`` or ``SUBTREE``.
        most: Entries at most; 0 is as many as the server gives.
        seconds: At most; 0 is as long as the server likes.
    """
    return ber.element(
        SEARCH,
        ber.octets(base),
        ber.integer(scope, ber.ENUMERATED),
        ber.integer(0, ber.ENUMERATED),
        ber.integer(most),
        ber.integer(seconds),
        ber.boolean(False),
        wanted,
        ber.sequence(*(ber.octets(name) for name in attributes or ("1.1",))),
    )


def modify(dn: str, changes: Sequence[tuple[int, str, Sequence[bytes]]]) -> bytes:
    """Return a change of an entry (§4.6): how, which attribute, which values."""
    listed = [
        ber.sequence(
            ber.integer(how, ber.ENUMERATED),
            ber.sequence(
                ber.octets(name),
                ber.element(ber.SET, *(ber.octets(each) for each in values)),
            ),
        )
        for how, name, values in changes
    ]
    return ber.element(MODIFY, ber.octets(dn), ber.sequence(*listed))


def extended(oid: str, value: bytes | None = None) -> bytes:
    """Return an extended operation (§4.12)."""
    parts = [ber.octets(oid, _NAME)]
    parts += [] if value is None else [ber.octets(value, _EXTENDED_VALUE)]
    return ber.element(EXTENDED, *parts)


def change_of_password(dn: str, old: str, new: str) -> bytes:
    """Return an operation that sets a password (RFC 3062 §2)."""
    members = ber.octets(dn, 0x80), ber.octets(old, 0x81), ber.octets(new, 0x82)
    return extended(PASSWORD_MODIFY, ber.sequence(*members))


def page(size: int, cookie: bytes) -> Control:
    """Return the control that asks for a page (RFC 2696 §2)."""
    value = ber.sequence(ber.integer(size), ber.octets(cookie))
    return Control(PAGED, value, critical=True)


def cookie_of(result: Result) -> bytes:
    """Return what the next page is asked for with; empty after the last one.

    Raises:
        Malformed: The control is none.
    """
    value = result.controls.get(PAGED)
    if value is None:
        return b""
    (_, body), *_rest = _some(value, 1)
    (_, _size), (_, cookie), *_more = _some(body, 2)
    return cookie


def read(content: bytes | bytearray) -> Message:
    """Return what the content of a message's SEQUENCE is.

    Raises:
        Malformed: It is no message.
    """
    (_, number), (tag, body), *rest = _some(memoryview(content), 2)
    controls: dict[str, bytes] = {}
    for kind, listed in rest:
        if kind == _CONTROLS:
            controls |= _controls(bytes(listed))
    return Message(ber.whole(number), tag, body, controls)


def result_of(message: Message) -> Result:
    """Return the result that a message tells (§4.1.9).

    Raises:
        Malformed: It tells none.
    """
    (_, code), (_, _matched), (_, text), *rest = _some(message.body, 3)
    values = [body for tag, body in rest if tag == _EXTENDED_RESPONSE_VALUE]
    return Result(
        ber.whole(code),
        text.decode(errors="replace"),
        message.controls,
        values[0] if values else None,
    )


def entry_of(message: Message) -> Entry:
    """Return the entry that a message tells (§4.5.2).

    Raises:
        Malformed: It tells none, or more values than are read.
    """
    (_, dn), (_, listed), *_rest = _some(message.content, 2)
    attributes: dict[str, Sequence[bytes]] = {}
    left = MAX_VALUES
    for _, attribute in ber.children(listed, MAX_VALUES):
        (_, name), (_, values), *_more = _some(attribute, 2)
        found = _values(values, left)
        attributes[_text(bytes(name)).lower()] = found
        left -= len(found) + 1
    return Entry(_text(bytes(dn)), attributes)


def _values(packed: memoryview, most: int) -> Sequence[bytes]:
    if len(packed) > _MANY:
        return PackedValues(packed, most)
    return tuple(bytes(value) for _, value in ber.children(packed, most))


def _controls(listed: bytes) -> dict[str, bytes]:
    found = {}
    for _, control in ber.children(listed):
        (_, oid), *rest = _some(control, 1)
        values = [body for tag, body in rest if tag == ber.OCTETS]
        found[_text(oid)] = values[0] if values else b""
    return found


def _some(body: ber.Octets, least: int) -> list[tuple[int, ber.Octets]]:
    found = list(ber.children(body))
    if len(found) < least:
        raise ber.Malformed("a part is missing")
    return found


def _text(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError as error:
        raise ber.Malformed("a name is no UTF-8") from error
