"""Slow, stuck, full and vanished outputs, against real pipes, files and processes."""

import asyncio
import contextlib
import fcntl
import io
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from app.core.logging import configure_logging, loop_exception_handler

log = logging.getLogger("test.output")

Start = Callable[..., subprocess.Popen[bytes]]
GUARD = 60  # seconds after which a test that hangs is ended; nothing is measured


@pytest.fixture
def start() -> Iterator[Start]:
    """Start processes that end with the test, whatever happens."""
    started: list[subprocess.Popen[bytes]] = []

    def run(command: str | list[str], **streams: Any) -> subprocess.Popen[bytes]:
        if isinstance(command, str):
            command = [sys.executable, "-c", command]
        started.append(subprocess.Popen(command, **streams))
        return started[-1]

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait(GUARD)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()


def parsed(raw: bytes) -> list[dict[str, Any]]:
    """Return the lines, each of which must be whole."""
    return [json.loads(line) for line in raw.splitlines()]


def dropped(lines: list[dict[str, Any]]) -> int:
    """Return how many lines the others tell about."""
    return sum(line.get("dropped", 0) for line in lines)


STOPPED_READER = """
import asyncio, logging, sys
from app.core.logging import configure_logging

async def main():
    runtime = configure_logging(capacity=500)
    for number in range(20_000):
        logging.info("line %d %s", number, "x" * 200)
        if number % 100 == 0:
            await asyncio.sleep(0)
    print("alive", file=sys.stderr, flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    runtime.flush(30)
    logging.info("end")

asyncio.run(main())
"""


def test_a_stopped_reader_stops_nobody_and_learns_what_it_missed(
    start: Start, tmp_path: Path
) -> None:
    with (tmp_path / "log").open("wb") as out:
        reader = start(["cat"], stdin=subprocess.PIPE, stdout=out)
    assert reader.stdin
    reader.send_signal(signal.SIGSTOP)
    service = start(
        STOPPED_READER,
        stdin=subprocess.PIPE,
        stdout=reader.stdin,
        stderr=subprocess.PIPE,
    )
    reader.stdin.close()
    assert service.stdin and service.stderr

    assert service.stderr.readline() == b"alive\n"
    reader.send_signal(signal.SIGCONT)
    service.communicate(b"\n", GUARD)
    assert reader.wait(GUARD) == 0

    lines = parsed((tmp_path / "log").read_bytes())
    assert dropped(lines) > 0
    assert len([line for line in lines if "dropped" not in line]) == (
        20_001 - dropped(lines)
    )
    assert lines[-1]["message"] == "end"
    assert lines[0]["message"].startswith("line 0 ")


@pytest.mark.parametrize("ending", ["", "sys.exit(3)", "raise ValueError('why')"])
def test_the_end_of_the_process_writes_what_is_queued(
    start: Start, ending: str
) -> None:
    service = start(
        "import logging, sys\n"
        "from app.core.logging import configure_logging\n"
        "configure_logging()\n"
        "for number in range(5_000): logging.info('n')\n" + ending,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, errors = service.communicate(timeout=GUARD)

    lines = parsed(out)
    assert len([line for line in lines if line["message"] == "n"]) == 5_000
    assert errors == b""
    if ending.startswith("raise"):
        assert lines[-1]["exception"]["message"] == "why"


def test_a_stuck_output_does_not_keep_the_process_from_ending(start: Start) -> None:
    read_end, write_end = os.pipe()
    service = start(
        "import logging\n"
        "from app.core.logging import configure_logging\n"
        "configure_logging()\n"
        "for number in range(2_000): logging.info('n' * 500)\n",
        stdout=write_end,
        stderr=subprocess.PIPE,
    )
    os.close(write_end)
    _, errors = service.communicate(timeout=GUARD)
    with os.fdopen(read_end, "rb") as pipe:
        arrived = pipe.read().count(b"\n")

    assert service.returncode == 0
    (told,) = parsed(errors)
    # The lines in hand are counted as lost; a part of them may still have arrived.
    assert 2_000 - arrived <= told["dropped"] <= 2_000 - arrived + 64


def test_a_vanished_reader_is_survived_and_told(start: Start) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    service = start(
        "import logging\n"
        "from app.core.logging import configure_logging\n"
        "configure_logging()\n"
        "for number in range(300): logging.info('n')\n",
        stdout=write_end,
        stderr=subprocess.PIPE,
    )
    os.close(write_end)
    _, errors = service.communicate(timeout=GUARD)

    assert service.returncode == 0
    assert parsed(errors)[-1]["message"] == "dropped 300 lines"


def test_a_full_disk_is_survived(capfd: pytest.CaptureFixture[str]) -> None:
    with Path("/dev/full").open("w") as full:
        runtime = configure_logging("INFO", full)
        log.info("first")
        runtime.flush()
        runtime.flush()  # nothing new: only the loss is tried to be told, in vain
        log.info("second")
        runtime.close()

    assert runtime.dropped == 2
    assert parsed(capfd.readouterr().err.encode())[0]["dropped"] == 2


def test_a_closed_stream_is_survived() -> None:
    stream = io.StringIO()
    stream.close()
    runtime = configure_logging("INFO", stream)

    log.info("lost")
    runtime.close()

    assert runtime.dropped == 1


LIMITED_FILE = """
import logging, resource, sys
from app.core.logging import configure_logging

runtime = configure_logging()
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
for number in range(20):
    logging.info("n %d %s", number, "x" * 50)
runtime.flush()
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
logging.info("room again")
"""


def test_half_a_line_does_not_spoil_the_next_and_losses_are_told(
    start: Start, tmp_path: Path
) -> None:
    with (tmp_path / "log").open("wb") as out:
        assert start(LIMITED_FILE, stdout=out).wait(GUARD) == 0

    raw = (tmp_path / "log").read_bytes().splitlines()
    whole = [line for line in raw if line.endswith(b"}")]
    assert len(raw) - len(whole) == 1
    lines = parsed(b"\n".join(whole))
    assert [line["message"] for line in lines[-2:]] == [
        "room again",
        f"dropped {20 - (len(lines) - 2)} lines",
    ]


def test_a_non_blocking_output_gets_every_line() -> None:
    read_end, write_end = os.pipe()
    fcntl.fcntl(write_end, fcntl.F_SETFL, os.O_NONBLOCK)
    with os.fdopen(read_end, "rb") as source, os.fdopen(write_end, "w") as sink:
        runtime = configure_logging("INFO", sink)
        for number in range(2_000):
            log.info("n %d %s", number, "x" * 100)
        received: list[bytes] = []
        reader = threading.Thread(
            target=lambda: received.extend(source.readline() for _ in range(2_000))
        )
        reader.start()
        reader.join(GUARD)
        runtime.close()

    messages = [line["message"].split()[1] for line in parsed(b"".join(received))]
    assert messages == [str(number) for number in range(2_000)]


def _fill(write_end: int) -> None:
    """Leave no room in a pipe."""
    fcntl.fcntl(write_end, fcntl.F_SETFL, os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write_end, b"\n" * 4_096)
    fcntl.fcntl(write_end, fcntl.F_SETFL, 0)


def _release(read_end: int) -> None:
    """Read until the thread that is left behind has written what it has in hand."""
    (writer,) = [each for each in threading.enumerate() if each.name == "log-writer"]
    while writer.is_alive():
        os.read(read_end, 4_096)
        writer.join(0.05)


def test_closing_leaves_a_stuck_output_and_tells(
    capfd: pytest.CaptureFixture[str],
) -> None:
    read_end, write_end = os.pipe()
    _fill(write_end)
    with os.fdopen(read_end, "rb"), os.fdopen(write_end, "w") as sink:
        runtime = configure_logging("INFO", sink, capacity=100)
        for _ in range(1_000):
            log.info("n")
        assert not runtime.drain(timeout=0.05)
        runtime.close(timeout=0.05)
        told = parsed(capfd.readouterr().err.encode())
        _release(read_end)

    assert told[0]["dropped"] == runtime.dropped == 1_000


def test_a_drained_log_waits_only_once_for_a_stuck_output(
    capfd: pytest.CaptureFixture[str],
) -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb"), os.fdopen(write_end, "w") as sink:
        runtime = configure_logging("INFO", sink)
        assert runtime.drain()
        log.info("written before the call returns")
        written = os.read(read_end, 4_096)
        _fill(write_end)
        for _ in range(1_000):  # a wait for each would take eight minutes
            log.info("n")
        runtime.close(timeout=0.05)
        _release(read_end)

    assert parsed(written)[0]["message"] == "written before the call returns"
    assert parsed(capfd.readouterr().err.encode())[0]["dropped"] == 1_000


def test_uncaught_errors_become_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)
    runtime = configure_logging("INFO", io.StringIO())
    hook, in_thread = sys.excepthook, threading.excepthook
    runtime.close()
    assert sys.excepthook is sys.__excepthook__

    again = configure_logging("INFO", stream := io.StringIO())
    error = ValueError("password=hunter2")
    hook(ValueError, error, None)
    thread = threading.current_thread()
    in_thread(threading.ExceptHookArgs((ValueError, error, None, thread)))
    in_thread(threading.ExceptHookArgs((SystemExit, SystemExit(), None, None)))
    loop = asyncio.new_event_loop()
    loop_exception_handler(loop, {"message": "never awaited", "exception": error})
    loop_exception_handler(loop, {})
    loop.close()
    again.close()

    assert "hunter2" not in stream.getvalue()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["message"] for line in lines] == [
        "uncaught error",
        "uncaught error in thread MainThread",
        "never awaited",
        "unhandled error in the event loop",
    ]
    assert lines[0]["level"] == "CRITICAL"


def test_an_interrupt_by_keyboard_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    again = configure_logging("INFO", stream := io.StringIO())
    passed_on: list[object] = []
    monkeypatch.setattr(sys, "__excepthook__", lambda *args: passed_on.append(args))

    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    again.close()

    assert stream.getvalue() == "" and len(passed_on) == 1


UVICORN = """
import logging
from contextlib import asynccontextmanager
import uvicorn
from app.core.logging import configure_logging

async def app(scope, receive, send):
    if scope["type"] == "http":
        raise ValueError("password=hunter2")
    assert (await receive())["type"] == "lifespan.startup"
    await send({"type": "lifespan.startup.complete"})
    assert (await receive())["type"] == "lifespan.shutdown"
    runtime.drain()
    await send({"type": "lifespan.shutdown.complete"})

config = uvicorn.Config(app, port=0)  # sets up its own logging, as its command does
runtime = configure_logging()
uvicorn.Server(config).run()
"""


def test_uvicorns_own_lines_have_the_same_form_up_to_the_last(start: Start) -> None:
    service = start(UVICORN, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert service.stdout
    lines: list[dict[str, Any]] = []
    while not lines or "running on" not in lines[-1]["message"]:
        lines.append(json.loads(service.stdout.readline()))
    address = lines[-1]["message"].split("http://")[1].split()[0]
    connection = HTTPConnection(address, timeout=GUARD)
    connection.request("GET", "/")
    assert connection.getresponse().status == 500
    connection.close()
    service.send_signal(signal.SIGTERM)
    out, errors = service.communicate(timeout=GUARD)

    assert errors == b"" and b"hunter2" not in out
    lines += parsed(out)
    (failed,) = [line for line in lines if "exception" in line]
    assert failed["exception"]["message"] == "password=[redacted]"
    assert lines[-1]["message"].startswith("Finished server process")
    assert not [line for line in lines if line["logger"] == "uvicorn.access"]


def test_closing_puts_everything_back() -> None:
    root = logging.getLogger()
    uvicorn = logging.getLogger("uvicorn.error")
    before = list(root.handlers), root.level, list(uvicorn.handlers), uvicorn.propagate

    runtime = configure_logging("ERROR", io.StringIO())
    assert root.level == logging.ERROR
    runtime.close()

    after = list(root.handlers), root.level, list(uvicorn.handlers), uvicorn.propagate
    assert after == before
    assert not runtime.flush()


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown log level: loud"):
        configure_logging("loud")
