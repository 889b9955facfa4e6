"""TLS of outbound requests: verified, always, by the name in the URL."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpcore2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.core.circuit_breaker import CircuitBreakers
from app.core.clock import SystemClock
from app.core.outbound import OutboundClient, OutboundFailed, OutboundResponse
from tests.servers.raw import serving
from tests.servers.resolvers import answers


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate of ``hook.test`` and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hook.test")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("hook.test")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    builder = builder.not_valid_before(start)
    builder = builder.not_valid_after(start + timedelta(days=36_500))
    signed = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    path = tmp_path / "hook.pem"
    path.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


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
    certificate: Path,
) -> None:
    asked: list[str] = []
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    tls.sni_callback = lambda _, name, __: asked.append(name)

    async def hello(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhi")
        await writer.drain()

    async with serving(hello, tls) as port:
        response = await fetch(f"https://hook.test:{port}/", certificate)
        with pytest.raises(OutboundFailed, match="CERTIFICATE_VERIFY_FAILED"):
            await fetch(f"https://other.test:{port}/", certificate)
        with pytest.raises(OutboundFailed, match="CERTIFICATE_VERIFY_FAILED"):
            await fetch(f"https://hook.test:{port}/", None)

    assert response.body == b"hi"
    assert asked == ["hook.test", "other.test", "hook.test"]


async def test_the_systems_authorities_stay_trusted_beside_the_file(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[ssl.SSLContext] = []
    real = httpcore2.default_ssl_context

    def remembered() -> ssl.SSLContext:
        made.append(real())
        return made[-1]

    monkeypatch.setattr(httpcore2, "default_ssl_context", remembered)
    client = OutboundClient(CircuitBreakers(SystemClock()), ca_file=certificate)
    await client.close()

    [context] = made
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    trusted, before = context.cert_store_stats(), real().cert_store_stats()
    assert trusted["x509"] == before["x509"] + 1


def test_an_unreadable_ca_file_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        OutboundClient(CircuitBreakers(SystemClock()), ca_file=tmp_path / "none.pem")
