"""SIGTERM: told first, then nobody new, and nobody who came in time is turned away."""

import asyncio
import signal
import socket
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from app.cli.http.listening import bind, hold_off
from app.cli.serve import GRACE
from app.config import Settings
from tests.conftest import SECRET
from tests.servers.ports import free_port
from tests.servers.service import COMMAND_LINE, UVICORN, Service, running

LIVE = b"GET /health/live HTTP/1.1\r\nHost: test\r\n"
READY = LIVE.replace(b"live", b"ready")
CLOSE = b"Connection: close\r\n\r\n"
CLIENTS = 12


async def _ask(port: int, *pieces: bytes) -> bytes:
    """Return the whole answer to a request on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(0)
    answer = await reader.read()
    writer.close()
    return answer


async def _load(
    port: int, found: Counter[str], *, keep: bool, over: asyncio.Event | None = None
) -> None:
    """Ask again and again until nobody listens; count how it went each time."""
    while over is None or not over.is_set():
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            return
        except ConnectionError:
            found["reset"] += 1
            continue
        try:
            while True:
                writer.write(LIVE + (b"\r\n" if keep else CLOSE))
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(17)
                found["answered" if head[9:12] == b"200" else "refused"] += 1
                if b"connection: close" in head or (over and over.is_set()):
                    break
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            found[type(error).__name__] += 1
        writer.close()


def _port(service: Service) -> int:
    return int(service.url.rpartition(":")[2])


@pytest.mark.parametrize("delay", ["0", "0.4"])
async def test_under_load_nobody_who_came_in_time_is_reset(
    sqlite_url: str, tmp_path: Path, delay: str
) -> None:
    chosen = {"AUTH_SERVE_STOP_DELAY": delay, "AUTH_SERVE_LOG_LEVEL": "WARNING"}
    found: Counter[str] = Counter()
    with running(sqlite_url, tmp_path / "a", chosen, program=COMMAND_LINE) as service:
        port = _port(service)
        clients = [
            asyncio.create_task(_load(port, found, keep=bool(number % 2)))
            for number in range(CLIENTS)
        ]
        opened = await asyncio.open_connection("127.0.0.1", port)
        while found["answered"] < 200:
            await asyncio.sleep(0.01)
        service.process.send_signal(signal.SIGTERM)
        await asyncio.gather(*clients)
        opened[1].write(LIVE + b"\r\n")  # opened before, and unread until now
        last = await opened[0].read()
        opened[1].close()
        code = await asyncio.to_thread(service.wait)

    assert code == -signal.SIGTERM
    assert b" 200 " in last and b"connection: close" in last
    assert set(found) == {"answered"} and found["answered"] > 200


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no way to it")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "unix:s"])
def test_who_comes_between_the_last_look_and_the_end_is_not_reset(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    [listening] = bind([host], free_port())
    listening.listen()
    early, late = (socket.socket(listening.family) for _ in range(2))
    for each in (early, late):
        each.settimeout(0.3)
    early.connect(listening.getsockname())

    assert hold_off(listening)
    with pytest.raises((TimeoutError, FileNotFoundError)):
        late.connect(listening.getsockname())
    served, _ = listening.accept()
    listening.close()
    early.sendall(b"asked")
    asked = served.recv(5)
    served.sendall(b"answered")

    assert (asked, early.recv(8)) == (b"asked", b"answered")
    for each in (early, late, served):
        each.close()


@pytest.mark.parametrize("program", [COMMAND_LINE, UVICORN])
async def test_readiness_is_red_first_and_a_second_signal_ends_at_once(
    sqlite_url: str, tmp_path: Path, program: tuple[str, ...]
) -> None:
    """Also where uvicorn is started itself: the application hears the signal."""
    chosen = {"AUTH_SERVE_STOP_DELAY": "300"}  # nobody here waits so long for an end
    with running(sqlite_url, tmp_path / "a", chosen, program=program) as service:
        port = _port(service)
        before = await _ask(port, READY, CLOSE)
        service.process.send_signal(signal.SIGTERM)
        while b" 503 " not in (red := await _ask(port, READY, b"\r\n")):
            await asyncio.sleep(0.01)
        served = await _ask(port, LIVE, b"\r\n")  # it ends by itself: it is told to
        await asyncio.sleep(0.25)  # what comes sooner is the same wish again
        service.process.send_signal(signal.SIGINT)
        code = await asyncio.to_thread(service.wait)

    assert b" 200 " in before
    assert b'"process":"stopping"' in red and b"connection: close" in red.lower()
    assert b" 200 " in served and b"connection: close" in served.lower()
    assert code == -signal.SIGINT
    assert "second signal" in service.stderr()


async def test_without_a_delay_it_ends_as_soon_as_everybody_is_answered(
    sqlite_url: str, tmp_path: Path
) -> None:
    """In development nobody needs to look elsewhere; else the delay would be seen."""
    chosen = {"secret_key": SECRET, "database_url": sqlite_url}
    usual = Settings.model_validate(chosen).accepts_while_stopping
    with running(sqlite_url, tmp_path / "a", program=COMMAND_LINE) as service:
        began = time.monotonic()
        code = await asyncio.to_thread(service.stop)

    assert usual == 0
    assert code == -signal.SIGTERM and time.monotonic() - began < GRACE
