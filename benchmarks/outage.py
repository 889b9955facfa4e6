"""``python -m benchmarks.outage``: what a connection that is away costs everybody else.

Two services on one machine: one without a connection, one with a directory that takes
connections and never answers. People with passwords of here sign in, and refresh, at
one and the other in turn: first while eight others wait for the directory and its
breaker is closed, then while it is open and they are told at once. What is printed is
the median of the differences of pairs, and what the fastest tenth took, which other
programs on the machine disturb least. First nobody waits: so much is noise.
"""

import argparse
import contextlib
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import httpx2

from tests.servers.ports import LOOPBACK
from tests.servers.postgres import PostgresServer
from tests.servers.service import NO_LIMITS, Service, running
from tests.support.page import Page

_EMAIL, _PASSWORD = "admin@example.com", "correct-Horse-7-battery"
_OPTIONS = NO_LIMITS | {
    "AUTH_SERVE_PUBLIC_URL": "{url}",
    "AUTH_SERVE_ADMIN__EMAIL": _EMAIL,
    "AUTH_SERVE_ADMIN__PASSWORD": _PASSWORD,
    "AUTH_SERVE_OUTBOUND__ALLOWED_HOSTS": LOOPBACK,
}
_WAITING = 8  # people who wait for the directory
_TIMEOUT = 30  # seconds that it has for an answer: as long as there may be
_BUDGET = 1.0  # milliseconds


class _Local:
    """Somebody whose password is of here."""

    def __init__(self, service: Service) -> None:
        """Sign in once."""
        self.http = httpx2.Client(base_url=service.url, trust_env=False)
        self._token = ""
        self.sign_in()

    def sign_in(self) -> None:
        """Sign in by password."""
        body = {"email": _EMAIL, "password": _PASSWORD}
        self._take(self.http.post("/api/v1/auth/login", json=body))

    def refresh(self) -> None:
        """Exchange the refresh token."""
        body = {"refresh_token": self._token}
        self._take(self.http.post("/api/v1/auth/refresh", json=body))

    def connect(self, port: int) -> None:
        """Make the connection with a directory, as an administrator."""
        answer = self.http.post("/api/v1/auth/login", json=_credentials())
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        body = {
            "name": "firm",
            "kind": "ldap",
            "display_name": "Firm",
            "settings": {
                "servers": [f"ldap://{LOOPBACK}:{port}"],
                "start_tls": False,
                "bind_name": "cn=reader",
                "bind_password": "reader",
                "user_base": "dc=corp",
                "timeout": _TIMEOUT,
            },
        }
        made = self.http.post("/api/v1/connections", json=body, headers=headers)
        assert made.status_code == 201, made.text

    def _take(self, answer: httpx2.Response) -> None:
        assert answer.status_code == 200, answer.text
        self._token = answer.json()["refresh_token"]


def _credentials() -> dict[str, str]:
    return {"email": _EMAIL, "password": _PASSWORD}


def _try_directory(service: Service) -> int:
    """Type a name and a password at the directory's form; return the status."""
    with httpx2.Client(base_url=service.url, trust_env=False, timeout=200) as http:
        fields = Page(http.get("/upstreams/firm").text).hidden()
        typed = fields | {"login": "ann", "password": _PASSWORD}
        headers = {"Origin": service.url, "Sec-Fetch-Site": "same-origin"}
        return http.post("/upstreams/firm", data=typed, headers=headers).status_code


@contextlib.contextmanager
def _silent() -> Iterator[tuple[int, Callable[[], int]]]:
    """Listen and never answer; yield the port, and what counts who came."""
    held: list[socket.socket] = []
    with socket.create_server((LOOPBACK, 0), backlog=64) as server:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    held.append(server.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1], lambda: len(held)
        server.shutdown(socket.SHUT_RDWR)
    for each in held:
        each.close()


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _fastest(times: Sequence[float]) -> float:
    """Return the first decile, in milliseconds."""
    return statistics.quantiles(times, n=10)[0] * 1_000


def _pairs(name: str, alone: _Local, beside: _Local, rounds: int) -> list[float]:
    """Measure in turns; print and return what it costs, in milliseconds."""
    found = []
    for what in ("sign_in", "refresh"):
        times: list[tuple[float, float]] = []
        for at in range(rounds):
            order = (alone, beside) if at % 2 else (beside, alone)
            taken = {id(each): _seconds(getattr(each, what)) for each in order}
            times.append((taken[id(alone)], taken[id(beside)]))
        more = statistics.median(after - before for before, after in times) * 1_000
        without, with_it = (_fastest(each) for each in zip(*times, strict=True))
        print(
            f"{name}, {what}: median difference {more:+.2f} ms, fastest tenth "
            f"{without:.2f} ms without, {with_it:.2f} ms with"
        )
        found.append(min(more, with_it - without))
    return found


def _measure(urls: list[str], folder: Path, rounds: int) -> None:
    with ExitStack() as stack:
        services = [
            stack.enter_context(running(url, folder / f"run{at}", _OPTIONS))
            for at, url in enumerate(urls)
        ]
        alone, beside = map(_Local, services)
        port, came = stack.enter_context(_silent())
        beside.connect(port)
        noise = _pairs("nobody waits", alone, beside, rounds)
        told: list[int] = []
        waiting = [
            threading.Thread(target=lambda: told.append(_try_directory(services[1])))
            for _ in range(_WAITING)
        ]
        for each in waiting:
            each.start()
        while came() < _WAITING:
            time.sleep(0.05)
        found = _pairs("eight wait", alone, beside, rounds)
        assert not told, "the directory was silent for longer than it may be"
        for each in waiting:
            each.join()
        quick = _seconds(lambda: told.append(_try_directory(services[1])))
        assert quick < _TIMEOUT / 2 and set(told) == {503}, (quick, told)
        found += _pairs_while_told(services[1], alone, beside, rounds)
    over = [cost - abs(none) for cost, none in zip(found, noise * 2, strict=True)]
    if max(over) > _BUDGET:
        raise SystemExit(f"more than {_BUDGET} ms beyond noise")


def _pairs_while_told(
    service: Service, alone: _Local, beside: _Local, rounds: int
) -> list[float]:
    """Measure while others are told at once that the directory is away."""
    over = threading.Event()

    def go_on_trying() -> None:
        while not over.wait(0.5):
            _try_directory(service)

    trying = threading.Thread(target=go_on_trying)
    trying.start()
    try:
        return _pairs("breaker open", alone, beside, rounds)
    finally:
        over.set()
        trying.join()


def main() -> None:
    """Measure and print; fail if it costs others more than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--sqlite", action="store_true", help="not PostgreSQL")
    chosen = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        urls = [f"sqlite:///{folder / name}.db" for name in ("alone", "beside")]
        if not chosen.sqlite:
            servers = []
            for name in ("alone", "beside"):
                (folder / name).mkdir()
                server = PostgresServer.start(folder / name, durable=True)
                servers.append(stack.enter_context(server))
            urls = [server.url() for server in servers]
        _measure(urls, folder, chosen.rounds)


if __name__ == "__main__":
    main()
