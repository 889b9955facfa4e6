"""A port of its own for ``/metrics``: for monitoring that brings no token.

It knows one address and one method, reads a bounded head for a bounded time, and closes
after each answer; nothing else of the service can be reached here.
"""

import asyncio
import logging
from typing import TYPE_CHECKING

from app.config import PREFIX, Settings
from app.core.exceptions import PROBLEM_JSON
from app.services.server.startup import StartRefused

if TYPE_CHECKING:
    from app.services.server.metrics import MetricsService

_HEAD = 8_192  # bytes
_PATIENCE = 10.0  # seconds for the whole of a request
_MOST = 16  # requests at once
_log = logging.getLogger("auth_serve.metrics")
_ALLOW = "allow: GET, HEAD\r\n"
_SAFE = "x-content-type-options: nosniff\r\ncache-control: no-store\r\n"


class MetricsPort:
    """Listens, where the settings name a port."""

    def __init__(self, settings: Settings, service: "MetricsService | None") -> None:
        """Prepare; nothing listens yet."""
        self._settings = settings.metrics
        self._service = service
        self._server: asyncio.Server | None = None
        self._under_way = 0

    async def start(self) -> None:
        """Listen.

        Raises:
            StartRefused: The port cannot be had.
        """
        chosen = self._settings
        if chosen.port is None or self._service is None:
            return
        try:
            self._server = await asyncio.start_server(
                self._serve,
                chosen.host,
                chosen.port,
                limit=_HEAD,
                # Any process of a folder answers for all of them.
                reuse_port=True if chosen.directory is not None else None,
            )
        except OSError as error:
            name = f"{PREFIX}METRICS__PORT"
            where = f"{chosen.host}:{chosen.port}"
            raise StartRefused(
                f"{name}: cannot listen on {where}: {error.strerror}"
            ) from error

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._under_way += 1
        try:
            async with asyncio.timeout(_PATIENCE):
                if self._under_way <= _MOST:
                    writer.write(await self._answer(reader))
                    await writer.drain()
                writer.close()
                await writer.wait_closed()  # until they have read all of it
        except (OSError, EOFError):
            pass  # who asked has gone, or never said what they want, or reads nothing
        except Exception:
            _log.exception("metrics could not be told")
        finally:
            self._under_way -= 1
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            return _refused("431 Request Header Fields Too Large")
        request, *fields = head.decode("latin-1").split("\r\n")
        method, _, rest = request.partition(" ")
        target = rest.partition(" ")[0].partition("?")[0]
        if target != "/metrics":
            return _refused("404 Not Found")
        if method not in ("GET", "HEAD"):
            return _refused("405 Method Not Allowed", _ALLOW)
        assert self._service is not None
        body, media_type = await self._service.page(_accepted(fields))
        return _written("200 OK", media_type, body, has_content=method == "GET")


def _accepted(fields: list[str]) -> str:
    named = (field.partition(":") for field in fields)
    return ",".join(value for name, _, value in named if name.lower() == "accept")


def _refused(status: str, fields: str = "") -> bytes:
    return _written(status, PROBLEM_JSON, b'{"type":"about:blank"}', fields)


def _written(
    status: str,
    media_type: str,
    body: bytes,
    fields: str = "",
    *,
    has_content: bool = True,
) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n{_SAFE}{fields}\r\n"
    )
    return head.encode("latin-1") + (body if has_content else b"")
