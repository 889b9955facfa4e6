"""What stands around the service, from packages: HAProxy and PgBouncer."""

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.servers.ports import LOOPBACK, free_port
from tests.servers.postgres import PostgresServer
from tests.servers.process import ServerFailed, ServerProcess, becomes_ready

ROOT = Path(__file__).parents[2]
_CONFIGURATION = ROOT / "deploy/haproxy/haproxy.cfg"
_SBIN = f"{os.environ.get('PATH')}:/usr/sbin:/usr/local/sbin"
_STOP = (signal.SIGTERM, signal.SIGKILL)
_POOLER = """\
[databases]
auth = host={host} port={server_port} dbname=auth user=auth password={password}
[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
auth_type = any
max_client_conn = 200
{settings}
"""


class ProgramMissing(RuntimeError):
    """A program has to be installed first."""


def program(name: str) -> str:
    """Return where a program of the system is.

    Raises:
        ProgramMissing: It is not installed.
    """
    found = shutil.which(name, path=_SBIN)
    if found is None:
        raise ProgramMissing(f"{name} is not installed: apt-get install {name}")
    return found


def documented_pooler() -> str:
    """Return PgBouncer's settings as docs/operations.md has them."""
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    return text.partition("[pgbouncer]\n")[2].partition("```")[0]


class Pooler:
    """PgBouncer before one server, or later another."""

    def __init__(self, directory: Path, server: PostgresServer, password: str) -> None:
        """Start before that server.

        Raises:
            ServerFailed: With its log.
        """
        self._directory, self._password = directory, password
        self.port = free_port()
        self._file, self._process = self._start(server)

    @property
    def url(self) -> str:
        """The address of the database there."""
        return f"postgresql://auth:any@{LOOPBACK}:{self.port}/auth"

    def lead_to(self, server: PostgresServer) -> None:
        """Tell it that the database is elsewhere now, without a restart."""
        self._write(self._file, server)
        self._process.send(signal.SIGHUP)

    def kill(self) -> None:
        """Let it die as of a crash."""
        self._process.send(signal.SIGKILL)
        self._process.wait()

    def start_again(self, server: PostgresServer) -> None:
        """Start it where it was."""
        self._file, self._process = self._start(server)

    def stop(self) -> None:
        """End it."""
        self._process.stop()

    def _start(self, server: PostgresServer) -> tuple[Path, ServerProcess]:
        home = Path(tempfile.mkdtemp(prefix="pgbouncer-", dir=self._directory))
        home.chmod(0o755)  # it does not run as root, so root runs it as nobody
        file = home / "pgbouncer.ini"
        self._write(file, server)
        user = "nobody" if os.geteuid() == 0 else None
        command = [program("pgbouncer"), str(file)]
        process = ServerProcess(command, home, stop_with=_STOP, user=user)
        _wait(process, self.port)
        return file, process

    def _write(self, file: Path, server: PostgresServer) -> None:
        text = _POOLER.format(
            host=LOOPBACK,
            port=self.port,
            server_port=server.port,
            password=self._password,
            settings=documented_pooler(),
        )
        file.write_text(text)


class Balancer:
    """HAProxy with the file of deploy/, which here speaks no TLS to people."""

    def __init__(self, directory: Path, ports: Sequence[int]) -> None:
        """Start before processes at these ports.

        Raises:
            ServerFailed: With its log.
        """
        self.port = free_port()
        file = directory / "haproxy.cfg"
        file.write_text(_balancing(self.port, ports))
        home = Path(tempfile.mkdtemp(prefix="haproxy-", dir=directory))
        command = [program("haproxy"), "-db", "-f", str(file)]
        self._process = ServerProcess(command, home, stop_with=_STOP)
        _wait(self._process, self.port)

    @property
    def url(self) -> str:
        """Where people come in."""
        return f"http://{LOOPBACK}:{self.port}"

    def stop(self) -> None:
        """End it."""
        self._process.stop()


def _balancing(port: int, ports: Sequence[int]) -> str:
    text = _CONFIGURATION.read_text()
    head, plain, rest = text.partition("frontend plain\n")
    _, https, rest = rest.partition("frontend https\n")
    secured = "bind :443 ssl crt /etc/haproxy/certs/auth.pem alpn h2,http/1.1"
    before, found, _ = rest.partition("    server one 127.0.0.1:8000 check\n")
    if not (plain and https and found and secured in before):
        raise ServerFailed(f"{_CONFIGURATION} is not what it was")
    servers = "".join(f"    server s{each} {LOOPBACK}:{each} check\n" for each in ports)
    before = before.replace(secured, f"bind {LOOPBACK}:{port}")
    return head + https + before + servers


def _wait(process: ServerProcess, port: int) -> None:
    def is_open(_: ServerProcess) -> bool:
        try:
            socket.create_connection((LOOPBACK, port), 1).close()
        except OSError:
            return False
        return True

    if not becomes_ready(process, is_open):
        raise ServerFailed(process.log())
