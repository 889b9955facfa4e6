"""What the command line starts: where it listens, what it says, whom it believes."""

import json
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from typer.testing import CliRunner

from app.cli.__main__ import main
from app.cli.commands import app
from app.cli.http.listening import CannotListen, bind
from app.cli.serve import GRACE
from tests.conftest import SECRET
from tests.servers.ports import LOOPBACK, free_port
from tests.servers.service import COMMAND_LINE, Service, running

LIVE = "/health/live"


@pytest.fixture(scope="module")
def service(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service that was told host and port and nothing else; no test changes it."""
    folder = tmp_path_factory.mktemp("serve")
    shutil.copy(sqlite_template, folder / "auth.db")
    url = f"sqlite:///{folder / 'auth.db'}"
    with running(url, folder / "run", program=COMMAND_LINE) as service:
        yield service


def test_it_says_where_it_listens_and_nothing_that_machines_should_read(
    service: Service,
) -> None:
    port = service.url.rpartition(":")[2]
    said = service.stderr().splitlines()

    start = next(n for n, line in enumerate(said) if "listens on" in line)
    assert said[start : start + 4] == [
        f"  Auth Serve listens on http://{LOOPBACK}:{port}",
        f"  Pages  http://localhost:{port}/",
        f"  API    http://localhost:{port}/docs",
        f"  Mails  http://localhost:{port}/dev/mailbox",
    ]
    assert all(not line or line.startswith("  ") for line in said)


def test_it_listens_at_the_given_address_only(service: Service) -> None:
    sockets = psutil.Process(service.process.pid).net_connections()

    listening = [s.laddr for s in sockets if s.status == psutil.CONN_LISTEN]

    assert [f"http://{ip}:{port}" for ip, port in listening] == [service.url]


def test_a_refusal_of_a_head_leads_to_its_public_url(service: Service) -> None:
    port = service.url.rpartition(":")[2]

    answer = httpx2.get(
        service.url + LIVE, headers={"X-Large": "x" * 40_000}, timeout=60
    )

    assert answer.json()["type"].startswith(f"http://localhost:{port}/docs/errors#")


def test_nobody_is_told_what_it_is_made_with(service: Service) -> None:
    assert "server" not in httpx2.get(service.url + LIVE, timeout=60).headers


def test_an_address_that_a_stranger_wrote_is_not_believed(service: Service) -> None:
    forwarded = {"X-Forwarded-For": "203.0.113.9", "X-Request-Id": "forwarded"}

    httpx2.get(f"{service.url}/nowhere-at-all", headers=forwarded, timeout=60)

    [line] = _lines(service, "/nowhere-at-all")
    assert line["ip"] == LOOPBACK


def _lines(service: Service, path: str) -> list[dict[str, Any]]:
    """Return the lines about a path; the log is written behind the answer."""
    while True:
        whole = [line for line in service.stdout().splitlines(True) if line[-1] == "\n"]
        found = [line for line in map(json.loads, whole) if path in line["message"]]
        if found:
            return found
        time.sleep(0.01)


def test_it_writes_no_line_below_the_level_that_was_chosen(
    sqlite_url: str, tmp_path: Path
) -> None:
    level = {"AUTH_SERVE_LOG_LEVEL": "WARNING"}

    with running(sqlite_url, tmp_path / "a", level, program=COMMAND_LINE) as service:
        httpx2.get(service.url + LIVE, timeout=60)
        service.stop()

    assert service.stdout() == ""


def test_neither_upgrades_nor_idle_clients_outlast_the_rules(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[Any] = []
    monkeypatch.setattr("app.cli.serve.Server.run", lambda server: told.append(server))
    monkeypatch.setattr("app.cli.serve.configure_logging", lambda *_, **__: None)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)
    monkeypatch.setenv("WEB_CONCURRENCY", "3")  # Heroku's: it is for process managers

    done = CliRunner().invoke(app, ["server", "start", "--port", str(free_port())])

    assert done.exit_code == 0, done.output
    for each in told[0].listening:
        each.close()
    config = told[0].config
    assert config.ws == "none"  # also where a library for it happens to be installed
    assert config.timeout_graceful_shutdown == GRACE
    assert config.workers == 1


def test_the_port_is_the_platforms_unless_the_line_says_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served: list[Any] = []
    monkeypatch.setattr("app.cli.serve.serve", lambda *where: served.append(where))
    monkeypatch.setenv("PORT", "5017")

    main(["server", "start", "--host", "::", "--host", "unix:/run/a"])
    main(["server", "start", "--port", "8123"])
    CliRunner().invoke(app, ["server", "start"])

    assert served == [
        (["::", "unix:/run/a"], 5017),
        (["127.0.0.1"], 8123),
        (["127.0.0.1"], 5017),
    ]


@pytest.mark.parametrize(
    ("hosts", "families"),
    [
        (["::"], {"::1", "127.0.0.1"}),
        (["[::]", "127.0.0.1"], {"::1", "127.0.0.1"}),
        (["0.0.0.0", "::"], {"::1", "127.0.0.1"}),
        (["0.0.0.0", "127.0.0.1"], {"127.0.0.1"}),
        (["::1"], {"::1"}),
        (["127.0.0.1", "::1", "127.0.0.1"], {"::1", "127.0.0.1"}),
    ],
)
def test_every_host_is_listened_on_and_two_colons_are_both_families(
    hosts: list[str], families: set[str]
) -> None:
    port = free_port()
    sockets = bind(hosts, port)
    for each in sockets:
        each.listen()

    reached = {host for host in ("::1", "127.0.0.1") if _is_reached(host, port)}

    for each in sockets:
        each.close()
    assert reached == families


def _is_reached(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), 2).close()
    except OSError:
        return False
    return True


def test_a_unix_socket_is_taken_over_from_the_dead_and_not_from_the_living(
    tmp_path: Path,
) -> None:
    host = f"unix:{tmp_path / 's'}"
    bind([host], 0)[0].close()  # dead: its file stays
    [living] = bind([host], 0)
    living.listen()

    with pytest.raises(CannotListen, match="taken"):
        bind([host], 0)

    living.close()


def test_where_it_cannot_listen_it_says_what_to_do() -> None:
    for host, hint in {"": "--host is empty", "192.0.2.1": "--host ::"}.items():
        with pytest.raises(CannotListen, match=hint):
            bind([host], free_port())
