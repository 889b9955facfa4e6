"""``server start --workers``: from the sockets to the last worker's end."""

import os
from collections.abc import Sequence
from contextlib import suppress

from app.cli.ending import Exit, fail
from app.cli.http.listening import CannotListen, bind
from app.cli.workers.children import adopts
from app.cli.workers.pipes import Pipes
from app.cli.workers.supervisor import Supervisor, die_of

_TRIES = 100


def serve_many(hosts: Sequence[str], port: int, workers: int) -> None:
    """Serve with several processes until SIGTERM; SIGHUP replaces them in turn."""
    if not hasattr(os, "fork"):
        fail("--workers: this system cannot fork processes", Exit.UNUSABLE)
    try:
        listening = bind(hosts, port)
    except CannotListen as refusal:
        fail(str(refusal), Exit.UNUSABLE)
    folder, shares, pipes = _folder(), adopts(), Pipes()

    def nurse(orders: int) -> None:
        from app.cli.workers.nursery import Batch, nurse

        nurse(Batch(orders, pipes, listening, port, workers, folder), shares=shares)

    try:
        outcome = Supervisor(workers, listening, pipes, nurse).run()
    finally:
        _remove(folder)
    if outcome < 0:
        die_of(-outcome)
    raise SystemExit(outcome)


def _folder() -> str | None:
    """Make a private folder for metrics, if one can be made."""
    where = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108  (made or refused)
    for number in range(_TRIES):
        path = os.path.join(where, f"auth-serve-{os.getpid()}-{number}")
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:  # of one that was killed, or a stranger's
            continue
        except OSError:
            return None
        return path
    return None


def _remove(folder: str | None) -> None:
    if folder is None:
        return
    with suppress(OSError):
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        os.rmdir(folder)
