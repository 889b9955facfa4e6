"""Spans of requests, statements, hashes, calls and mails, as a collector gets them."""

import asyncio
from collections.abc import Iterator

import pytest
from opentelemetry import trace as global_trace
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from sqlalchemy import select, text

from app.jobs.mail import MailJob
from app.models.outbox import OutboxMessage
from app.tracing.span import is_traced, read_traceparent, within
from tests.support.api import PASSWORD, Api
from tests.traces.otlp import Collector, collecting, words

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACE = bytes.fromhex("4bf92f3577b34da6a3ce929d0e0e4736")


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture
def options(collector: Collector) -> dict[str, object]:
    return {
        "traces": {"endpoint": collector.url, "headers": "x-key=of-the-collector"},
        "trusted_proxies": "192.0.2.1",
    }


async def sent(api: Api) -> None:
    tracing = api.runtime.tracing
    assert tracing is not None
    await asyncio.to_thread(tracing.flush)


async def test_a_sign_in_is_told_with_its_statements_and_its_hash(
    api: Api, collector: Collector
) -> None:
    ann = await api.person()
    collector.spans.clear()
    answer = await api.login(ann.email)
    await sent(api)

    assert answer.status_code == 200
    [*_, span] = collector.named("POST /api/v1/auth/login")
    assert span.kind == Span.SPAN_KIND_SERVER
    assert words(span) == {
        "http.request.method": "POST",
        "http.route": "/api/v1/auth/login",
        "http.response.status_code": 200,
    }
    below = collector.children(span)
    assert "hash a password" in {each.name for each in below}
    tables = {words(each).get("db.collection.name") for each in below}
    assert {"users", "sessions"} & tables
    systems = {words(each).get("db.system.name") for each in below} - {None}
    engine = "sqlite" if api.runtime.database.is_sqlite else "postgresql"
    assert systems == {engine}
    assert collector.headers[0]["x-key"] == "of-the-collector"


async def test_the_unit_of_work_is_told_too(api: Api, collector: Collector) -> None:
    body = {"email": "bob@example.org", "password": PASSWORD}
    await api.post("/auth/register", body)
    await sent(api)

    [span] = collector.named("POST /api/v1/auth/register")
    names = {each.name for each in collector.children(span)}
    assert {"INSERT users", "INSERT audit_events", "INSERT outbox"} <= names


async def test_a_refusal_is_named_by_its_code_and_is_no_error(
    api: Api, collector: Collector
) -> None:
    await api.login("nobody@example.com")
    await sent(api)

    [span] = collector.named("POST /api/v1/auth/login")
    assert words(span)["auth_serve.refusal"] == "invalid_credentials"
    assert span.status.code == Status.STATUS_CODE_UNSET


async def test_what_fails_says_the_kind_of_error_and_no_more(
    api: Api, collector: Collector
) -> None:
    async with api.runtime.database.session() as db:
        await db.execute(text("DROP TABLE outbox"))
        await db.commit()

    body = {"email": "bob@example.org", "password": PASSWORD}
    answer = await api.post("/auth/register", body)
    await sent(api)

    assert answer.status_code == 500
    [span] = collector.named("POST /api/v1/auth/register")
    assert span.status.code == Status.STATUS_CODE_ERROR
    failed = [
        each
        for each in collector.children(span)
        if each.status.code == Status.STATUS_CODE_ERROR
    ]
    assert [words(each)["db.collection.name"] for each in failed] == ["outbox"]
    assert str(words(failed[0])["error.type"]).isidentifier()
    assert not failed[0].status.message and not failed[0].events


async def test_a_trusted_proxys_trace_goes_on(api: Api, collector: Collector) -> None:
    await api.client.get("/health/live", headers={"traceparent": PARENT})
    await sent(api)

    [span] = collector.named("GET /health/live")
    assert span.trace_id == TRACE
    assert span.parent_span_id.hex() == "00f067aa0ba902b7"


class TestStrangers:
    """Else they decide what is told, and put spans into traces of others."""

    @pytest.fixture
    def options(self, collector: Collector) -> dict[str, object]:
        return {"traces": {"endpoint": collector.url}}

    async def test_they_are_named_and_choose_nothing(
        self, api: Api, collector: Collector
    ) -> None:
        await api.client.get("/health/live", headers={"traceparent": PARENT})
        await sent(api)

        [span] = collector.named("GET /health/live")
        assert span.trace_id != TRACE
        assert not span.parent_span_id
        assert [link.trace_id for link in span.links] == [TRACE]


class TestEverybody:
    """An operator may know that only friends come."""

    @pytest.fixture
    def options(self, collector: Collector) -> dict[str, object]:
        return {"traces": {"endpoint": collector.url, "continues": "everybody"}}

    async def test_their_traces_go_on(self, api: Api, collector: Collector) -> None:
        await api.client.get("/health/live", headers={"traceparent": PARENT})
        await sent(api)

        [span] = collector.named("GET /health/live")
        assert span.trace_id == TRACE


class TestSampled:
    """Nothing of what is not in the share is told, and friends decide for theirs."""

    @pytest.fixture
    def options(self, collector: Collector) -> dict[str, object]:
        traces = {"endpoint": collector.url, "sample": 0.0}
        return {"traces": traces, "trusted_proxies": "192.0.2.1"}

    async def test_only_what_a_proxy_wants_is_told(
        self, api: Api, collector: Collector
    ) -> None:
        unsampled = f"{PARENT[:-2]}00"
        await api.client.get("/health/live")
        await api.client.get("/health/live", headers={"traceparent": unsampled})
        await api.client.get("/health/live", headers={"traceparent": PARENT})
        await sent(api)

        assert len(collector.named("GET /health/live")) == 1


@pytest.mark.parametrize(
    "parent",
    [
        "",
        PARENT.upper(),
        PARENT + "-more",
        "ff" + PARENT[2:],
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
        PARENT + "\n",
        "x" * 10_000,
    ],
)
def test_what_is_no_traceparent_begins_a_trace(parent: str) -> None:
    assert read_traceparent(parent) is None


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    assert read_traceparent("01" + PARENT[2:] + "-more") is not None


async def test_a_mail_belongs_to_the_request_that_promised_it(
    api: Api, collector: Collector
) -> None:
    body = {"email": "bob@example.org", "password": PASSWORD}
    await api.post("/auth/register", body)
    async with api.runtime.database.session(read_only=True) as db:
        rows = (await db.scalars(select(OutboxMessage))).all()
    await MailJob(api.runtime).run()
    await sent(api)

    [request] = collector.named("POST /api/v1/auth/register")
    expected = f"00-{request.trace_id.hex()}-"
    assert rows and all(str(row.traceparent).startswith(expected) for row in rows)
    delivered = collector.named("deliver mail")
    assert len(delivered) == len(rows)
    assert {span.trace_id for span in delivered} == {request.trace_id}
    assert {span.kind for span in delivered} == {Span.SPAN_KIND_CONSUMER}


async def test_nothing_global_is_set_that_others_would_send_by(api: Api) -> None:
    """FastAPI's own spans have query strings, and begin as soon as there is one."""
    await api.client.get("/health/live")

    provider = global_trace.get_tracer_provider()
    assert type(provider).__name__ == "ProxyTracerProvider"


def test_without_a_span_nothing_is_traced() -> None:
    with within("whatever"):
        assert not is_traced()
