"""The service itself as a program: started, asked, told to stop.

Nothing of the tests' process is shared with it but the database.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.servers.ports import LOOPBACK, free_port
from tests.servers.process import ServerFailed

ROOT = Path(__file__).parents[2]
SECRET = "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz"
NO_LIMITS = {
    f"AUTH_SERVE_LIMITS__{name}": "100000/60"
    for name in (
        "SIGN_IN_ACCOUNT",
        "SIGN_IN_ADDRESS",
        "REGISTER_ADDRESS",
        "CODE_ACCOUNT",
        "CODE_ADDRESS",
        "SECOND_STEP_ACCOUNT",
        "SECOND_STEP_ADDRESS",
        "CLIENT_ADDRESS",
        "MAIL_RECIPIENT",
        "MAIL_ADDRESS",
        "AUTHORIZE_ADDRESS",
        "CLIENT_ADDRESS",
        "REGISTRATION_ADDRESS",
        "REFUSAL_ADDRESS",
        "PROFILE_ACCOUNT",
        "EXPORT_ACCOUNT",
    )
}
ONE_ADDRESS = {"AUTH_SERVE_PUBLIC_URL": "http://localhost:8000"}  # of replicas
UVICORN = ("uvicorn", "app.main:app", "--no-access-log")
COMMAND_LINE = ("app.cli", "server", "start")
_PATIENCE = 60.0  # seconds until a start or a stop counts as hanging


@dataclass
class Service:
    """A running or ended process of the service.

    Attributes:
        url: Where it listens.
        directory: Its working folder, with its output.
    """

    url: str
    directory: Path
    process: subprocess.Popen[bytes]

    def stdout(self) -> str:
        """Return the log so far."""
        return (self.directory / "stdout").read_text()

    def stderr(self) -> str:
        """Return what it said to people so far."""
        return (self.directory / "stderr").read_text()

    def output(self) -> str:
        """Return everything that it said."""
        return self.stdout() + self.stderr()

    def stop(self) -> int:
        """Send SIGTERM, once, and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """Return the exit code once the process ended."""
        return self.process.wait(_PATIENCE)

    def wait_until_ready(self, patience: float = _PATIENCE) -> None:
        """Return when it takes requests.

        Raises:
            ServerFailed: With its output, if it ended or hangs instead.
        """
        deadline = time.monotonic() + patience
        with httpx2.Client(base_url=self.url, trust_env=False) as http:
            while self.process.poll() is None and time.monotonic() < deadline:
                try:
                    if http.get("/health/ready").status_code == 200:
                        return
                except httpx2.TransportError:
                    time.sleep(0.05)
        raise ServerFailed(self.output())


@contextmanager
def spawned(
    database_url: str,
    directory: Path,
    options: Mapping[str, str] | None = None,
    *,
    program: Sequence[str] = UVICORN,
) -> Iterator[Service]:
    """Start a process and do not wait for it; it is gone at the end, however it goes.

    Args:
        database_url: The only thing that processes share.
        directory: Made for this process alone; no ``.env`` is found in it.
        options: Environment variables, besides a fixed secret key and no worker;
            ``{url}`` in a value is the address of this process, ``{port}`` its port.
        program: What is started, host and port follow.
    """
    directory.mkdir()
    port = free_port()
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",  # a last line must not be lost with the process
        "AUTH_SERVE_DATABASE_URL": database_url,
        "AUTH_SERVE_SECRET_KEY": SECRET,
        "AUTH_SERVE_JOBS": "false",
        "AUTH_SERVE_LOG_FORMAT": "json",
    }
    url = f"http://{LOOPBACK}:{port}"
    for name, value in (options or {}).items():
        environment[name] = value.replace("{url}", url).replace("{port}", str(port))
    command = [sys.executable, "-m", *program, "--host", LOOPBACK, "--port", str(port)]
    out, err = directory / "stdout", directory / "stderr"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )
    try:
        yield Service(url, directory, process)
    finally:
        process.kill()
        process.wait()


@contextmanager
def running(
    database_url: str,
    directory: Path,
    options: Mapping[str, str] | None = None,
    *,
    program: Sequence[str] = UVICORN,
) -> Iterator[Service]:
    """Start a process and wait until it takes requests; see `spawned`."""
    with spawned(database_url, directory, options, program=program) as service:
        service.wait_until_ready()
        yield service
