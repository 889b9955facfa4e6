"""What may be called: spellings, addresses, and names that change their mind."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import httpcore2
import pytest

from app.core.circuit_breaker import CircuitBreakers
from app.core.clock import SystemClock
from app.core.outbound import OutboundClient, OutboundRefused
from app.core.outbound.address import is_public
from app.core.outbound.backend import GuardedBackend
from app.core.outbound.guard import Guard
from tests.servers.http import HttpServer
from tests.servers.resolvers import PUBLIC, answers, in_turn, unknown


@pytest.fixture
def hook() -> Iterator[HttpServer]:
    """A server that must receive nothing."""
    with HttpServer() as server:
        yield server


@pytest.fixture
async def make() -> AsyncIterator[Callable[..., OutboundClient]]:
    """Make clients that are closed at the end."""
    made: list[OutboundClient] = []

    def build(**options: Any) -> OutboundClient:
        made.append(OutboundClient(CircuitBreakers(SystemClock()), **options))
        return made[-1]

    yield build
    for client in made:
        await client.close()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "127.0.0.1.",
        "127.1",
        "0x7f.1",
        "0x7f.0.0.0x1",
        "0x7f000001",
        "0177.0.0.1",
        "0",
        "0.0.0.0",
        "2130706433",
        "127。0。0。1",
        "①②⑦.0.0.1",
        "%6cocalhost",
        "%31%32%37.0.0.1",
        "127.0.0.1%00.example.com",
        "[::1]",
        "[::]",
        "[::127.0.0.1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "[fe80::1%25lo]",
        "[::1%25lo]",
        "user:pass@127.0.0.1",
        "user@localhost",
        "@localhost",
        "example.com\\@127.0.0.1",
        "169.254.169.254",
        "-x.example",
        "a..example",
        "a b.example",
        "*.example",
        "",
        "[::1",
    ],
)
@pytest.mark.parametrize("scheme", ["https", "http"])
async def test_t161_internal_and_deceptive_spellings_are_refused_before_any_byte(
    hook: HttpServer, make: Callable[..., OutboundClient], scheme: str, host: str
) -> None:
    client = make()
    url = f"{scheme}://{host}:{hook.port}/"

    for attempt in (client.get(url), client.post(url, content=b"x"), client.check(url)):
        with pytest.raises(OutboundRefused):
            await attempt

    assert hook.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://rp.example/",
        "ftp://rp.example/",
        "file:///etc/passwd",
        "gopher://rp.example/",
        "//rp.example/",
        "rp.example",
        "https:rp.example",
        "https://rp.example:0/",
        "https://rp.example:65536/",
        "https://rp.example:x/",
        "https://rp.example/\n",
        "https://rp.example/a\\b",
        "https://user:pass@rp.example/",
        "https://@rp.example/",
        "https://rp.example\\@other.example/",
        "https://[2606:2800:220:1::1%25eth0]/",
        "https://rp.example/\ud800",
        "https://[:x]/",
        f"https://{'a' * 64}.example/",
        f"https://{'a.' * 127}example/",
        "",
    ],
)
async def test_other_urls_are_refused(
    make: Callable[..., OutboundClient], url: str
) -> None:
    client = make(resolve=answers(PUBLIC))

    with pytest.raises(OutboundRefused) as refusal:
        await client.get(url)

    assert refusal.value.status == 400


def test_ordinary_urls_are_acceptable() -> None:
    guard = Guard()

    target = guard.target("HTTPS://Bücher.Example:8443/a?next=x@y#f")
    assert target.authority == target.destination == "xn--bcher-kva.example:8443"
    assert target.path == b"/a?next=x@y"
    target = guard.target("https://[2606:2800:220:1::1]")
    assert (target.authority, target.port) == ("[2606:2800:220:1::1]", 443)
    assert target.destination == "[2606:2800:220:1::1]:443"


async def test_a_literal_address_is_not_looked_up() -> None:
    guard = Guard(resolve=answers(PUBLIC))

    with pytest.raises(OutboundRefused):
        await guard.addresses("10.0.0.1", 443)
    assert await guard.addresses("8.8.8.8", 443) == ["8.8.8.8"]


@pytest.mark.parametrize(
    "address",
    """0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254
    168.63.129.16 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.9
    192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1
    224.0.1.1 239.1.1.1 240.0.0.1 255.255.255.255
    :: ::1 ::8.8.8.8 ::ffff:8.8.8.8 ::ffff:127.0.0.1 64:ff9b::10.0.0.1
    64:ff9b::127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1 100::1 2001::1 2001:0:7f00:1::
    2001:20::1 2001:db8::1 2002:7f00:1:: 2002:808:808:: 3fff::1 5f00::1 fc00::1
    fd00:ec2::254 fe80::1 fe80::1%eth0 2606::1%eth0 fec0::1 ff02::1 ff0e::1
    localhost 127.1""".split(),
)
def test_special_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    """1.1.1.1 8.8.8.8 93.184.216.34 172.32.0.1 192.0.1.1 198.20.0.1 223.255.255.255
    2606:2800:220:1::1 2a00:1450:4001::1 2001:4860:4860::8888
    64:ff9b::8.8.8.8""".split(),
)
def test_ordinary_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "internal", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"]
)
async def test_a_name_with_one_internal_address_is_refused(
    hook: HttpServer, make: Callable[..., OutboundClient], internal: str
) -> None:
    for found in ([internal], [PUBLIC, internal], [internal, PUBLIC]):
        client = make(resolve=answers(*found))
        with pytest.raises(OutboundRefused) as refusal:
            await client.get(f"https://rp.example:{hook.port}/")
        assert "rp.example" in refusal.value.hint
        assert internal not in refusal.value.hint

    assert hook.connections == 0


async def test_a_name_that_is_rebound_after_its_check_is_refused(
    hook: HttpServer, make: Callable[..., OutboundClient]
) -> None:
    client = make(resolve=in_turn([PUBLIC], ["127.0.0.1"]))
    url = f"https://rp.example:{hook.port}/"

    await client.check(url)
    with pytest.raises(OutboundRefused):
        await client.get(url)

    assert hook.connections == 0


class Wire(httpcore2.AsyncNetworkBackend):
    """Takes down where a connection would go, and lets none be made."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, float | None]] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the interface of httpcore2
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        self.asked.append((host, port, timeout))
        raise httpcore2.ConnectError("silent")


async def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    wire, resolve = Wire(), in_turn([PUBLIC, "2606:2800:220:1::1"], ["127.0.0.1"])
    backend = GuardedBackend(Guard(resolve=resolve), wire)

    with pytest.raises(httpcore2.ConnectError, match="silent"):
        await backend.connect_tcp("rp.example", 443, timeout=4.0)

    assert wire.asked == [(PUBLIC, 443, 2.0), ("2606:2800:220:1::1", 443, 2.0)]


async def test_a_silent_address_leaves_time_for_the_next(
    hook: HttpServer, make: Callable[..., OutboundClient]
) -> None:
    # Nothing listens on 127.0.0.2, where the server's own address is 127.0.0.1.
    client = make(
        allowed_hosts=frozenset({"rp.internal"}),
        resolve=answers("127.0.0.2", "127.0.0.1"),
    )

    response = await client.get(f"http://rp.internal:{hook.port}/")

    assert response.status == 204
    assert hook.requests[0].headers["Host"] == f"rp.internal:{hook.port}"


async def test_check_tells_what_sending_would_refuse(
    make: Callable[..., OutboundClient],
) -> None:
    async def never(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    await make(resolve=answers(PUBLIC)).check("https://rp.example/")
    await make(resolve=unknown).check("https://not-yet.example/")
    await make(resolve=never, timeout=0.05).check("https://slow.example/")
    with pytest.raises(OutboundRefused):
        await make(resolve=answers("10.0.0.1")).check("https://rp.example/")


@pytest.mark.parametrize(
    ("entry", "url", "allowed"),
    [
        ("hook.internal", "http://hook.internal/", True),
        ("hook.internal", "https://hook.internal:8443/", True),
        ("Hook.Internal:8443", "http://hook.internal:8443/", True),
        ("hook.internal:443", "https://hook.internal/", True),
        ("hook.internal:443", "https://hook.internal:8443/", False),
        ("hook.internal:80", "http://hook.internal/", True),
        ("hook.internal", "https://evil.hook.internal/", False),
        ("hook.internal", "https://hook.internal.evil.example/", False),
        ("hook.internal", "https://hook.internal./", False),
        ("127.0.0.1:9000", "http://127.0.0.1:9000/", True),
        ("127.0.0.1:9000", "http://127.0.0.1:9001/", False),
        ("127.0.0.1", "http://[::ffff:127.0.0.1]/", False),
        ("[::1]:9000", "http://[::1]:9000/", True),
        ("::1", "http://[::1]:9000/", True),
    ],
)
async def test_an_operator_may_name_internal_hosts(
    entry: str, url: str, allowed: bool
) -> None:
    guard = Guard(frozenset({entry}), answers("10.0.0.1"))

    if allowed:
        target = guard.target(url)
        assert await guard.addresses(target.host, target.port)
    else:
        with pytest.raises(OutboundRefused):
            target = guard.target(url)
            await guard.addresses(target.host, target.port)


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "*",
        "*.internal",
        "http://a",
        "a/b",
        "a:b",
        "a:0",
        "u@a",
        "10.0.0.0/8",
        "fe80::1%eth0",
        "0x7f.1",
    ],
)
def test_an_entry_that_is_no_host_stops_the_start(entry: str) -> None:
    with pytest.raises(ValueError, match="neither host nor host:port"):
        Guard(frozenset({entry}))
