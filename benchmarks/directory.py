"""``python -m benchmarks.directory``: what it takes to read a directory as a whole.

A real slapd, filled by ``slapadd``, is read by the command in a process of its own, as
an operator would: first everybody is new, then nobody changed. Everybody is in one
group, which is mapped. ``slapd`` and ``slapadd`` have to be installed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.federation.servers import slapd
from tests.federation.servers.directory import PASSWORD, Directory
from tests.servers.postgres import PostgresServer

_SECRET = "benchmarks-only-0123456789-abcdefghijklmnopqrstuvwxyz"
_BUDGET = 120  # MB of one process


def _command(environment: Mapping[str, str], *words: str) -> tuple[Any, float, float]:
    """Run a command; return what it printed, its seconds, and its most memory in MB."""
    line = [sys.executable, "-m", "app.cli", *words, "--json"]
    began, most = time.perf_counter(), 0.0
    with tempfile.TemporaryFile() as printed:
        child = subprocess.Popen(line, env=environment, stdout=printed)
        while child.poll() is None:
            most = max(most, _most_memory(child.pid))
            time.sleep(0.05)
        printed.seek(0)
        told = printed.read()
    if child.returncode:
        raise SystemExit(f"{words} ended with {child.returncode}: {told.decode()}")
    return json.loads(told), time.perf_counter() - began, most


def _most_memory(pid: int) -> float:
    """Return the high-water mark of a process; 0 once it is gone.

    What ``wait4`` tells is no less than its parent had when it was forked.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    marks = [line.split()[1] for line in status.splitlines() if "VmHWM" in line]
    return int(marks[0]) / 1_024 if marks else 0.0


def _connect(environment: Mapping[str, str], folder: Path, peer: Directory) -> None:
    """Make the connection, and the group that follows."""
    settings = {
        "servers": [peer.url],
        "ca_certificates": peer.ca_file.read_text(),
        "directory": "openldap",
        "bind_name": slapd.IMPORTER,
        "bind_password": PASSWORD,
        "user_base": peer.user_base,
        "group_base": peer.group_base,
        "verified_mail": True,
        "timeout": 30,
    }
    everybody = f"cn={slapd.EVERYBODY},{peer.group_base}"
    follow = {"groups": {"groups": {everybody: "everybody"}}}
    for name, content in (("settings", settings), ("follow", follow)):
        (folder / name).write_text(json.dumps(content))
    _command(environment, "group", "create", "everybody")
    _command(
        *(environment, "connection", "create", "firm", "--kind", "ldap"),
        *("--title", "Firm", "--settings", str(folder / "settings")),
        *("--follow", str(folder / "follow"), "--accounts", "anybody"),
        *("--trust-domain", "corp.example"),
    )


def _measure(count: int, folder: Path, url: str) -> None:
    environment = dict(os.environ) | {
        "AUTH_SERVE_DATABASE_URL": url,
        "AUTH_SERVE_SECRET_KEY": _SECRET,
        "AUTH_SERVE_OUTBOUND__ALLOWED_HOSTS": "127.0.0.1,localhost",
    }
    (folder / "slapd").mkdir()
    with slapd.running(folder / "slapd", bulk=count, together=True) as peer:
        subprocess.run(
            [sys.executable, "-m", "app.cli", "schema", "upgrade"],
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        _connect(environment, folder, peer)
        _, _, rest = _command(environment, "connection", "list")
        print(f"another command: {rest:.0f} MB")
        for what in ("everybody is new", "nobody changed"):
            told, seconds, most = _command(environment, "connection", "sync", "firm")
            numbers = {n: v for n, v in told.items() if type(v) is int and v}
            print(f"{what}: {most:.0f} MB, {seconds:.0f} s, {numbers}")
            if most > _BUDGET:
                raise SystemExit(f"more than {_BUDGET} MB")


def main() -> None:
    """Measure and print; fail if it takes more memory than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--sqlite", action="store_true", help="not PostgreSQL")
    chosen = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = f"sqlite:///{folder / 'auth.db'}"
        if not chosen.sqlite:
            server = PostgresServer.start(folder, durable=True)
            url = stack.enter_context(server).url()
        _measure(chosen.entries, folder, url)


if __name__ == "__main__":
    main()
