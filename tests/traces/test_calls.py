"""Calls and mails to the outside: told by whom they go to, and part of the trace."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from app.core.circuit_breaker import CircuitBreakers
from app.core.clock import SystemClock
from app.core.outbound import OutboundClient, OutboundFailed
from app.jobs.mail import MailJob
from app.tracing.opentelemetry import OtelTracing
from app.tracing.span import Current, within
from tests.servers.smtp import SmtpServer
from tests.support.job import Make, messages, store_messages
from tests.traces.otlp import Collector, collecting, words

pytest_plugins = ["tests.support.job"]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture
def tracing(collector: Collector) -> Iterator[OtelTracing]:
    made = OtelTracing(f"{collector.url}/v1/traces", headers={}, sample=1.0, service={})
    yield made
    made.close()


@pytest.fixture
def receiver() -> Iterator[tuple[int, list[str | None]]]:
    heard: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.headers["traceparent"])
            self.send_response(500 if "fail" in self.path else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1], heard
    server.shutdown()
    server.server_close()
    thread.join(5)


def door() -> OutboundClient:
    breakers = CircuitBreakers(SystemClock())
    return OutboundClient(breakers, allowed_hosts=frozenset({"127.0.0.1"}))


async def test_a_call_is_told_and_tells_the_receiver(
    collector: Collector,
    tracing: OtelTracing,
    receiver: tuple[int, list[str | None]],
) -> None:
    port, heard = receiver
    client = door()
    parent = tracing.begin("test", "internal", None, trusts=True)
    with Current(parent):
        await client.get(f"http://127.0.0.1:{port}/of/s3cr3t?code=s3cr3t")
        with suppress(OutboundFailed):
            await client.get(f"http://127.0.0.1:{port}/fail/s3cr3t")
    await client.close()
    await asyncio.to_thread(tracing.flush)

    good, bad = collector.named("GET")
    assert words(good) == {
        "http.request.method": "GET",
        "server.address": "127.0.0.1",
        "server.port": port,
    }
    assert words(bad)["error.type"] == "OutboundFailed"
    trace = good.trace_id.hex()
    for said, span in zip(heard, (good, bad), strict=True):
        assert str(said).startswith(f"00-{trace}-{span.span_id.hex()}-0")
    assert b"s3cr3t" not in b"".join(collector.raw)


async def test_without_a_trace_nobody_is_told_of_one(
    receiver: tuple[int, list[str | None]],
) -> None:
    port, heard = receiver
    client = door()
    await client.get(f"http://127.0.0.1:{port}/")
    await client.close()

    assert heard == [None]


async def test_parts_that_run_at_once_keep_their_own_parents(
    collector: Collector, tracing: OtelTracing
) -> None:
    async def one(name: str) -> None:
        with Current(tracing.begin(name, "internal", None, trusts=True)):
            await asyncio.sleep(0)
            with within(f"part of {name}"):
                await asyncio.sleep(0)

    await asyncio.gather(one("a"), one("b"))
    await asyncio.to_thread(tracing.flush)

    for name in ("a", "b"):
        [whole] = collector.named(name)
        assert [each.name for each in collector.children(whole)] == [f"part of {name}"]


async def test_a_mail_is_told_and_nothing_of_it(
    make_runtime: Make, collector: Collector
) -> None:
    with SmtpServer() as smtp:
        url = f"smtp://127.0.0.1:{smtp.port}"
        runtime = make_runtime(traces={"endpoint": collector.url}, smtp={"url": url})
        await store_messages(runtime, 1)
        await MailJob(runtime).run()
        assert len(await messages(runtime, "delivered")) == 1
        assert runtime.tracing is not None
        await asyncio.to_thread(runtime.tracing.flush)

    [whole] = collector.named("deliver mail")
    [mail] = collector.named("send a mail")
    assert mail.parent_span_id == whole.span_id
    assert not words(mail)
    assert b"example.com" not in b"".join(collector.raw)


async def test_a_collector_that_is_not_there_stops_nobody() -> None:
    made = OtelTracing(
        "http://127.0.0.1:9/v1/traces", headers={}, sample=1.0, service={}
    )
    with Current(made.begin("lost", "internal", None, trusts=True)):
        pass
    await asyncio.wait_for(asyncio.to_thread(made.close), 20)
