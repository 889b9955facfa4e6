"""Requests on the wire, and the connections that they share.

They stand on the connection pool of httpx2 and not on its client, because that follows
cookies, proxies of the environment and stored credentials, and logs whole URLs.
"""

import asyncio
from collections.abc import AsyncIterable, Mapping
from pathlib import Path
from typing import cast

import httpcore2

from app.core.outbound.backend import GuardedBackend
from app.core.outbound.body import OutboundResponse, read_body
from app.core.outbound.errors import OutboundFailed, OutboundRefused
from app.core.outbound.guard import Guard, Target

_MAX_IDLE = 20
_IDLE_SECONDS = 5.0

_NETWORK_ERRORS = (
    OSError,  # TimeoutError of the deadline and ssl.SSLError are among them
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.TimeoutException,
)


class Exchange:
    """A pool of connections to whatever the guard lets pass."""

    def __init__(
        self, guard: Guard, *, ca_file: Path | None, timeout: float, connections: int
    ) -> None:
        """Load the authorities; nothing is connected yet.

        Raises:
            OSError: ``ca_file`` cannot be read.
        """
        tls = httpcore2.default_ssl_context()
        if ca_file is not None:
            tls.load_verify_locations(cafile=ca_file)
        self._timeout = timeout
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=connections,
            max_keepalive_connections=_MAX_IDLE,
            keepalive_expiry=_IDLE_SECONDS,
            network_backend=GuardedBackend(guard),
        )

    async def close(self) -> None:
        """Close idle and busy connections."""
        await self._pool.aclose()

    async def send(
        self,
        method: str,
        target: Target,
        headers: Mapping[str, str],
        content: bytes | None,
        limit: int,
    ) -> OutboundResponse:
        """Send one request to a target that was checked; read a bounded response.

        Raises:
            OutboundRefused: A header field cannot be sent.
            OutboundFailed: No usable response, or a 5xx.
        """
        where = target.destination
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._pool.stream(
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
            raise OutboundFailed(
                hint, answered=error.answered, is_too_long=error.is_too_long
            ) from error
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
