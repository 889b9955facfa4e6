"""A small HTTP/1.1 keep-alive client: the driver must cost less than the service."""

import asyncio
import json
import math
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, cast
from urllib.parse import urlencode

from tests.servers.ports import LOOPBACK

_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a body, nothing else is looked at."""

    status: int
    body: bytes

    def json(self) -> Any:
        """Return the parsed body of a success.

        Raises:
            RuntimeError: It was none.
        """
        if self.status >= 400:
            raise RuntimeError(f"{self.status}: {self.body.decode(errors='replace')}")
        return json.loads(self.body)


class Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        """Wait for a connection."""
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Answer] | None = None

    @classmethod
    async def open(cls, port: int) -> Self:
        """Connect over loopback."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(cls, LOOPBACK, port)
        return connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        # uvloop's transports do not inherit from asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail whoever waits."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionResetError())

    def data_received(self, data: bytes) -> None:
        """Answer the one who waits, once the body is complete."""
        self._buffer += data
        head, found, body = self._buffer.partition(_END)
        if not found or self._waiting is None:
            return
        at = head.lower().find(_LENGTH)
        length = int(head[at + len(_LENGTH) :].split(b"\r", 1)[0]) if at >= 0 else 0
        if len(body) >= length:
            self._buffer = b""
            if not self._waiting.done():
                self._waiting.set_result(Answer(int(head[9:12]), body))

    async def send(self, request: bytes) -> Answer:
        """Send one request and wait for its answer."""
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


def get(
    path: str, token: str | None = None, fields: Mapping[str, str] | None = None
) -> bytes:
    """Return the bytes of a GET."""
    said = {"Authorization": f"Bearer {token}"} if token else {}
    head = {"Host": "bench", **said, **(fields or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode()


def post_form(path: str, fields: Mapping[str, str], authorization: str = "") -> bytes:
    """Return the bytes of a POST of a form, with client authentication if given."""
    raw = urlencode(fields).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\n"
    head += f"Authorization: {authorization}\r\n" if authorization else ""
    head += "Content-Type: application/x-www-form-urlencoded\r\n"
    return f"{head}Content-Length: {len(raw)}\r\n\r\n".encode() + raw


def post(path: str, body: object, address: str = "192.0.2.1") -> bytes:
    """Return the bytes of a POST of JSON, as if from an address."""
    raw = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
    head += f"X-Forwarded-For: {address}\r\nContent-Length: {len(raw)}\r\n\r\n"
    return head.encode() + raw


@dataclass
class Load:
    """What was measured: successes per second and how long each took."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    failures: int = 0

    def add(self, other: "Load") -> None:
        """Count what was measured at another time as well."""
        self.seconds += other.seconds
        self.cpu_seconds += other.cpu_seconds
        self.times += other.times
        self.failures += other.failures

    @property
    def rate(self) -> float:
        """Successes per second."""
        return len(self.times) / self.seconds

    @property
    def rate_by_cpu(self) -> float:
        """Successes per second of the server's core."""
        return len(self.times) / self.cpu_seconds if self.cpu_seconds else math.nan

    def percentile(self, share: float) -> float:
        """Return a duration in milliseconds; none if nothing succeeded."""
        ordered = sorted(self.times) or [math.nan]
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


Step = Callable[[Connection], Awaitable[bool]]
"""One request of one user; tells whether the answer was the one hoped for."""


async def drive(
    port: int,
    steps: Iterable[Step],
    seconds: float,
    pause: float = 0.0,
    *,
    has_core: bool = True,
) -> Load:
    """Repeat every step on a connection of its own until the time is up.

    Args:
        port: On loopback.
        steps: What each connection sends.
        seconds: How long.
        pause: Seconds between two steps of a connection.
        has_core: The driver has a core of its own, which it keeps busy.
    """
    load = Load()
    awake = asyncio.create_task(_stay_awake(has_core))
    started = time.perf_counter()
    workers = (_repeat(port, step, load, started + seconds, pause) for step in steps)
    await asyncio.gather(*workers)
    load.seconds = time.perf_counter() - started
    awake.cancel()
    return load


async def _stay_awake(has_core: bool) -> None:
    """Keep the driver's core from going to sleep.

    Whoever sends to a core that sleeps has to wake it. In a virtual machine that goes
    through the host and costs the server a quarter of a short request: a price of how
    it is measured, for in life most requests come over a network, in crowds.
    """
    while has_core and (os.cpu_count() or 1) > 1:
        await asyncio.sleep(0)


async def _repeat(
    port: int, step: Step, load: Load, until: float, pause: float
) -> None:
    connection = await Connection.open(port)
    try:
        while (begun := time.perf_counter()) < until:
            if await step(connection):
                load.times.append(time.perf_counter() - begun)
            else:
                load.failures += 1
            if pause:
                await asyncio.sleep(pause)
    finally:
        connection.close()
