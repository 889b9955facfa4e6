"""The door for outbound HTTP, against real servers on loopback."""

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import FrozenInstanceError
from traceback import format_exception
from typing import Any

import pytest

from app.core.circuit_breaker import CircuitBreakers, CircuitOpen
from app.core.clock import SystemClock
from app.core.outbound import OutboundClient, OutboundFailed, OutboundRefused
from app.core.outbound.body import read_body
from tests.servers.http import HttpServer
from tests.servers.raw import serving
from tests.servers.resolvers import answers, unknown


class FakeClock(SystemClock):
    """Monotonic seconds that a test moves."""

    seconds = 0.0

    def monotonic(self) -> float:
        """Return the seconds a test has set."""
        return self.seconds


@pytest.fixture
def hook() -> Iterator[HttpServer]:
    """A server; in tests of refusals it must receive nothing."""
    with HttpServer() as server:
        yield server


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def breakers(clock: FakeClock) -> CircuitBreakers:
    return CircuitBreakers(clock)


@pytest.fixture
async def make(breakers: CircuitBreakers) -> AsyncIterator[Callable[..., Any]]:
    """Make clients that are closed at the end."""
    made: list[OutboundClient] = []

    def build(**options: Any) -> OutboundClient:
        made.append(OutboundClient(breakers, **options))
        return made[-1]

    yield build
    for client in made:
        await client.close()


@pytest.fixture
def client(make: Callable[..., OutboundClient]) -> OutboundClient:
    """A client that may reach loopback."""
    return make(allowed_hosts=frozenset({"127.0.0.1"}))


# What comes back


async def test_get_returns_status_headers_and_body(
    hook: HttpServer, client: OutboundClient
) -> None:
    hook.handler = lambda *_: (404, {"X-Kind": "b"}, b"no")

    response = await client.get(f"{hook.url}/a?b=c#d", headers={"Accept": "text/x"})

    assert (response.status, response.body) == (404, b"no")
    assert response.headers["x-kind"] == "b"
    [asked] = hook.requests
    assert (asked.method, asked.path) == ("GET", "/a?b=c")
    assert asked.headers["Host"] == f"127.0.0.1:{hook.port}"
    assert asked.headers["Accept"] == "text/x"
    assert asked.headers["Accept-Encoding"] == "identity"
    with pytest.raises(FrozenInstanceError):
        response.status = 200  # type: ignore[misc]  # that it cannot be is the test


async def test_repeated_response_fields_are_joined(client: OutboundClient) -> None:
    async def twice(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nLink: a\r\nlink: b\r\n\r\n")
        await writer.drain()

    async with serving(twice) as port:
        response = await client.get(f"http://127.0.0.1:{port}/")

    assert response.headers["link"] == "a, b"


async def test_post_sends_content_with_our_framing(
    hook: HttpServer, client: OutboundClient
) -> None:
    lies = {"Host": "evil", "Content-Length": "1", "Transfer-Encoding": "chunked"}
    response = await client.post(
        f"{hook.url}/hook", content=b'{"a":1}', headers=lies | {"X-Id": "7"}
    )

    assert response.status == 204
    [asked] = hook.requests
    assert (asked.method, asked.path, asked.body) == ("POST", "/hook", b'{"a":1}')
    assert asked.headers["Host"] == f"127.0.0.1:{hook.port}"
    assert asked.headers["X-Id"] == "7"


async def test_an_empty_post_has_a_length(
    hook: HttpServer, client: OutboundClient
) -> None:
    await client.post(hook.url, content=b"")

    assert hook.requests[0].headers["Content-Length"] == "0"


async def test_a_redirect_is_returned_and_not_followed(
    hook: HttpServer, client: OutboundClient
) -> None:
    with HttpServer() as other:
        hook.handler = lambda *_: (302, {"Location": f"{other.url}/meta"}, b"")
        response = await client.get(hook.url)

        assert response.status == 302
        assert response.headers["location"] == f"{other.url}/meta"
        assert other.connections == 0


async def test_neither_proxies_nor_cookies_are_used(
    hook: HttpServer, client: OutboundClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook.handler = lambda *_: (200, {"Set-Cookie": "a=b"}, b"")
    with HttpServer() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        for _ in range(2):
            await client.get(hook.url)

        assert proxy.connections == 0
    assert [asked.headers["Cookie"] for asked in hook.requests] == [None, None]


@pytest.mark.parametrize("value", ["a\r\nX-Secret: s3cret", "s3cret\x00", "s3cret☃"])
async def test_a_field_that_would_break_the_request_is_refused_unquoted(
    hook: HttpServer, client: OutboundClient, value: str
) -> None:
    with pytest.raises(OutboundRefused) as refusal:
        await client.get(hook.url, headers={"X-A": value})

    assert hook.requests == []
    assert "s3cret" not in "".join(format_exception(refusal.value))


# Limits


async def test_the_deadline_is_for_the_whole_exchange(
    make: Callable[..., OutboundClient],
) -> None:
    client = make(allowed_hosts=frozenset({"127.0.0.1"}), timeout=0.3)

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:  # each byte in time for any limit per read
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with serving(drip) as port:
        with pytest.raises(OutboundFailed, match="TimeoutError"):
            await client.get(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("length", [b"", b"Content-Length: 1073741824\r\n"])
async def test_a_body_of_one_gigabyte_is_cut_off_early(
    client: OutboundClient, length: bytes
) -> None:
    sent, done = 0, asyncio.Event()

    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n" + length + b"\r\n")
        try:
            while sent < 2**30:
                writer.write(bytes(2**16))
                await writer.drain()
                sent += 2**16
        finally:
            done.set()

    async with serving(flood) as port:
        with pytest.raises(OutboundFailed, match="larger than 1000000"):
            await client.get(f"http://127.0.0.1:{port}/")
        await done.wait()

    assert sent < 32 * 2**20  # what the kernel buffers, and no gigabyte


async def test_a_body_of_exactly_the_limit_is_whole(
    hook: HttpServer, client: OutboundClient
) -> None:
    hook.handler = lambda *_: (200, {}, b"12345")

    assert (await client.get(hook.url, max_bytes=5)).body == b"12345"
    with pytest.raises(OutboundFailed):
        await client.get(hook.url, max_bytes=4)


async def test_one_level_of_gzip_is_read_though_not_asked_for(
    hook: HttpServer, client: OutboundClient
) -> None:
    packed = gzip.compress(b"12345")
    hook.handler = lambda *_: (200, {"Content-Encoding": "GZIP"}, packed)

    assert (await client.get(hook.url)).body == b"12345"
    with pytest.raises(OutboundFailed):
        await client.get(hook.url, max_bytes=len(packed) - 1)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", b"no gzip"),
        ("gzip", gzip.compress(b"12345", mtime=0)[:-3]),
        ("gzip", gzip.compress(b"1", mtime=0) * 2),
        ("gzip, gzip", gzip.compress(gzip.compress(b"12345", mtime=0), mtime=0)),
        ("br", b"\x0b\x02\x8012345\x03"),
        ("deflate", b""),
    ],
)
async def test_other_codings_and_broken_bodies_fail(
    hook: HttpServer, client: OutboundClient, coding: str, body: bytes
) -> None:
    hook.handler = lambda *_: (200, {"Content-Encoding": coding}, body)

    with pytest.raises(OutboundFailed):
        await client.get(hook.url)


async def test_a_gzip_bomb_never_unfolds(
    hook: HttpServer, client: OutboundClient
) -> None:
    bomb = gzip.compress(bytes(64 * 2**20))
    hook.handler = lambda *_: (200, {"Content-Encoding": "gzip"}, bomb)

    async def one_chunk() -> AsyncIterator[bytes]:
        await asyncio.sleep(0)
        yield bomb

    with pytest.raises(OutboundFailed, match="larger than"):
        await client.get(hook.url)
    tracemalloc.start()
    with pytest.raises(OutboundFailed, match="larger than"):
        await read_body(one_chunk(), "gzip", 1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 8 * 2**20


async def test_waiting_for_a_turn_is_no_fault_of_the_destination(
    hook: HttpServer,
    make: Callable[..., OutboundClient],
    breakers: CircuitBreakers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.core.outbound.client._MAX_CONNECTIONS", 1)
    client = make(allowed_hosts=frozenset({"127.0.0.1"}), timeout=2.0)

    async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(silence) as port:
        busy = [client.get(f"http://127.0.0.1:{port}/")]
        waiting = [client.get(hook.url, headers={"X": str(n)}) for n in range(8)]
        outcomes = await asyncio.gather(*busy, *waiting, return_exceptions=True)

    assert isinstance(outcomes[0], OutboundFailed)
    assert breakers.states()[f"127.0.0.1:{hook.port}"] == "closed"
    assert (await client.get(hook.url)).status == 204


# Failures and the breaker


async def test_a_5xx_is_a_failure_that_says_its_status_and_no_path(
    hook: HttpServer, client: OutboundClient
) -> None:
    hook.handler = lambda *_: (502, {}, b"")

    with pytest.raises(OutboundFailed) as failure:
        await client.get(f"{hook.url}/s3cret?token=s3cret")

    assert failure.value.answered == 502
    assert f"127.0.0.1:{hook.port}" in failure.value.hint
    assert "s3cret" not in failure.value.hint


@pytest.mark.parametrize("reply", [b"", b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 200 O"])
async def test_what_is_no_http_fails(client: OutboundClient, reply: bytes) -> None:
    async def say(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply)
        await writer.drain()

    async with serving(say) as port:
        with pytest.raises(OutboundFailed):
            await client.get(f"http://127.0.0.1:{port}/")


async def test_failures_open_the_destinations_breaker_until_it_recovers(
    hook: HttpServer,
    client: OutboundClient,
    clock: FakeClock,
    breakers: CircuitBreakers,
) -> None:
    hook.handler = lambda *_: (500, {}, b"")
    for _ in range(5):
        with pytest.raises(OutboundFailed):
            await client.get(hook.url)
    with pytest.raises(CircuitOpen):
        await client.get(hook.url)
    assert hook.connections == 5
    with HttpServer() as other:  # same host, another port: another destination
        assert (await client.get(other.url)).status == 204

    clock.seconds += 30
    hook.handler = lambda *_: (200, {}, b"")

    assert (await client.get(hook.url)).status == 200
    assert breakers.states()[f"127.0.0.1:{hook.port}"] == "closed"


async def test_refusals_are_not_failures(
    make: Callable[..., OutboundClient], breakers: CircuitBreakers
) -> None:
    client = make(resolve=answers("10.0.0.1"))

    for _ in range(8):
        with pytest.raises(OutboundRefused):
            await client.get("https://rp.example/")

    assert breakers.states() == {"rp.example:443": "closed"}


async def test_a_name_that_does_not_resolve_is_a_failure(
    make: Callable[..., OutboundClient],
) -> None:
    for resolve in (unknown, answers()):
        with pytest.raises(OutboundFailed):
            await make(resolve=resolve).get("https://rp.example/")
