"""Every line is one JSON object, tells whose it is, and never stops the service."""

import asyncio
import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.core import context
from app.core.context import RequestContext
from app.core.log_format import LINE_BYTES, JsonLineFormatter, settled
from app.core.logging import (
    LoggingRuntime,
    access_line,
    configure_logging,
)

Read = Callable[[], list[dict[str, Any]]]
log = logging.getLogger("test.logging")

HOSTILE = "a\r\nb\x1b[31mred\x9b1m\u2028c\u2029\u202ed\x00\x7f${jndi:x}\ud800%s{0}"


@pytest.fixture
def stream() -> io.BytesIO:
    """Where the lines go."""
    return io.BytesIO()


@pytest.fixture
def runtime(stream: io.BytesIO) -> Iterator[LoggingRuntime]:
    """Configure logging for one test."""
    running = configure_logging("INFO", stream)
    yield running
    running.close()


@pytest.fixture
def read(runtime: LoggingRuntime, stream: io.BytesIO) -> Read:
    """Return what was written so far; each line must be bounded, strict JSON."""

    def lines() -> list[dict[str, Any]]:
        assert runtime.flush()
        raw = stream.getvalue().split(b"\n")[:-1]
        for line in raw:
            assert len(line) <= LINE_BYTES
            assert line.decode("utf-8").splitlines() == [line.decode()]
            assert not set(line) & {*range(32), 127}
        return [json.loads(line) for line in raw]

    return lines


def test_a_line_has_its_fields_in_order(read: Read) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    log.warning("signed in %s", "bob", extra={"attempt": 3, "color_message": "x"})

    (line,) = read()
    stamp = line.pop("timestamp")
    assert stamp.endswith("Z") and len(stamp) == len("2026-01-01T00:00:00.000Z")
    assert before <= datetime.fromisoformat(stamp) <= datetime.now(UTC)
    assert list(line.items()) == [
        ("level", "WARNING"),
        ("logger", "test.logging"),
        ("message", "signed in bob"),
        ("correlation_id", None),
        ("attempt", 3),
    ]


async def test_lines_carry_the_ids_of_the_task_that_logged(read: Read) -> None:
    async def request(number: int) -> None:
        trace = f"{number:032x}" if number % 2 else None
        context.begin(RequestContext(correlation_id=f"id-{number}", trace_id=trace))
        await asyncio.sleep(0)
        log.info("n %d", number)

    await asyncio.gather(*(request(number) for number in range(100)))

    lines = read()
    assert len(lines) == 100
    for line in lines:
        number = int(line["message"][2:])
        assert line["correlation_id"] == f"id-{number}"
        assert ("trace_id" in line) == bool(number % 2)


def test_a_job_may_name_the_ids_itself(read: Read) -> None:
    log.info("sent", extra={"correlation_id": "from-the-event"})

    assert read()[0]["correlation_id"] == "from-the-event"


def test_t179_hostile_text_makes_one_escaped_line(read: Read) -> None:
    configure_logging()  # without pytest's handler: xdist cannot send surrogates
    log.info(HOSTILE)
    log.info("%s", HOSTILE)
    log.info("extra", extra={"name_": HOSTILE, "deep": [{HOSTILE: HOSTILE}]})
    log.error("failed", exc_info=ValueError(HOSTILE))
    access_line("GET", f"/{HOSTILE} x", None, 404, 1.0, 10, HOSTILE)

    shown = HOSTILE.replace("\ud800", "\\ud800")
    message, argument, extra, failed, access = read()
    assert message["message"] == argument["message"] == extra["name_"] == shown
    assert extra["deep"] == [{shown: shown}]
    assert failed["exception"]["message"] == shown
    assert access["path"] == (
        "/a%0D%0Ab%1B[31mred%C2%9B1m%E2%80%A8c%E2%80%A9%E2%80%AEd%00%7F"
        "${jndi:x}%3F%s{0}%20x"
    )


def test_t179_long_values_are_cut(read: Read) -> None:
    million = "\u2028" * 1_000_000
    log.info(million)
    log.info("it is %s", million)
    log.info("extra", extra={"name_": million, "names": [million] * 1_000})
    log.info("many", extra={f"n{number}": "x" * 2_000 for number in range(400)})
    log.error("failed", exc_info=ValueError(million))
    wide = {f"n{number}": [million] * 40 for number in range(40)}
    log.info("wide", extra=wide | {"deep": wide})
    tree = {f"n{n}": {f"{m}" + "k" * 60: 1 for m in range(40)} for n in range(40)}
    log.info("tree", extra=tree)

    lines = read()
    assert lines[1]["message"] == "it is " + "\u2028" * 1_993 + "…"
    assert [line["level"] for line in lines] == ["INFO"] * 4 + ["ERROR", "INFO", "INFO"]
    assert lines[2]["cut"] and lines[3]["cut"]
    assert lines[4]["exception"]["type"] == "ValueError"
    assert [line["message"] for line in lines[5:]] == ["wide", "tree"]
    assert lines[5]["cut"] and lines[6]["cut"]
    assert max(len(str(value)) for value in lines[0].values()) <= 2_000


@pytest.mark.parametrize("form", ["message", "argument", "object"])
def test_a_long_message_keeps_both_ends(read: Read, form: str) -> None:
    trace = "Traceback (most recent call last):\n" + "  File ...\n" * 900
    text = f"{trace}RuntimeError: the cause"
    if form == "message":
        log.error(text)
    elif form == "argument":
        log.error("%s", text)
    else:
        log.error("%s", RuntimeError(text))

    message = read()[0]["message"]
    assert message.startswith("Traceback (most recent call last):\n  File")
    assert message.endswith("  File ...\nRuntimeError: the cause")
    assert len(message) == 2_000


@pytest.mark.parametrize("size", [700, 1_990, 3_000, 19_000, 30_000])
def test_t179_no_cut_of_a_long_message_uncovers_a_secret(read: Read, size: int) -> None:
    secrets = ["as_rt_" + "z" * 6_000, f"password='{'z' * 6_000}'"]
    secrets.append(f"-----BEGIN PRIVATE KEY-----\n{'z' * 6_000}")
    for secret in secrets:
        log.error("-" * size + " " + secret + "\n-----END PRIVATE KEY-----")
        log.error("%s %s", "-" * size, secret)

    lines = read()
    assert [line["message"] for line in lines if "zz" in line["message"]] == []
    assert len(lines) == 6


class _Broken:
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (float("nan"), None),
        (2**64, "0x10000000000000000"),
        (b"\xff bytes", "\\xff bytes"),
        (UUID(int=1), str(UUID(int=1))),
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00+00:00"),
        ({1: (2, {3})}, {"1": [2, [3]]}),
        (_Broken(), "[unprintable _Broken]"),
        (ValueError, "<class 'ValueError'>"),
    ],
)
def test_any_value_can_be_logged(read: Read, value: object, shown: object) -> None:
    log.info("value", extra={"it": value})
    log.info("in a list", extra={"it": [value]})

    assert [line["it"] for line in read()] == [shown, [shown]]


def test_values_without_end_are_bounded(read: Read) -> None:
    loop: list[object] = []
    loop.append(loop)
    bomb: object = "x"
    for _ in range(20):
        bomb = [bomb] * 40

    log.info("loop", extra={"it": loop})
    log.info("bomb", extra={"it": bomb})

    assert [line["message"] for line in read()] == ["loop", "bomb"]


def test_a_line_says_what_was_true_at_the_call(read: Read) -> None:
    state = {"step": 1}
    log.info("message %s", state)
    log.info("positional %s and %d", state, 1)
    log.info("extra", extra={"state": state})
    log.info(state)
    state["step"] = 2

    in_message, positional, extra, as_message = read()
    assert in_message["message"] == "message {'step': 1}"
    assert positional["message"] == "positional {'step': 1} and 1"
    assert extra["state"] == {"step": 1}
    assert as_message["step"] == 1


def test_mistakes_in_a_log_call_still_make_a_line(read: Read) -> None:
    configure_logging()  # without pytest's handler, which takes mistakes for failures
    log.info("two %s %s", "one")
    log.info("number %d", [])
    log.info("broken %s", _Broken())
    log.info(_Broken())
    log.info({"level": "y"})
    log.info("own", extra={"level": "x", "timestamp": "x", "exception": "x"})
    log.exception("nothing was raised")

    lines = read()
    assert [line["message"] for line in lines] == [
        "two %s %s [not formatted]",
        "number %d [not formatted]",
        "broken %s [not formatted]",
        "[unprintable _Broken]",
        "",
        "own",
        "nothing was raised",
    ]
    assert [line["level"] for line in lines] == ["INFO"] * 6 + ["ERROR"]
    assert [lines[4]["level_"], lines[5]["level_"]] == ["y", "x"]


class _Unreadable(dict[str, str]):
    def items(self) -> Any:
        raise RuntimeError


def test_what_cannot_even_be_copied_is_counted(
    runtime: LoggingRuntime, read: Read
) -> None:
    log.info("lost", extra={"it": _Unreadable(a="b")})

    assert [line["message"] for line in read()] == ["dropped 1 lines"]
    assert runtime.dropped == 1


def test_a_record_that_cannot_be_read_still_makes_a_line() -> None:
    line = JsonLineFormatter().format(settled(created="never"))

    assert json.loads(line)["message"] == "a line could not be formatted"


def test_an_exception_has_type_message_and_stack(read: Read) -> None:
    def recurse(depth: int) -> None:
        if depth == 0:
            raise json.JSONDecodeError("deep", "", 0)
        recurse(depth - 1)

    try:
        recurse(300)
    except ValueError:
        log.exception("failed")
    log.error("no frames", exc_info=KeyError("k"))

    deep, flat = read()
    assert deep["exception"]["type"] == "json.decoder.JSONDecodeError"
    assert deep["exception"]["stack"][0] == "Traceback (most recent call last):"
    assert deep["exception"]["stack"][-1].endswith("deep: line 1 column 1 (char 0)")
    assert flat["exception"]["stack"] == ["KeyError: 'k'"]


def test_a_long_stack_keeps_both_its_ends(read: Read) -> None:
    error = ValueError("the root")
    for number in range(150):
        outer = ValueError(f"{number} " + "x" * 100)
        outer.__cause__ = error
        error = outer

    log.error("failed", exc_info=error)

    stack = read()[0]["exception"]["stack"]
    assert stack[0].startswith("ValueError: the root")
    assert "..." in stack
    assert stack[-1].startswith("ValueError: 149 ")


def test_an_access_line_has_what_is_known_and_no_query(read: Read) -> None:
    def request() -> None:
        context.begin(
            RequestContext(
                correlation_id="c1",
                trace_id="t1",
                ip="2001:db8::1",
                user_agent="curl/8 (rv:1)",
                user_id=UUID(int=7),
            )
        )
        access_line("GET", "/a/é?code=hunter2", "/a/{b}", 403, 1.23456, 9, "no_role")

    copy_context().run(request)

    (line,) = read()
    del line["timestamp"]
    assert line == {
        "level": "INFO",
        "logger": "auth_serve.access",
        "message": "GET /a/é 403",
        "correlation_id": "c1",
        "trace_id": "t1",
        "method": "GET",
        "path": "/a/é",
        "route": "/a/{b}",
        "status": 403,
        "duration_ms": 1.23,
        "bytes_out": 9,
        "reason": "no_role",
        "ip": "2001:db8::1",
        "user_agent": "curl/8 (rv:1)",
        "user_id": str(UUID(int=7)),
    }


def test_access_lines_obey_the_level(runtime: LoggingRuntime, read: Read) -> None:
    configure_logging("warning")

    access_line("GET", "/", None, 200, 1.0, 0, "")
    log.info("not written")
    log.warning("written")

    assert [line["message"] for line in read()] == ["written"]


def test_foreign_loggers_take_the_same_way(read: Read) -> None:
    uvicorn = logging.getLogger("uvicorn.error")
    uvicorn.addHandler(logging.StreamHandler(io.StringIO()))
    uvicorn.propagate = False
    configure_logging()

    uvicorn.info("Started [%d]", 5, extra={"color_message": "\x1b[36m5"})
    logging.getLogger("uvicorn.access").error("not written")
    logging.getLogger("aiosqlite").debug("INSERT %s", "not written")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)  # what the context manager put in its place
        logging.captureWarnings(True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)

    started, warning = read()
    assert (started["message"], started["logger"]) == ("Started [5]", "uvicorn.error")
    assert "color_message" not in started
    assert warning["logger"] == "py.warnings"
    assert "DeprecationWarning: old" in warning["message"]


def test_configuring_again_keeps_one_way_out(
    runtime: LoggingRuntime, stream: io.BytesIO, read: Read
) -> None:
    logging.getLogger().addHandler(logging.NullHandler())

    assert configure_logging("INFO", stream) is runtime
    assert configure_logging() is runtime
    log.info("once")

    assert len(read()) == 1
    assert len(logging.getLogger().handlers) == 1


def test_another_stream_ends_the_first(
    runtime: LoggingRuntime, stream: io.BytesIO
) -> None:
    log.info("to the first")
    second = configure_logging("INFO", text := io.StringIO())
    log.info("to the second: é")
    second.close()
    second.close()

    assert json.loads(stream.getvalue())["message"] == "to the first"
    assert json.loads(text.getvalue())["message"] == "to the second: é"
