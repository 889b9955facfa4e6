"""An installation as large ones are, in small: everything on loopback."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from tests.servers.ports import LOOPBACK, free_port
from tests.servers.postgres import PostgresServer
from tests.servers.process import ServerFailed
from tests.servers.service import COMMAND_LINE, NO_LIMITS, ROOT, Service
from tests.servers.valkey import ValkeyServer
from tools.chaos.programs import Balancer, Pooler

STANDBY = "standby1"
_PATIENCE = 150.0  # seconds for a start, migrations included, where others work as well
_SETTINGS = NO_LIMITS | {
    "AUTH_SERVE_ENVIRONMENT": "production",
    "AUTH_SERVE_PUBLIC_URL": "https://auth.example.com",
    "AUTH_SERVE_REGISTRATION": "open",
    "AUTH_SERVE_SMTP__URL": f"smtp://{LOOPBACK}:9",  # nothing is mailed
    "AUTH_SERVE_SMTP__SENDER": "auth@example.com",
    "AUTH_SERVE_TRUSTED_PROXIES": LOOPBACK,
    "AUTH_SERVE_FORWARDED_HEADER": "x-forwarded-for",
    "AUTH_SERVE_DATABASE__MIGRATE": "true",
    "AUTH_SERVE_DATABASE__PREPARED_STATEMENTS": "false",
}


class Replica:
    """One process of the service, at a port that it keeps."""

    def __init__(self, directory: Path, name: str, settings: dict[str, str]) -> None:
        """Prepare it; nothing is started."""
        self.port = free_port()
        self._settings = settings
        self._directory = directory / name
        self._directory.mkdir()
        self._service: Service | None = None

    @property
    def service(self) -> Service:
        """The process of now."""
        assert self._service is not None
        return self._service

    def start(self) -> None:
        """Start it, and do not wait."""
        command = [sys.executable, "-m", *COMMAND_LINE]
        command += ["--host", LOOPBACK, "--port", str(self.port)]
        python = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        out, err = self._directory / "stdout", self._directory / "stderr"
        with out.open("ab") as stdout, err.open("ab") as stderr:
            process = subprocess.Popen(
                command,
                cwd=self._directory,
                env=python | self._settings,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
        url = f"http://{LOOPBACK}:{self.port}"
        self._service = Service(url, self._directory, process)

    def wait_until_ready(self) -> None:
        """Return when it takes requests.

        Raises:
            ServerFailed: With the end of its log.
        """
        try:
            self.service.wait_until_ready(_PATIENCE)
        except ServerFailed as error:
            raise ServerFailed(str(error)[-4_000:]) from None

    def replace(self) -> None:
        """Stop it as an orchestrator does, and start the next one in its place."""
        self.service.stop()
        self.start()
        self.wait_until_ready()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.service.process.send_signal(number)

    def end(self) -> None:
        """End it at once, frozen or not."""
        if self._service is not None:
            self._service.process.kill()
            self._service.process.wait()


@dataclass
class Stage:
    """What may fail.

    Attributes:
        primary: Where the pooler leads to.
        standby: Has everything that was acknowledged; None once it was promoted.
    """

    replicas: list[Replica]
    balancer: Balancer
    pooler: Pooler
    valkey: ValkeyServer
    primary: PostgresServer
    standby: PostgresServer | None


@contextmanager
def set_up(directory: Path) -> Iterator[Stage]:
    """Start all of it, and end all of it.

    Args:
        directory: Empty; the logs of the service are below it.

    Raises:
        ServerFailed: With the log of what did not start.
        ProgramMissing: Something has to be installed first.
    """
    with ExitStack() as stack:
        primary = stack.enter_context(PostgresServer.start(directory, durable=True))
        password = secrets.token_urlsafe(24)
        _run(primary, f"CREATE ROLE auth LOGIN PASSWORD '{password}'")
        _run(primary, "CREATE DATABASE auth OWNER auth")
        standby = PostgresServer.follow(primary, directory, STANDBY)
        stack.enter_context(standby)
        _run(primary, f"ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'")
        _run(primary, "SELECT pg_reload_conf()")
        pooler = Pooler(directory, primary, password)
        stack.callback(lambda: pooler.stop())
        valkey = ValkeyServer.start(directory)
        settings = _SETTINGS | {
            "AUTH_SERVE_DATABASE_URL": pooler.url,
            "AUTH_SERVE_SECRET_KEY": secrets.token_urlsafe(48),
            "AUTH_SERVE_VALKEY_URL": valkey.url,
        }
        replicas = [Replica(directory, name, settings) for name in ("a", "b", "c")]
        for replica in replicas:
            stack.callback(replica.end)
            replica.start()
        for replica in replicas:
            replica.wait_until_ready()
        balancer = Balancer(directory, [replica.port for replica in replicas])
        stack.callback(balancer.stop)
        stage = Stage(replicas, balancer, pooler, valkey, primary, standby)
        stack.callback(lambda: stage.valkey.stop())
        yield stage


def _run(server: PostgresServer, statement: str) -> None:
    asyncio.run(execute(server, statement))


async def execute(server: PostgresServer, statement: str) -> None:
    """Run one statement as the owner of the server."""
    connection = await asyncpg.connect(server.url())
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
