"""Several processes behind one port: killed, replaced, reloaded, stopped under load."""

import asyncio
import json
import os
import re
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from tests.operation.test_stop import CLIENTS, _load
from tests.servers.ports import free_port
from tests.servers.process import ServerFailed
from tests.servers.service import COMMAND_LINE, Service, running, spawned

SEVERAL = (*COMMAND_LINE, "--workers", "2")
TOKEN = "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz"
MAILED = {"AUTH_SERVE_SMTP__URL": "smtp://127.0.0.1:9"}
OPTIONS = MAILED | {
    "AUTH_SERVE_LOG_LEVEL": "WARNING",
    "AUTH_SERVE_METRICS__TOKEN": TOKEN,
}


def workers(service: Service) -> set[int]:
    """Return who there is besides the supervisor."""
    return {each.pid for each in psutil.Process(service.process.pid).children()}


def until(is_so: Callable[[], bool], service: Service) -> None:
    """Wait for something that is about to be."""
    deadline = time.monotonic() + 60
    while not is_so():
        if time.monotonic() > deadline:
            raise ServerFailed(service.output())
        time.sleep(0.02)


def settled(service: Service, *without: int) -> bool:
    """Tell whether two serve, none of them of these, and nobody else is there."""
    here = workers(service)
    return len(here) == 2 and not here & set(without) and told(service)[1] == 2


def told(service: Service) -> tuple[float, float]:
    """Return requests answered for being asked who they are, and processes that tell.

    Asked anew each time, so by whoever is quicker.
    """
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    page = got(service, "/metrics", headers=bearer).text
    asked = re.findall(r'requests_total\{[^}]*/users/me"[^}]*\} (\S+)', page)
    [processes] = re.findall(r"^auth_serve_processes (\S+)", page, re.M)
    return sum(map(float, asked)), float(processes)


def got(service: Service, path: str, **more: Any) -> httpx2.Response:
    """Ask whoever is quicker, and be patient."""
    return httpx2.get(service.url + path, trust_env=False, timeout=60, **more)


def ask(service: Service, times: int) -> None:
    for _ in range(times):
        answer = got(service, "/api/v1/users/me")
        assert answer.status_code == 401


@pytest.fixture(scope="module")
def service(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """Two workers; tests kill and replace them, and leave two."""
    folder = tmp_path_factory.mktemp("workers")
    shutil.copy(sqlite_template, folder / "auth.db")
    url = f"sqlite:///{folder / 'auth.db'}"
    temporary = folder / "tmp"
    temporary.mkdir()
    options = OPTIONS | {"TMPDIR": str(temporary), "AUTH_SERVE_MAX_CONNECTIONS": "40"}
    with running(url, folder / "run", options, program=SEVERAL) as service:
        until(lambda: settled(service), service)
        yield service
        service.stop()
    assert not [*temporary.iterdir()]  # what they put their metrics together in


def test_whoever_is_asked_tells_of_all_and_of_the_dead(service: Service) -> None:
    before, _ = told(service)
    ask(service, 30)
    dead = workers(service).pop()
    os.kill(dead, signal.SIGKILL)
    until(lambda: settled(service, dead), service)
    ask(service, 10)
    # A request is counted when its answer is out; so the last may be missing yet.
    until(lambda: told(service) == (before + 40, 2), service)

    assert {told(service) for _ in range(8)} == {(before + 40, 2)}
    assert f"worker {dead} ended (SIGKILL)" in service.stderr()


async def test_a_reload_replaces_all_of_them_and_turns_nobody_away(
    service: Service,
) -> None:
    before, found, over = workers(service), Counter[str](), asyncio.Event()
    port = int(service.url.rpartition(":")[2])
    clients = [
        asyncio.create_task(_load(port, found, keep=bool(number % 2), over=over))
        for number in range(CLIENTS)
    ]
    service.process.send_signal(signal.SIGHUP)
    most = 0
    while before & (here := workers(service)) or len(here) != 2:
        most = max(most, len(here))
        await asyncio.sleep(0.02)
    over.set()
    await asyncio.gather(*clients)

    assert set(found) == {"answered"}
    assert most <= 4  # one worker too many, and who imports for them


def test_they_have_a_share_of_the_connections_each(service: Service) -> None:
    """The half of forty each: whoever has it refuses the next."""
    port = int(service.url.rpartition(":")[2])
    found: Counter[int] = Counter()

    async def hold() -> None:
        opened = []
        for _ in range(60):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            opened.append(writer)
            writer.write(b"GET /health/live HTTP/1.1\r\nHost: test\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            found[int(head[9:12])] += 1
        for writer in opened:
            writer.close()

    asyncio.run(hold())

    assert found[200] <= 40 and found[503] >= 20


def test_people_are_told_once_and_migrations_run_once(
    empty_database_url: str, tmp_path: Path
) -> None:
    chosen = MAILED | {"AUTH_SERVE_STOP_DELAY": "0.4", "AUTH_SERVE_JOBS": "true"}
    with running(
        empty_database_url, tmp_path / "a", chosen, program=SEVERAL
    ) as service:
        until(lambda: service.stdout().count('"message":"started"') == 2, service)
        until(lambda: len(workers(service)) == 2, service)
        dead = workers(service).pop()
        os.kill(dead, signal.SIGKILL)
        until(lambda: service.stdout().count('"message":"started"') == 3, service)
        keys = got(service, "/.well-known/jwks.json").json()["keys"]
        code = service.stop()

    lines = [json.loads(line)["message"] for line in service.stdout().splitlines()]
    assert lines.count("migrating") == 1
    assert len({key["kid"] for key in keys}) == len({key["alg"] for key in keys})
    assert service.stderr().count("Make the first administrator") == 1
    assert service.stderr().count("listens on") == 1
    assert code == -signal.SIGTERM


async def test_at_the_end_nobody_who_came_in_time_is_reset(
    sqlite_url: str, tmp_path: Path
) -> None:
    found: Counter[str] = Counter()
    with running(sqlite_url, tmp_path / "a", OPTIONS, program=SEVERAL) as service:
        port = int(service.url.rpartition(":")[2])
        clients = [
            asyncio.create_task(_load(port, found, keep=bool(number % 2)))
            for number in range(CLIENTS)
        ]
        while found["answered"] < 200:
            await asyncio.sleep(0.01)
        left = workers(service)
        service.process.send_signal(signal.SIGTERM)
        await asyncio.gather(*clients)
        code = await asyncio.to_thread(service.wait)

    assert code == -signal.SIGTERM
    assert set(found) == {"answered"}
    assert not any(map(psutil.pid_exists, left))


def test_nobody_goes_on_without_the_supervisor(sqlite_url: str, tmp_path: Path) -> None:
    with running(sqlite_url, tmp_path / "a", OPTIONS, program=SEVERAL) as service:
        until(lambda: settled(service), service)
        left = workers(service)
        service.process.kill()
        service.wait()

        until(lambda: not any(map(psutil.pid_exists, left)), service)


def test_where_nobody_is_adopted_each_worker_is_a_process_of_its_own(
    sqlite_url: str, tmp_path: Path
) -> None:
    program = ("tests.workers.unadopted", "server", "start", "--workers", "2")
    with running(sqlite_url, tmp_path / "a", OPTIONS, program=program) as service:
        until(lambda: settled(service), service)
        dead = workers(service).pop()
        os.kill(dead, signal.SIGKILL)
        until(lambda: settled(service, dead), service)

        assert service.stop() == -signal.SIGTERM


def test_one_whose_event_loop_turns_no_more_is_replaced(
    sqlite_url: str, tmp_path: Path
) -> None:
    program = ("tests.workers.impatient", "server", "start", "--workers", "2")
    with running(sqlite_url, tmp_path / "a", OPTIONS, program=program) as service:
        until(lambda: settled(service), service)
        hung = workers(service).pop()
        os.kill(hung, signal.SIGUSR1)
        until(lambda: hung not in workers(service), service)
        until(lambda: len(workers(service)) == 2, service)
        until(lambda: told(service)[1] == 2, service)

        assert service.stop() == -signal.SIGTERM
        assert service.stderr().count("did nothing for") == 1
        assert f"worker {hung} did nothing for" in service.stderr()


@pytest.mark.parametrize(
    ("options", "code", "reason"),
    [
        ({}, 3, "AUTH_SERVE_SMTP__URL"),
        (MAILED | {"AUTH_SERVE_LIMITS__STORE": "memory"}, 3, "guessers"),
        (MAILED | {"AUTH_SERVE_NOTHING": "1"}, 3, "AUTH_SERVE_NOTHING"),
        (MAILED | {"AUTH_SERVE_DATABASE__MIGRATE": "false"}, 3, "alembic upgrade"),
        (
            MAILED | {"AUTH_SERVE_METRICS__PORT": "9", "TMPDIR": "/nowhere"},
            3,
            "no folder can be made for metrics",
        ),
    ],
)
def test_where_one_cannot_start_none_does(
    tmp_path: Path, options: dict[str, str], code: int, reason: str
) -> None:
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    with spawned(url, tmp_path / "a", options, program=SEVERAL) as service:
        assert service.wait() == code

    assert service.stderr().count(reason) == 1
    with suppress(httpx2.TransportError):
        raise AssertionError(httpx2.get(service.url))


def test_a_port_that_is_taken_is_said_at_once(service: Service, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from app.cli.commands import app

    port = service.url.rpartition(":")[2]
    done = CliRunner().invoke(
        app, ["server", "start", "--port", port, "--workers", "2"]
    )
    free = CliRunner().invoke(
        app, ["server", "start", "--port", str(free_port()), "--workers", "0"]
    )

    assert done.exit_code == 3 and "the port is taken" in done.stderr
    assert free.exit_code == 2
