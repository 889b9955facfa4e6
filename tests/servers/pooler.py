"""A real PgBouncer in transaction mode, from the package of the system."""

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.servers.ports import LOOPBACK
from tests.servers.process import ServerProcess, start_on_free_port

STOP = (signal.SIGTERM, signal.SIGKILL)
PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH')}:/usr/sbin")
_SETTINGS = """\
[databases]
pooled = host={host} port={server_port} dbname={name} user={user} password={password}
[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 6
max_client_conn = 200
"""


@contextmanager
def pooled(database_url: str) -> Iterator[str]:
    """Serve a database through a pooler; yields the address that it has there.

    PgBouncer does not run as root, so root runs it as ``nobody``.
    """
    assert PROGRAM is not None
    parts = urlsplit(database_url)
    home = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
    home.chmod(0o755)
    settings = home / "pgbouncer.ini"

    def start(port: int) -> ServerProcess:
        text = _SETTINGS.format(
            host=LOOPBACK,
            port=port,
            server_port=parts.port,
            name=parts.path.lstrip("/"),
            user=parts.username,
            password=parts.password,
        )
        settings.write_text(text)
        user = "nobody" if os.geteuid() == 0 else None
        command = [str(PROGRAM), str(settings)]
        return ServerProcess(command, home, stop_with=STOP, user=user)

    process, port = start_on_free_port(start, lambda _: _is_open(settings))
    try:
        yield f"postgresql://postgres:any@{LOOPBACK}:{port}/pooled"
    finally:
        process.stop()
        shutil.rmtree(home, ignore_errors=True)


def _is_open(settings: Path) -> bool:
    port = settings.read_text().partition("listen_port = ")[2].split()[0]
    try:
        socket.create_connection((LOOPBACK, int(port)), 1).close()
    except OSError:
        return False
    return True
