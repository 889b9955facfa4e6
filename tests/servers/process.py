"""Server programs that cannot outlive the process which started them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.servers import guardian, ports

ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}
"""What servers see of ours: nothing, so that no ``PG*`` variable changes them."""


class ServerFailed(RuntimeError):
    """A server did not become ready; the message is its log."""


class ServerProcess:
    """One running server program. Its directory is its own and goes when it stops."""

    def __init__(
        self,
        command: Sequence[str],
        directory: Path,
        *,
        stop_with: Sequence[signal.Signals],
        user: str | None = None,
    ) -> None:
        self._directory = directory
        order = {
            "command": list(command),
            "directory": str(directory),
            "user": user,
            "environment": ENVIRONMENT,
            "stop_with": list(stop_with),
        }
        program = [sys.executable, "-I", "-S", guardian.__file__, json.dumps(order)]
        with self._log.open("wb") as log:
            # A session of its own: Ctrl-C in the terminal must reach the tests only.
            self._guardian = subprocess.Popen(
                program,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        self.pid = self._read_pid()

    def is_running(self) -> bool:
        """Tell whether the server has not ended yet (a paused one has not)."""
        return self._guardian.poll() is None

    def log(self) -> str:
        """Return what the server has written so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the server itself, if it still runs."""
        if self.is_running():
            os.kill(self.pid, number)

    def wait(self) -> None:
        """Return once the server has ended by itself or by a signal sent to it."""
        self._guardian.wait()

    def stop(self) -> None:
        """End the server and remove its directory; once more does nothing."""
        self.halt()
        shutil.rmtree(self._directory, ignore_errors=True)

    def halt(self) -> None:
        """End the server. A directory remains only if the server had died before."""
        assert self._guardian.stdin is not None
        if not self._guardian.stdin.closed:
            self._guardian.communicate(b".")

    @property
    def _log(self) -> Path:
        return self._directory / "server.log"

    def _read_pid(self) -> int:
        assert self._guardian.stdout is not None
        line = self._guardian.stdout.readline()
        if not line:
            self.halt()
            raise ServerFailed(self.log())
        return int(line)


def start_on_free_port(
    start: Callable[[int], ServerProcess],
    is_ready: Callable[[ServerProcess], bool],
    attempts: int = 5,
    port: int | None = None,
) -> tuple[ServerProcess, int]:
    """Start a server on a free port, again on another if somebody was faster.

    Args:
        start: Starts it on the given port.
        is_ready: Asks evidence of that very process, not of whoever has the port.
        attempts: How many ports may turn out to be taken.
        port: Where a server was before, in place of a free one.

    Raises:
        ServerFailed: It ended for another reason, or never became ready.
    """
    log = ""
    for _ in range(attempts):
        chosen = port or ports.free_port()
        process = start(chosen)
        if becomes_ready(process, is_ready):
            return process, chosen
        log = process.log()
        process.halt()
        if "Address already in use" not in log:
            break
    raise ServerFailed(log)


def becomes_ready(
    process: ServerProcess, is_ready: Callable[[ServerProcess], bool]
) -> bool:
    """Return True once ready, False if it ended instead or took a minute."""
    try:
        for _ in range(3000):
            if is_ready(process):
                return True
            if not process.is_running():
                return False
            time.sleep(0.02)
    except BaseException:
        process.halt()
        raise
    return False
