"""The real service as one process on one core, everything else on the other."""

import ctypes
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

from benchmarks.builds import Build
from tests.servers.ports import LOOPBACK, free_port

SECRET = "bench-only-0123456789-abcdefghijklmnopqrstuvwxyz"
SCOPES = {"api": "Use the API"}
PREPARING = {"AUTH_SERVE_JOBS": "false"}
PRODUCTION = {
    "AUTH_SERVE_ENVIRONMENT": "production",
    "AUTH_SERVE_REGISTRATION": "open",
    "AUTH_SERVE_PUBLIC_URL": "https://auth.example.com",
    "AUTH_SERVE_SMTP__URL": f"smtp://{LOOPBACK}:9",  # nothing is mailed
    "AUTH_SERVE_SMTP__SENDER": "auth@example.com",
    "AUTH_SERVE_OAUTH__SCOPES": json.dumps(SCOPES),
}
_PATIENCE = 30.0


@dataclass(frozen=True)
class Cores:
    """Which core serves and which one drives; None where there is only one."""

    server: int | None
    driver: int | None

    @classmethod
    def choose(cls) -> "Cores":
        """Take the last two cores; the first is where the system's own work goes."""
        usable = sorted(os.sched_getaffinity(0))
        if len(usable) < 2:
            return cls(None, None)
        return cls(usable[-1], usable[-2])

    @property
    def both(self) -> "tuple[int | None, ...]":
        """For a service of several processes, which shares one with who drives it."""
        return self.server, self.driver

    def __str__(self) -> str:
        if self.server is None:
            return "ONE core for all, nothing pinned: rates are too low"
        return f"server on core {self.server}, load and PostgreSQL on {self.driver}"


def pin(pid: int, *cores: int | None) -> None:
    """Keep a process, or the calling thread (0), on a core, or some."""
    known = {core for core in cores if core is not None}
    if known:
        os.sched_setaffinity(pid, known)


@dataclass(frozen=True)
class Stage:
    """A running service."""

    port: int
    start_seconds: float
    process: psutil.Process

    def busy_seconds(self) -> float:
        """CPU time of the server so far: by its own clock, which counts nanoseconds.

        What systems say of a process comes in hundredths of a second, and on a busy
        machine a turn has some thirty of them.
        """
        return sum(_busy(each.pid) for each in self._processes())

    def shared_memory_mb(self) -> float:
        """Megabytes of all its processes; of a page of several each counts its part."""
        return sum(each.memory_full_info().pss for each in self._processes()) / 1e6

    def _processes(self) -> list[psutil.Process]:
        """Return the one that was started, and those that it started."""
        return [self.process, *self.process.children(recursive=True)]

    def memory_mb(self) -> float:
        """Resident memory in megabytes (10^6 bytes)."""
        return float(self.process.memory_info().rss) / 1e6


def _busy(pid: int) -> float:
    clock = ctypes.c_int()
    libc = ctypes.CDLL(None)
    if libc.clock_getcpuclockid(pid, ctypes.byref(clock)):
        raise ProcessLookupError(pid)
    return time.clock_gettime(clock.value)


@contextmanager
def serving(
    build: Build,
    database_url: str,
    log: Path,
    cores: Sequence[int | None],
    options: Mapping[str, str],
    workers: int = 1,
) -> Iterator[Stage]:
    """Start a build's service, wait until it is ready, stop it at the end."""
    port = free_port()
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": str(build.root),
        "AUTH_SERVE_DATABASE_URL": database_url,
        "AUTH_SERVE_TRUSTED_PROXIES": LOOPBACK,
        "AUTH_SERVE_LIMITS__STORE": "sql",
        "AUTH_SERVE_PASSWORD__HASHING_THREADS": "1",  # it has one core
        "AUTH_SERVE_TOKEN__ACCESS_TTL": "3600",  # for all of the run
        **options,
    }
    command = [build.python, "-m", "app.cli", "server", "start", f"--port={port}"]
    command += [f"--workers={workers}"] if workers > 1 else []
    with log.open("wb") as out:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=log.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            pin(process.pid, *cores)
            _wait(port, process, log)
            taken = time.perf_counter() - started
            yield Stage(port, taken, psutil.Process(process.pid))
        finally:
            _stop(process)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    with httpx2.Client(trust_env=False) as http:
        while process.poll() is None and time.monotonic() < deadline:
            try:
                ready = http.get(f"http://{LOOPBACK}:{port}/health/ready")
            except httpx2.TransportError:
                time.sleep(0.01)
                continue
            if ready.status_code == 200:
                return
    raise RuntimeError(log.read_text()[-4000:])


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
