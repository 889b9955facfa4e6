"""One connection to one server of a directory; it is asked one thing at a time.

All is bounded: how long an answer takes, and how much of it there is. Referrals are not
followed: they lead where nobody looked at a certificate, or to no name at all.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from app.core.outbound import OutboundClient
from app.upstreams.directory import ber, message
from app.upstreams.directory.errors import (
    DirectoryError,
    Down,
    Failed,
    Nonsense,
    Oversized,
    Untrusted,
)
from app.upstreams.directory.filters import Filter
from app.upstreams.directory.message import Control, Entry, Result
from app.upstreams.directory.streams import read_exactly, streams
from app.upstreams.values import shown

MAX_MESSAGE = 4 * 1024 * 1024  # bytes: a group of some thirty thousand members
MAX_ANSWER = 16 * 1024 * 1024  # bytes of all entries that answer one request
MAX_ANSWER_VALUES = 400_000  # of them: short ones take far more memory
_MOST_ENTRIES = 1_000  # where nobody said how many
_EMPTY_PAGES = 1_000  # one after the other; Active Directory sends some
_MOST_PAGED = 5_000_000  # entries of all pages of one search
_MAX_GREETING = 4_096  # bytes of the answer to StartTLS
_FAREWELL = 1.0  # seconds until a connection is cut that does not close

SIZE_LIMIT = 4  # sizeLimitExceeded: there are more than are told
NO_SUCH_OBJECT = 32
# busy, unavailable, and what libraries call serverDown: no verdict about anybody.
UNAVAILABLE = frozenset({51, 52, 81})


@dataclass(frozen=True, slots=True)
class Server:
    """A server of a directory.

    Attributes:
        port: 636 and 389 are the usual ones.
        tls: ``implicit`` (ldaps), ``start`` (StartTLS), or ``none``, to loopback only.
    """

    host: str
    port: int
    tls: str

    @property
    def destination(self) -> str:
        """What it is called by readiness and in the log."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, or one page of it.

    Attributes:
        is_cut_off: There is more that the server does not tell (result 4): what is
            missing here says nothing.
    """

    entries: Sequence[Entry]
    is_cut_off: bool


class Link:
    """A connection, made by ``open``; a message has ``largest`` bytes at most.

    Attributes:
        between: Is awaited before each search, and each page of one.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        seconds: float,
    ) -> None:
        """Speak by these streams, and wait for an answer so many seconds."""
        self._reader, self._writer = reader, writer
        self._seconds, self.largest = seconds, MAX_MESSAGE
        self.between: Callable[[], Awaitable[None]] | None = None
        self._number = 0

    @classmethod
    async def open(
        cls,
        outbound: OutboundClient,
        server: Server,
        context: ssl.SSLContext | None,
        seconds: float,
    ) -> Self:
        """Connect to a server, whose certificate is checked.

        Args:
            outbound: The guarded door: an internal address has to be allowed.
            server: Whom.
            context: Of TLS; None for a server without.
            seconds: For all of it, and later for each answer.

        Raises:
            Down: It is not there, or takes too long.
            OutboundRefused: It may not be called from here.
            Untrusted: Its certificate is not good, or is another server's.
            Nonsense: It does not speak LDAP.
        """
        try:
            async with asyncio.timeout(seconds):
                sock = await outbound.connect(server.host, server.port, seconds)
                try:
                    if server.tls == "start":
                        await _start_tls(sock)
                    reader, writer = await streams(
                        sock, server.host, context, seconds, farewell=_FAREWELL
                    )
                except BaseException:
                    sock.close()
                    raise
        except TimeoutError as error:
            raise Down("no connection in time") from error
        except ssl.SSLCertVerificationError as error:
            raise Untrusted(shown(f"certificate: {error.verify_message}")) from error
        except ssl.SSLError as error:
            raise Untrusted(shown(f"TLS: {error.reason}")) from error
        except OSError as error:
            raise Down(f"no connection: {type(error).__name__}") from error
        return cls(reader, writer, seconds)

    @property
    def tls(self) -> ssl.SSLObject | None:
        """What is known of its TLS, if there is any."""
        found: ssl.SSLObject | None = self._writer.get_extra_info("ssl_object")
        return found

    async def bind(
        self, dn: str, password: str, controls: Sequence[Control] = ()
    ) -> Result:
        """Return what the server says to a name and a password, whatever it is.

        Raises:
            ValueError: The password is empty: that would prove nothing, and many
                servers say 0 to it (RFC 4513 §5.1.2).
            Fault: There is no answer that could be used.
        """
        if dn and not password:
            raise ValueError("an empty password proves nothing")
        operation = message.bind(dn, password)
        return await self._result(operation, message.BIND_DONE, controls)

    async def search(
        self,
        base: str,
        wanted: Filter,
        attributes: Sequence[str],
        *,
        scope: int = message.SUBTREE,
        most: int = 0,
    ) -> Found:
        """Return what a search finds, without pages.

        Args:
            base: DN of where it begins; if it is not there, nothing is found.
            wanted: Whom it finds.
            attributes: What is told of them.
            scope: See ``message.search``.
            most: Entries at most; if there are more, the answer is cut off.

        Raises:
            Failed: It is refused.
            Fault: There is no answer that could be used.
        """
        operation = message.search(
            base,
            wanted,
            attributes,
            scope=scope,
            most=most,
            seconds=max(1, int(self._seconds)),
        )
        found, result = await self._entries(operation, (), most or _MOST_ENTRIES)
        if result.code not in (0, SIZE_LIMIT, NO_SUCH_OBJECT):
            raise Failed(result.code, shown(result.text), "search")
        return Found(found, result.code == SIZE_LIMIT)

    async def pages(
        self,
        base: str,
        wanted: Filter,
        attributes: Sequence[str],
        size: int,
        *,
        scope: int = message.SUBTREE,
    ) -> AsyncIterator[Found]:
        """Yield what a search finds, page by page (RFC 2696); no page is empty.

        Where the last one is cut off, the server keeps something back. Nothing is read
        ahead: who works slowly on a page lets the server wait.

        Args:
            base: DN of where it begins; it has to be there.
            wanted: Whom it finds.
            attributes: What is told of them.
            size: Entries of a page, at most.
            scope: See ``message.search``.

        Raises:
            Failed: It is refused, perhaps in the middle.
            Fault: There is no answer that could be used.
        """
        operation = message.search(base, wanted, attributes, scope=scope)
        cookie, empty, total = b"", 0, 0
        while empty < _EMPTY_PAGES:
            found, result = await self._entries(
                operation, [message.page(size, cookie)], size
            )
            if result.code not in (0, SIZE_LIMIT):
                raise Failed(result.code, shown(result.text), "paged search")
            with _reading():
                cookie = message.cookie_of(result)
            is_cut_off = result.code == SIZE_LIMIT
            total += len(found)
            if total > _MOST_PAGED:
                raise Oversized(f"more than {_MOST_PAGED} entries, page by page")
            empty = 0 if found else empty + 1
            page = [Found(found, is_cut_off)] if found or is_cut_off else []
            del found  # whoever works on a page decides how long it is there
            if page:
                yield page.pop()
            if is_cut_off or not cookie:
                return
        raise Nonsense("pages without an end")

    async def modify(
        self, dn: str, changes: Sequence[tuple[int, str, Sequence[bytes]]]
    ) -> Result:
        """Return what the server says to a change of an entry, whatever it is.

        Raises:
            Fault: There is no answer that could be used.
        """
        operation = message.modify(dn, changes)
        return await self._result(operation, message.MODIFY_DONE, ())

    async def extended(
        self, operation: bytes, controls: Sequence[Control] = ()
    ) -> Result:
        """Return what the server says to an extended operation, whatever it is.

        Raises:
            Fault: There is no answer that could be used.
        """
        return await self._result(operation, message.EXTENDED_DONE, controls)

    async def aclose(self) -> None:
        """Say farewell; a server that does not close is left after a second."""
        with contextlib.suppress(OSError, TimeoutError, RuntimeError):
            self._writer.write(message.envelope(self._number + 1, message.unbind()))
            self._writer.close()
            async with asyncio.timeout(_FAREWELL):
                await self._writer.wait_closed()
            return
        self._writer.transport.abort()

    async def _result(
        self, operation: bytes, expected: int, controls: Sequence[Control]
    ) -> Result:
        async with self._answering():
            await self._send(operation, controls)
            found, _ = await self._receive()
            if found.tag != expected:
                raise Nonsense("an answer to something else")
            return _judged(found)

    async def _entries(
        self, operation: bytes, controls: Sequence[Control], most: int
    ) -> tuple[list[Entry], Result]:
        entries: list[Entry] = []
        total = values = 0
        if self.between is not None:
            await self.between()
        async with self._answering():
            await self._send(operation, controls)
            while True:
                found, size = await self._receive()
                total += size
                if total > MAX_ANSWER:
                    raise Oversized(f"an answer of more than {MAX_ANSWER} bytes")
                if found.tag == message.SEARCH_DONE:
                    return entries, _judged(found)
                if found.tag == message.ENTRY:
                    entries.append(message.entry_of(found))
                    values += entries[-1].count
                    if len(entries) > most or values > MAX_ANSWER_VALUES:
                        raise Oversized("more than was asked for")
                elif found.tag not in (message.REFERENCE, message.INTERMEDIATE):
                    raise Nonsense("an answer to something else")

    @contextlib.asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        """Wait no longer than there is time; what goes wrong ends the connection."""
        try:
            with _reading():
                async with asyncio.timeout(self._seconds):
                    yield
        except TimeoutError as error:
            self._writer.transport.abort()
            raise Down("no answer in time") from error
        except (OSError, asyncio.IncompleteReadError) as error:
            raise Down("the connection ended") from error
        except DirectoryError:
            self._writer.transport.abort()
            raise

    async def _send(self, operation: bytes, controls: Sequence[Control]) -> None:
        self._number += 1
        self._writer.write(message.envelope(self._number, operation, controls))
        await self._writer.drain()

    async def _receive(self) -> tuple[message.Message, int]:
        """Return the next message to what was asked, and its size."""
        head = await self._reader.readexactly(2)
        if head[0] != ber.SEQUENCE:
            raise Nonsense("no LDAP")
        sizes = ber.size_of(head)
        if sizes is None:
            head += await self._reader.readexactly(head[1] & 0x7F)
            sizes = ber.size_of(head)
        assert sizes is not None  # the head is whole now
        if sizes[1] > self.largest:
            raise Oversized(f"a message of {sizes[1]} bytes")
        found = message.read(await read_exactly(self._reader, sizes[1]))
        if found.id == 0:  # §4.4.1: it says that it goes
            raise Down("it ended the connection")
        if found.id != self._number:
            raise Nonsense("an answer to another question")
        return found, sizes[1]


def _judged(found: message.Message) -> Result:
    result = message.result_of(found)
    if result.code in UNAVAILABLE:
        raise Down(f"it says that it is not available: result {result.code}")
    return result


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    """Tell what is no LDAP as the fault of the server that it is."""
    try:
        yield
    except (ber.Malformed, ValueError) as error:
        raise Nonsense(f"no LDAP: {error}") from error


async def _start_tls(sock: socket.socket) -> None:
    """Ask for TLS (§4.14), and read not one byte more than the answer.

    What somebody in between sent along in plain would else be taken for the first
    answer within TLS.
    """
    loop = asyncio.get_running_loop()
    asked = message.envelope(1, message.extended(message.START_TLS))
    await loop.sock_sendall(sock, asked)
    head = await _exactly(sock, 2)
    with _reading():
        sizes = ber.size_of(head)
        if sizes is None:
            head += await _exactly(sock, head[1] & 0x7F)
            sizes = ber.size_of(head)
        if head[0] != ber.SEQUENCE or sizes is None or sizes[1] > _MAX_GREETING:
            raise Nonsense("no LDAP")
        found = message.read(await _exactly(sock, sizes[1]))
        if found.tag != message.EXTENDED_DONE or found.id != 1:
            raise Nonsense("no answer to StartTLS")
        result = _judged(found)
    if result.code != 0:
        raise Untrusted(f"it refuses StartTLS: result {result.code}")


async def _exactly(sock: socket.socket, count: int) -> bytes:
    loop, found = asyncio.get_running_loop(), b""
    while len(found) < count:
        more = await loop.sock_recv(sock, count - len(found))
        if not more:
            raise ConnectionResetError
        found += more
    return found
