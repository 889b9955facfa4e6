"""A program that keeps one server for one parent, and ends it with the parent.

Neither ``atexit`` nor a ``finally`` runs in a process that is killed. The end of a pipe
arrives always, so the server belongs to this small process, which waits for just that:
any byte, or the end of standard input, means stop. It is run by path, as ``-I -S``, and
therefore imports nothing but the standard library.

Its only argument is JSON: ``command``, ``directory`` (where the server runs; removed
after an ordered stop), ``user`` (or null), ``environment`` and ``stop_with`` (signals,
from polite to certain). It prints the server's pid; the server writes to its standard
error.
"""

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import threading
from typing import Any

PATIENCE = 10  # seconds between one signal and the next, stronger one


def start(order: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start the server, as another user if the order names one."""
    user: str | None = order["user"]
    return subprocess.Popen(
        order["command"],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        cwd=order["directory"],
        env=order["environment"],
        user=user,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
    )


def stop(server: subprocess.Popen[bytes], signals: list[int]) -> None:
    """End the server; a paused one is woken up so that it can obey."""
    for number in signals:
        server.send_signal(number)
        server.send_signal(signal.SIGCONT)
        try:
            server.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            continue
        return


def main() -> None:
    """Run one order to its end."""
    order = json.loads(sys.argv[1])
    server = start(order)
    print(server.pid, flush=True)
    told_to_stop = threading.Event()

    def obey() -> None:
        os.read(0, 1)
        told_to_stop.set()
        stop(server, order["stop_with"])

    threading.Thread(target=obey, daemon=True).start()
    server.wait()
    if told_to_stop.is_set():  # who died alone leaves its log to be read
        shutil.rmtree(order["directory"], ignore_errors=True)


if __name__ == "__main__":
    main()
