"""A port of its own: open to who reaches it, and to nothing but ``/metrics``."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as read_text

from app.api.metrics_port import MetricsPort
from app.config import Settings
from app.core.clock import SystemClock
from app.core.context import RequestContext
from app.services.server.runtime import build_runtime
from app.services.server.startup import StartRefused
from tests.conftest import SECRET
from tests.servers.ports import free_port


def settings(url: str, **metrics: object) -> Settings:
    values = {"database_url": url, "secret_key": SECRET, "metrics": metrics}
    return Settings.model_validate(values)


@pytest.fixture
async def number(sqlite_url: str) -> AsyncIterator[int]:
    chosen = free_port()
    runtime = build_runtime(settings(sqlite_url, port=chosen), clock=SystemClock())
    port = MetricsPort(runtime.settings, runtime.monitoring)
    await port.start()
    yield chosen
    await port.stop()
    await runtime.close()


async def said(number: int, request: bytes) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", number)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer.decode()


async def test_the_port_tells_without_a_token(number: int) -> None:
    answer = await said(number, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")

    head, _, body = answer.partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 OK")
    assert "text/plain; version=0.0.4" in head
    families = {family.name for family in read_text(body)}
    assert {"auth_serve_build_info", "process_resident_memory_bytes"} <= families


async def test_what_the_caller_can_read_is_written(number: int) -> None:
    accept = b"Accept: application/openmetrics-text; version=1.0.0\r\n"
    answer = await said(number, b"GET /metrics HTTP/1.1\r\n" + accept + b"\r\n")

    assert answer.endswith("# EOF\n")


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET / HTTP/1.1", "404"),
        (b"GET /health/live HTTP/1.1", "404"),
        (b"GET /metrics/.. HTTP/1.1", "404"),
        (b"POST /metrics HTTP/1.1", "405"),
        (b"\x16\x03\x01", "404"),
        (b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 20_000, "431"),
    ],
)
async def test_nothing_else_is_there(
    number: int, request_line: bytes, status: str
) -> None:
    answer = await said(number, request_line + b"\r\n\r\n")

    assert answer.startswith(f"HTTP/1.1 {status} ")
    assert "auth_serve" not in answer


async def test_who_says_nothing_keeps_nobody_waiting(number: int) -> None:
    silent = [await asyncio.open_connection("127.0.0.1", number) for _ in range(3)]

    answer = await said(number, b"GET /metrics HTTP/1.1\r\n\r\n")

    assert answer.startswith("HTTP/1.1 200")
    for _, writer in silent:
        writer.close()


async def test_who_reads_nothing_of_a_long_page_is_hung_up_on(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.api.metrics_port._PATIENCE", 0.5)
    chosen = settings(sqlite_url, port=free_port())
    runtime = build_runtime(chosen, clock=SystemClock())
    metrics = runtime.metrics
    assert metrics is not None and chosen.metrics.port is not None
    for number in range(1_200):  # more than two machines keep for each other
        metrics.request(RequestContext(), "GET", f"/{number:x>999}", 200, 0.1)
    port = MetricsPort(runtime.settings, runtime.monitoring)
    await port.start()
    with socket.socket() as silent:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        silent.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(silent, ("127.0.0.1", chosen.metrics.port))
        await loop.sock_sendall(silent, b"GET /metrics HTTP/1.1\r\n\r\n")
        async with asyncio.timeout(30):
            while not _serving():
                await asyncio.sleep(0.01)
            while _serving():
                await asyncio.sleep(0.01)
    await port.stop()
    await runtime.close()


def _serving() -> list[str]:
    """Return what the port does for whoever asked."""
    names = (getattr(each.get_coro(), "__name__", "") for each in asyncio.all_tasks())
    return [name for name in names if name == "_serve"]


async def test_it_listens_on_loopback_unless_told_otherwise(sqlite_url: str) -> None:
    assert settings(sqlite_url, port=1).metrics.host == "127.0.0.1"


async def test_a_port_that_is_taken_refuses_the_start(sqlite_url: str) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        chosen = settings(sqlite_url, port=holder.getsockname()[1])
        runtime = build_runtime(chosen)
        port = MetricsPort(chosen, runtime.monitoring)

        with pytest.raises(StartRefused, match="METRICS__PORT"):
            await port.start()
        await runtime.close()


async def test_processes_of_one_folder_share_the_port(
    sqlite_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    chosen = settings(sqlite_url, port=free_port(), directory=str(folder))
    runtimes = [build_runtime(chosen, clock=SystemClock()) for _ in range(2)]
    ports = [MetricsPort(chosen, runtime.monitoring) for runtime in runtimes]
    for port in ports:
        await port.start()
    for runtime in runtimes:
        assert runtime.monitoring is not None
        runtime.monitoring.sample()

    assert chosen.metrics.port is not None
    answer = await said(chosen.metrics.port, b"GET /metrics HTTP/1.1\r\n\r\n")

    assert "\nauth_serve_processes 2.0\n" in answer
    for port in ports:
        await port.stop()
    for runtime in runtimes:
        await runtime.close()
