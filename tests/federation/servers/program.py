"""A server program that is ended and started again in the course of a test."""

import signal
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.servers.ports import LOOPBACK
from tests.servers.process import ServerFailed, ServerProcess

_PATIENCE = 240.0  # seconds until a start counts as hanging; Java takes its time
_POLITE = (signal.SIGTERM, signal.SIGKILL)


class Restartable:
    """A server on ports that it keeps.

    Attributes:
        command: What is started; a test may change it between two starts.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        port: int | None,
        stop_with: Sequence[signal.Signals] = _POLITE,
    ) -> None:
        """Start nothing yet.

        Args:
            command: What is started.
            folder: Where it runs; removed at each end, so nothing is kept in it.
            port: Where it takes connections when it is ready; None if it is asked
                otherwise.
            stop_with: How it is ended.
        """
        self.command = list(command)
        self._folder, self._port, self._stop_with = folder, port, stop_with
        self._process: ServerProcess | None = None

    def start(self) -> None:
        """Start it, and wait until it takes connections.

        Raises:
            ServerFailed: With its log, if it does not.
        """
        self._folder.mkdir(exist_ok=True)
        process = ServerProcess(self.command, self._folder, stop_with=self._stop_with)
        self._process = process
        deadline = time.monotonic() + _PATIENCE
        while process.is_running() and time.monotonic() < deadline:
            if self._is_listening():
                return
            time.sleep(0.05)
        log = process.log()
        self.stop()
        raise ServerFailed(log)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def log(self) -> str:
        """Return what it said since it was started last."""
        return "" if self._process is None else self._process.log()

    def _is_listening(self) -> bool:
        if self._port is None:
            return True
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((LOOPBACK, self._port)) == 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
