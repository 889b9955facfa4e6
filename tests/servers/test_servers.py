"""The servers that other tests rely on: real, as told, and gone afterwards."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import asyncpg
import psutil
import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from tests.servers import ports, postgres
from tests.servers.lending import Lending
from tests.servers.ports import LOOPBACK
from tests.servers.postgres import PostgresServer, create_database, drop_database
from tests.servers.process import ServerFailed
from tests.servers.valkey import ValkeyServer

REPOSITORY = Path(__file__).parents[2]


async def ask(url: str, query: str) -> object:
    """Return the one value of a query."""
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
        return await pool.fetchval(query)


@pytest.mark.parametrize("version", [18, 16])
async def test_postgres_of_each_version_runs_and_goes(
    tmp_path: Path, version: int
) -> None:
    with PostgresServer.start(tmp_path, version) as server:
        number = await ask(server.url(), "SHOW server_version_num")
        data = Path(str(await ask(server.url(), "SHOW data_directory")))
        fsync = await ask(server.url(), "SHOW fsync")

    assert str(number).startswith(str(version))
    assert fsync == "off"
    assert not data.parent.exists()
    assert not psutil.pid_exists(server.pid)
    with pytest.raises(OSError):
        await asyncpg.connect(server.url())


async def test_databases_are_copied_from_a_template_and_dropped_under_use(
    tmp_path: Path,
) -> None:
    with PostgresServer.start(tmp_path) as server:
        admin = server.url()
        await create_database(admin, 'odd "name"')
        await ask(server.url('odd "name"'), "CREATE TABLE t AS SELECT 7 AS n")
        await create_database(admin, "copy", template='odd "name"')
        copied = await ask(server.url("copy"), "SELECT n FROM t")

        held = await asyncpg.connect(server.url("copy"))
        await drop_database(admin.replace("postgresql:", "postgresql+asyncpg:"), "copy")
        await drop_database(admin, "copy")
        left = await ask(admin, "SELECT count(*) FROM pg_database WHERE datname='copy'")

        assert copied == 7
        assert left == 0
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await held.execute("SELECT 1")


async def test_a_database_that_was_lent_comes_back_as_fresh_or_not_at_all(
    tmp_path: Path,
) -> None:
    with PostgresServer.start(tmp_path) as server:
        await create_database(server.url(), "made")
        await ask(server.url("made"), "CREATE TABLE t (n int UNIQUE)")
        await ask(server.url("made"), "INSERT INTO t VALUES (7)")
        lending = Lending(server.url(), "made")

        first = await lending.lend()
        await ask(first, "INSERT INTO t SELECT generate_series(8, 99)")
        await ask(first, "UPDATE t SET n = 0 WHERE n = 7")
        await lending.take_back(first)
        again = await lending.lend()
        rows = await ask(again, "SELECT string_agg(n::text, ' ') FROM t")
        await ask(again, "ALTER TABLE t DROP CONSTRAINT t_n_key")
        await lending.take_back(again)
        other = await lending.lend()
        await lending.take_back(other)
        await lending.drop_all()

    assert (again, rows) == (first, "7")
    assert other != first


async def test_durable_postgres_writes_to_disk_and_asks_for_the_password(
    tmp_path: Path,
) -> None:
    with PostgresServer.start(tmp_path, durable=True) as server:
        fsync = await ask(server.url(), "SHOW fsync")
        commit = await ask(server.url(), "SHOW synchronous_commit")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(server.url().replace(server.password, "wrong"))

    assert (fsync, commit) == ("on", "on")


async def test_postgres_runs_from_a_copy_where_the_environment_is_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reachable = postgres.open_to_all
    monkeypatch.setattr(
        postgres, "open_to_all", lambda p: p.name != "bin" and reachable(p)
    )

    with PostgresServer.start(tmp_path, 16) as server:
        number = await ask(server.url(), "SHOW server_version_num")
        program = psutil.Process(server.pid).exe()

    assert str(number).startswith("16")
    assert ("/wheel/" in program) == (os.geteuid() == 0)


def test_directories_below_a_private_one_are_not_open_to_all(tmp_path: Path) -> None:
    inner = tmp_path / "private" / "inner"
    inner.mkdir(parents=True)
    inner.parent.chmod(0o700)

    assert not postgres.open_to_all(inner)
    assert postgres.open_to_all(Path("/"))


def test_postgres_counts_as_ready_when_it_says_so_itself(tmp_path: Path) -> None:
    with PostgresServer.start(tmp_path) as server:
        home = server._process._directory
        status = home / "data" / "postmaster.pid"
        told = status.read_text()
        answers = [postgres._is_ready(home, server._process)]
        for early in (told.replace("ready   ", "starting"), told[:20], ""):
            status.write_text(early)
            answers.append(postgres._is_ready(home, server._process))
        status.write_text(told)  # without it the server would shut itself down

    assert answers == [True, False, False, False]


def test_an_unknown_version_is_refused_and_leaves_no_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []
    own_directory = postgres._own_directory

    def remembered(parent: Path, user: str | None) -> Path:
        made.append(own_directory(parent, user))
        return made[-1]

    monkeypatch.setattr(postgres, "_own_directory", remembered)

    with pytest.raises(ValueError, match="not in the wheel"):
        PostgresServer.start(tmp_path, 9)

    assert [home.exists() for home in made] == [False]


async def test_a_port_that_is_taken_meanwhile_costs_a_second_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [ports.free_port() for _ in range(2)]
    with socket.create_server((LOOPBACK, 0)) as other:
        taken: int = other.getsockname()[1]
        offered = iter([taken, free[0], taken, free[1]])
        monkeypatch.setattr(ports, "free_port", lambda: next(offered))

        with PostgresServer.start(tmp_path) as first:
            with ValkeyServer.start(tmp_path) as second:
                one = await ask(first.url(), "SELECT 1")

    assert one == 1
    assert [first.port, second.port] == free


def test_a_server_that_cannot_start_says_why_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "free_port", lambda: 99999)

    with pytest.raises(ServerFailed, match="99999"):
        ValkeyServer.start(tmp_path)

    assert list(tmp_path.iterdir()) == []


async def impatient(url: str) -> None:
    """Ask for something, and wait no longer than a moment."""
    async with Redis.from_url(url, socket_timeout=0.2, retry=None) as client:
        await client.get("key")


async def test_valkey_stores_hangs_goes_on_and_dies(tmp_path: Path) -> None:
    with ValkeyServer.start(tmp_path) as server:
        async with Redis.from_url(server.url, retry=None) as client:
            await client.set("key", "value")

            server.pause()
            with pytest.raises(RedisTimeoutError):
                await impatient(server.url)
            server.resume()
            value = await client.get("key")

            server.kill()
            with pytest.raises(RedisConnectionError):
                await client.get("key")

    assert value == b"value"
    assert list(tmp_path.iterdir()) == []


def test_a_paused_valkey_can_be_stopped(tmp_path: Path) -> None:
    with ValkeyServer.start(tmp_path) as server:
        server.pause()

    assert not psutil.pid_exists(server.pid)


ORPHANS = """
import sys, time
from pathlib import Path
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import ValkeyServer
p, v = (s.start(Path(sys.argv[1])) for s in (PostgresServer, ValkeyServer))
print(p.pid, v.pid, p._process._directory, v._process._directory, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_servers_end_with_the_process_that_started_them(
    tmp_path: Path, number: signal.Signals
) -> None:
    command = [sys.executable, "-c", ORPHANS, str(tmp_path)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=REPOSITORY,
    ) as parent:
        assert parent.stdout is not None
        *pids, first, second = parent.stdout.readline().split()
        servers = [psutil.Process(int(pid)) for pid in pids]
        family = servers + [server.parent() for server in servers]
        family += servers[0].children()
        parent.send_signal(number)

    _, alive = psutil.wait_procs([p for p in family if p], timeout=30)

    assert alive == []
    assert not Path(first).exists()
    assert not Path(second).exists()
