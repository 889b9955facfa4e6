"""The short way of an access line says what the long one says."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from app.core import context, log_access
from app.core.context import RequestContext
from app.core.log_access import AccessLineFormatter
from app.core.log_format import JsonLineFormatter, SettledRecord
from app.core.logging import LoggingRuntime, access_line, configure_logging

ID = "019ad2c2-7e7f-7cc0-b9c4-0b1f4b3f7d3a"
JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"
PLAIN: dict[str, Any] = {
    "method": "POST",
    "path": "/oauth2/token",
    "route": "/oauth2/token",
    "status": 200,
    "duration_ms": 1.234,
    "bytes_out": 843,
    "reason": "",
}
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {}),
    "no route": ({"route": None}, {}),
    "refused": ({"reason": "invalid_client (the secret differs)"}, {}),
    "trace": ({}, {"trace_id": "0af7651916cd43dd8448eb211c80319c"}),
    "a trace that is none": ({}, {"trace_id": '","a":"b'}),
    "somebody": ({}, {"user_id": UUID(ID)}),
    "at once": ({"duration_ms": 0.001}, {}),
    "for ever": ({"duration_ms": 98_765_432.1}, {}),
    "without content": ({"status": 304, "bytes_out": 0}, {}),
    "marks": ({"path": "/a\\{}"}, {"user_agent": "\\{0}%s"}),
    "quotes": ({"path": '/a"b'}, {"user_agent": '"c"'}),
    "letters": ({"path": "/h\u00e4\u202e"}, {"user_agent": "\u2028\x7fb\ud800"}),
    "percent": ({"path": "/%s%d%%"}, {}),
    "secret in the path": ({"path": f"/a/{JWT}"}, {}),
    "secret by name": ({"path": "/a;token=abc123"}, {}),
    "secret in the reason": ({"reason": "Bearer abcdefghij"}, {}),
    "secret in the route": ({"route": f"/{JWT}"}, {}),
    "secret as method": ({"method": "as_rt_abcdefghij"}, {}),
    "secret as browser": ({}, {"user_agent": "as_ot_abcdefghij"}),
    "secret as id": ({}, {"correlation_id": "as_rt_abcdefghij"}),
    "a JWT as id": ({}, {"correlation_id": JWT}),
    "no id": ({}, {"correlation_id": ""}),
    "long path": ({"path": "/" + "a" * 5_000}, {}),
    "long browser": ({}, {"user_agent": "b" * 256}),
    "cut secret": ({"path": "/" + "a" * 1_990 + JWT}, {}),
}


@pytest.fixture
def stream() -> io.BytesIO:
    return io.BytesIO()


@pytest.fixture
def runtime(stream: io.BytesIO) -> Iterator[LoggingRuntime]:
    running = configure_logging("INFO", stream)
    yield running
    running.close()


class Both(AccessLineFormatter):
    """Compares both ways of each line."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[str, str]] = []

    def format(self, record: logging.LogRecord) -> str:
        long = JsonLineFormatter().format(record)
        self.lines.append((super().format(record), long))
        return long


class Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record)


@pytest.mark.parametrize("case", CASES)
def test_both_ways_make_the_same_line(runtime: LoggingRuntime, case: str) -> None:
    call, known = CASES[case]
    both = runtime._writer.formatter = Both()
    about = {"correlation_id": ID, "ip": "198.51.100.7", "user_agent": "curl/8"}
    context.begin(RequestContext(**about | known))

    for _ in range(2):  # the second time it is known whether that is unusual
        access_line(**PLAIN | call)
    assert runtime.flush()

    assert len(both.lines) == 2
    for short, long in both.lines:
        assert short == long
        assert "abcdefghij" not in short and JWT not in short


def test_what_is_known_about_texts_is_bounded() -> None:
    assert log_access._written.cache_info().maxsize == 1_024


def test_whoever_else_listens_still_hears_of_requests(
    runtime: LoggingRuntime, stream: io.BytesIO
) -> None:
    other = Listener()
    context.begin(RequestContext(correlation_id=ID))

    for logger in (logging.getLogger(), logging.getLogger("auth_serve.access")):
        logger.addHandler(other)
        access_line(**PLAIN)
        logger.removeHandler(other)
    access_line(**PLAIN)
    assert runtime.flush()

    assert [type(each) for each in other.heard] == [SettledRecord] * 2
    lines = stream.getvalue().splitlines()
    assert [json.loads(line)["path"] for line in lines] == ["/oauth2/token"] * 3
