"""TLS of outbound requests: verified, always, by the name in the URL."""

import asyncio
import ssl
from pathlib import Path

import httpcore2
import pytest

from app.core.circuit_breaker import CircuitBreakers
from app.core.clock import SystemClock
from app.core.outbound import OutboundClient, OutboundFailed, OutboundResponse
from tests.servers.certificates import Authority
from tests.servers.raw import serving
from tests.servers.resolvers import answers


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.make(tmp_path)


async def fetch(url: str, ca_file: Path | None) -> OutboundResponse:
    """Ask the server on loopback under a name of our choice."""
    client = OutboundClient(
        CircuitBreakers(SystemClock()),
        allowed_hosts=frozenset({"hook.test", "other.test"}),
        ca_file=ca_file,
        resolve=answers("127.0.0.1"),
    )
    try:
        return await client.get(url)
    finally:
        await client.close()


async def test_tls_keeps_the_name_while_the_address_is_pinned(
    authority: Authority,
) -> None:
    asked: list[str] = []
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority.certify("hook.test"))
    tls.sni_callback = lambda _, name, __: asked.append(name)

    async def hello(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhi")
        await writer.drain()

    async with serving(hello, tls) as port:
        response = await fetch(f"https://hook.test:{port}/", authority.file)
        with pytest.raises(OutboundFailed, match="CERTIFICATE_VERIFY_FAILED"):
            await fetch(f"https://other.test:{port}/", authority.file)
        with pytest.raises(OutboundFailed, match="CERTIFICATE_VERIFY_FAILED"):
            await fetch(f"https://hook.test:{port}/", None)

    assert response.body == b"hi"
    assert asked == ["hook.test", "other.test", "hook.test"]


async def test_the_systems_authorities_stay_trusted_beside_the_file(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[ssl.SSLContext] = []
    real = httpcore2.default_ssl_context

    def remembered() -> ssl.SSLContext:
        made.append(real())
        return made[-1]

    monkeypatch.setattr(httpcore2, "default_ssl_context", remembered)
    client = OutboundClient(CircuitBreakers(SystemClock()), ca_file=authority.file)
    await client.close()

    [context] = made
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    trusted, before = context.cert_store_stats(), real().cert_store_stats()
    assert trusted["x509"] == before["x509"] + 1


def test_an_unreadable_ca_file_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        OutboundClient(CircuitBreakers(SystemClock()), ca_file=tmp_path / "none.pem")
