"""The client behind the door: what may be sent, when, and to whom."""

import asyncio
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.circuit_breaker import Breaker, CircuitBreakers
from app.core.outbound.body import OutboundResponse
from app.core.outbound.errors import OutboundFailed
from app.core.outbound.guard import Guard, Resolver, Target, resolve_by_system
from app.tracing.span import traceparent, within

if TYPE_CHECKING:
    from app.core.outbound.exchange import Exchange

_MAX_CONNECTIONS = 100


class OutboundClient:
    """Outbound HTTP with limits; one for the process, closed with it."""

    def __init__(
        self,
        breakers: CircuitBreakers,
        *,
        allowed_hosts: frozenset[str] = frozenset(),
        ca_file: Path | None = None,
        timeout: float = 5.0,
        max_bytes: int = 1_000_000,
        resolve: Resolver = resolve_by_system,
    ) -> None:
        """Open nothing yet.

        Args:
            breakers: Where the breaker of each ``host:port``, or URL, lives.
            allowed_hosts: ``host`` or ``host:port`` that may be internal, by http too.
            ca_file: Authorities trusted besides the system's.
            timeout: Seconds for a whole exchange, from name to last byte.
            max_bytes: Longest body, as sent and as decoded.
            resolve: Where addresses come from.

        Raises:
            ValueError: An entry of ``allowed_hosts`` is malformed.
            OSError: ``ca_file`` cannot be read.
        """
        self._breakers = breakers
        self._guard = Guard(allowed_hosts, resolve)
        self._timeout = timeout
        self._max_bytes = max_bytes
        # Waiting for a turn happens before the breaker: it is no fault of the
        # destination, which the pool's own time limit would make it.
        self._turns = asyncio.Semaphore(_MAX_CONNECTIONS)
        self._ca_file = ca_file
        self._exchange: Exchange | None = None
        if ca_file is not None:
            self._exchange = self._connect()  # now: a bad file stops the start

    def _connect(self) -> "Exchange":
        # Here: the library and the system's authorities are several megabytes and
        # 20 ms, and most services never call anybody.
        from app.core.outbound.exchange import Exchange

        return Exchange(
            self._guard,
            ca_file=self._ca_file,
            timeout=self._timeout,
            connections=_MAX_CONNECTIONS,
        )

    @property
    def _connections(self) -> "Exchange":
        """The connections, made when they are first needed."""
        if self._exchange is None:
            self._exchange = self._connect()
        return self._exchange

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
        apart: bool = False,
        whose: str = "",
    ) -> OutboundResponse:
        """Fetch a URL; a redirect is returned and not followed.

        Args:
            url: Where from.
            headers: Of the request.
            max_bytes: Longest body, if not the usual.
            apart: Failures count against this very URL, not against its host. For what
                clients name: what one of them names at the host of another must not
                close the way to the other's.
            whose: Failures count for this name alone, of several that ask one host.

        Raises:
            OutboundRefused: The URL may not be called; nothing was sent.
            OutboundFailed: No usable response, or a 5xx.
            CircuitOpen: The destination failed too often; nothing was sent.
        """
        fields = headers or {}
        return await self._send("GET", url, fields, None, max_bytes, apart, whose)

    async def post(
        self,
        url: str,
        *,
        content: bytes,
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
        apart: bool = True,
        whose: str = "",
    ) -> OutboundResponse:
        """Send ``content`` to a URL, by default one that a client named; once.

        Arguments, and what it raises, are those of :meth:`get`.
        """
        fields = headers or {}
        return await self._send("POST", url, fields, content, max_bytes, apart, whose)

    async def check(self, url: str) -> None:
        """Refuse early a URL that will be called later, when somebody registers it.

        Sending checks again, so a name that does not resolve today passes.

        Raises:
            OutboundRefused: The URL may not be called.
        """
        target = self._guard.target(url)
        try:
            async with asyncio.timeout(self._timeout):
                await self._guard.addresses(target.host, target.port)
        except OSError:
            return

    def judge(self, url: str) -> None:
        """Refuse a URL for its spelling alone, when strangers register it.

        Raises:
            OutboundRefused: Nobody would ever be called under it.
        """
        self._guard.judge(url)

    def judge_server(self, url: str) -> None:
        """Refuse the URL of a directory (``ldap``, ``ldaps``) for its spelling alone.

        Raises:
            OutboundRefused: Nobody would ever be called under it.
        """
        self._guard.judge_server(url)

    async def connect(self, host: str, port: int, seconds: float) -> socket.socket:
        """Connect to a server that speaks another protocol than HTTP.

        Args:
            host: Its name or address.
            port: Its port.
            seconds: For each of its addresses a share of them.

        Raises:
            OutboundRefused: It has an address that may not be called.
            OSError: It does not resolve, or none of its addresses answers.
        """
        # Here: most services never call anybody.
        from app.core.outbound.plain import connect

        return await connect(self._guard, host, port, seconds)

    def breaker(self, name: str, expected: tuple[type[Exception], ...]) -> Breaker:
        """Return the breaker of a server that ``connect`` calls.

        Args:
            name: ``host:port``.
            expected: Errors that count as failures of the server.
        """
        return self._breakers.get(name, expected=expected)

    @property
    def ca_file(self) -> Path | None:
        """Authorities trusted besides the system's."""
        return self._ca_file

    def destination(self, url: str, whose: str = "") -> str:
        """Return the name of the breaker of whoever is called under a URL.

        Raises:
            OutboundRefused: Nobody is.
        """
        return breaker_of(self._guard.target(url).destination, whose)

    async def close(self) -> None:
        """Close idle and busy connections."""
        if self._exchange is not None:
            await self._exchange.close()

    async def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        max_bytes: int | None,
        apart: bool,
        whose: str,
    ) -> OutboundResponse:
        target = self._guard.target(url)
        limit = self._max_bytes if max_bytes is None else max_bytes
        name = target.use(method) if apart else target.destination
        name = breaker_of(name, whose)
        breaker = self._breakers.get(name, expected=(OutboundFailed,))
        await self._take_turn()
        try:
            with within(method, "client", _told(method, target)):
                async with breaker:
                    return await self._connections.send(
                        method, target, _fields(headers), content, limit
                    )
        finally:
            self._turns.release()

    async def _take_turn(self) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await self._turns.acquire()
        except TimeoutError as error:
            raise OutboundFailed("too many requests are under way") from error


def breaker_of(destination: str, whose: str) -> str:
    """Return the name of the breaker that one of several has of a destination."""
    return f"{destination} for {whose}" if whose else destination


def _told(method: str, target: Target) -> dict[str, str | int]:
    """Return what a trace says of a call: to whom, and nothing of the URL's path."""
    return {
        "http.request.method": method,
        "server.address": target.host,
        "server.port": target.port,
    }


def _fields(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return the fields, and what makes the receiver's spans parts of ours."""
    parent = traceparent()
    return headers if parent is None else {**headers, "traceparent": parent}
