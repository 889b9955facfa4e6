"""The client behind the door.

It stands on the connection pool of httpx2 and not on its client, because that follows
cookies, proxies of the environment and stored credentials, and logs whole URLs.
"""

import asyncio
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import httpcore2

from app.core.circuit_breaker import CircuitBreakers
from app.core.outbound.backend import GuardedBackend
from app.core.outbound.body import read_body
from app.core.outbound.errors import OutboundFailed, OutboundRefused
from app.core.outbound.guard import Guard, Resolver, Target, resolve_by_system

_MAX_CONNECTIONS = 100
_MAX_IDLE = 20
_IDLE_SECONDS = 5.0

_NETWORK_ERRORS = (
    OSError,  # TimeoutError of the deadline and ssl.SSLError are among them
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.TimeoutException,
)


@dataclass(frozen=True, slots=True)
class OutboundResponse:
    """A complete response below 500; names of header fields are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


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
            breakers: Where the breaker of each ``host:port`` lives.
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
        self._pool: httpcore2.AsyncConnectionPool | None = None
        if ca_file is not None:
            self._pool = self._new_pool()  # now: a file that is no good stops the start

    def _new_pool(self) -> httpcore2.AsyncConnectionPool:
        tls = httpcore2.default_ssl_context()
        if self._ca_file is not None:
            tls.load_verify_locations(cafile=self._ca_file)
        return httpcore2.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=_MAX_CONNECTIONS,
            max_keepalive_connections=_MAX_IDLE,
            keepalive_expiry=_IDLE_SECONDS,
            network_backend=GuardedBackend(self._guard),
        )

    @property
    def _connections(self) -> httpcore2.AsyncConnectionPool:
        """The pool, made when it is first needed.

        The system's authorities take 20 ms and several megabytes, and most services
        never call anybody.
        """
        if self._pool is None:
            self._pool = self._new_pool()
        return self._pool

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
    ) -> OutboundResponse:
        """Fetch a URL; a redirect is returned and not followed.

        Raises:
            OutboundRefused: The URL may not be called; nothing was sent.
            OutboundFailed: No usable response, or a 5xx.
            CircuitOpen: The destination failed too often; nothing was sent.
        """
        return await self._send("GET", url, headers or {}, None, max_bytes)

    async def post(
        self, url: str, *, content: bytes, headers: Mapping[str, str] | None = None
    ) -> OutboundResponse:
        """Send ``content`` to a URL; it is not tried twice. Raises as :meth:`get`."""
        return await self._send("POST", url, headers or {}, content, None)

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

    async def close(self) -> None:
        """Close idle and busy connections."""
        if self._pool is not None:
            await self._pool.aclose()

    async def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        max_bytes: int | None,
    ) -> OutboundResponse:
        target = self._guard.target(url)
        limit = self._max_bytes if max_bytes is None else max_bytes
        breaker = self._breakers.get(target.destination, expected=(OutboundFailed,))
        await self._take_turn()
        try:
            async with breaker:
                return await self._exchange(method, target, headers, content, limit)
        finally:
            self._turns.release()

    async def _take_turn(self) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await self._turns.acquire()
        except TimeoutError as error:
            raise OutboundFailed("too many requests are under way") from error

    async def _exchange(
        self,
        method: str,
        target: Target,
        headers: Mapping[str, str],
        content: bytes | None,
        limit: int,
    ) -> OutboundResponse:
        where = target.destination
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._connections.stream(
                    method,
                    httpcore2.URL(
                        scheme=target.scheme,
                        host=target.host,
                        port=target.port,
                        target=target.path,
                    ),
                    headers=_fields(target, headers),
                    content=content,
                    extensions={"timeout": {"connect": self._timeout}},
                ) as response,
            ):
                return await _received(response, limit)
        except httpcore2.LocalProtocolError:
            # Without its cause, whose message quotes the field at fault.
            raise OutboundRefused(f"{where}: malformed header field") from None
        except OutboundFailed as error:
            hint = f"{where}: {error.hint}"
            raise OutboundFailed(hint, answered=error.answered) from error
        except _NETWORK_ERRORS as error:
            hint = f"{where}: {type(error).__name__}: {error}"
            raise OutboundFailed(hint) from error


def _fields(target: Target, headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """The caller's fields; routing is ours to say, and framing the pool's."""
    fields = {"user-agent": "auth-serve", "accept": "*/*"}
    fields |= {name.lower(): value for name, value in headers.items()}
    fields |= {"host": target.authority, "accept-encoding": "identity"}
    fields.pop("transfer-encoding", None)
    fields.pop("content-length", None)
    try:
        return [(n.encode("ascii"), v.encode("latin-1")) for n, v in fields.items()]
    except UnicodeEncodeError as error:
        raise OutboundRefused("header field outside of Latin-1") from error


async def _received(response: httpcore2.Response, limit: int) -> OutboundResponse:
    if response.status >= 500:
        raise OutboundFailed("server error", answered=response.status)
    headers: dict[str, str] = {}
    for raw_name, raw_value in response.headers:
        name, value = raw_name.decode("ascii").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    coding = headers.get("content-encoding", "").strip().lower()
    stream = cast(AsyncIterable[bytes], response.stream)
    body = await read_body(stream, coding, limit)
    return OutboundResponse(response.status, headers, body)
