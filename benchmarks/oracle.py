"""``python -m benchmarks.oracle``: whether time tells that an address has an account.

Known and unknown addresses are asked about in turn, in an order by chance, over one
connection to a real process. An AUC of 0.5 is no difference; its interval is one of 95
percent. Beside the time of the answer, which is what a stranger sees, stands the time
that the process computed, which other work on the machine hardly touches.
"""

import argparse
import asyncio
import math
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterator

from app.config import Settings
from app.services.server.runtime import build_runtime
from benchmarks.load import Connection, post
from tests.conftest import migrate
from tests.factories.user import UserFactory
from tests.servers.postgres import PostgresServer, create_database
from tests.servers.service import NO_LIMITS, SECRET, running

OPTIONS = NO_LIMITS | {"AUTH_SERVE_REGISTRATION": "verified"}
_PASSWORD = "violet harbour stone 42"
_CHEAP = "{SSHA}MTIzNDU2Nzg5MDEyMzQ1Njc4OTBzYWx0"
_WARM = 20  # pairs that are not counted
Asked = Callable[[str], bytes]


def _mail(path: str) -> Asked:
    return lambda email: post(f"/api/v1/auth/{path}", {"email": email})


def _secret(path: str) -> Asked:
    body = {"password": _PASSWORD + " or another"}
    return lambda email: post(f"/api/v1/auth/{path}", body | {"email": email})


def _code(path: str, **more: str) -> Asked:
    body = {"code": "00000000"} | more
    return lambda email: post(f"/api/v1/auth/{path}", body | {"email": email})


QUESTIONS: dict[str, tuple[str, Asked]] = {
    "registration": ("known", _secret("register")),
    "registration, unverified": ("waiting", _secret("register")),
    "forgot-password": ("known", _mail("forgot-password")),
    "resend-verification": ("waiting", _mail("resend-verification")),
    "code by mail": ("known", _mail("email-code")),
    "wrong code": ("known", _code("email-code/verify")),
    "wrong code of a reset": ("known", _code("reset-password", new_password=_PASSWORD)),
    "sign-in": ("known", _secret("login")),
    "sign-in, cheap import": ("imported", _secret("login")),
}
# What both sides are asked first: a stranger tries codes of mails that they asked for.
BEFORE: dict[str, Asked] = {
    "wrong code": _mail("email-code"),
    "wrong code of a reset": _mail("forgot-password"),
}
KINDS: dict[str, dict[str, Any]] = {
    "known": {},
    "waiting": {"email_verified": False},
    "imported": {"password_hash": _CHEAP},
}


@dataclass
class Times:
    """Seconds of one side: until the answer, and of the process."""

    wall: list[float] = field(default_factory=list)
    computed: list[float] = field(default_factory=list)


def auc(known: Sequence[float], unknown: Sequence[float]) -> tuple[float, float]:
    """Return how often a known one takes longer, and half of its interval.

    The standard error is Hanley's and McNeil's (Radiology 1982, 143:29-36).
    """
    pairs = [(a > b) + (a == b) / 2 for a in known for b in unknown]
    area = sum(pairs) / len(pairs)
    first, second = area / (2 - area), 2 * area**2 / (1 + area)
    n, m = len(known), len(unknown)
    variance = area * (1 - area) + (n - 1) * (first - area**2)
    variance += (m - 1) * (second - area**2)
    return area, 1.96 * math.sqrt(max(variance, 0.0) / (n * m))


def computed(pid: int) -> float:
    """Return the seconds that all threads of a process were on a core."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(each.read_text().split()[0]) for each in threads) / 1e9


async def make_accounts(url: str, count: int) -> None:
    """Store what is known."""
    settings = {"database_url": url, "secret_key": SECRET, "jobs": False}
    runtime = build_runtime(Settings.model_validate(settings))
    users = UserFactory(runtime)
    hashed = runtime.hasher.hash(_PASSWORD)
    for kind, columns in KINDS.items():
        for number in range(count):
            more = {"password_hash": hashed} | columns
            await users(email=f"{kind}{number}@example.com", **more)
    await runtime.close()


async def ask(port: int, pid: int, question: str, pairs: int) -> tuple[Times, Times]:
    """Ask about known and unknown ones in turn; return the times of both."""
    kind, request = QUESTIONS[question]
    known, unknown = Times(), Times()
    connection = await Connection.open(port)
    for number in range(-_WARM, pairs):
        mark = f"{question[:4].strip()}{number + _WARM}{time.monotonic_ns()}"
        stranger = f"{mark.replace(' ', '').replace(',', '')}@example.com"
        turn = [(known, f"{kind}{number + _WARM}@example.com"), (unknown, stranger)]
        for _, email in random.sample(turn, 2):
            if question in BEFORE:
                await connection.send(BEFORE[question](email))
        for side, email in random.sample(turn, 2):
            used, begun = computed(pid), time.perf_counter()
            await connection.send(request(email))
            wall = time.perf_counter() - begun
            await asyncio.sleep(0.002)  # what it does after the answer counts as well
            if number >= 0:
                side.wall.append(wall)
                side.computed.append(computed(pid) - used)
    connection.close()
    return known, unknown


@contextmanager
def database(engine: str, folder: Path) -> Iterator[str]:
    """Make an empty database of an engine."""
    if engine == "sqlite":
        yield f"sqlite:///{folder / 'auth.db'}"
        return
    with PostgresServer.start(folder, durable=True) as server:
        asyncio.run(create_database(server.url(), "oracle"))
        yield f"{server.url().rpartition('/')[0]}/oracle"


def _row(question: str, known: Times, unknown: Times) -> str:
    cells = [question]
    for measured in ("wall", "computed"):
        area, half = auc(getattr(known, measured), getattr(unknown, measured))
        marked = " !" if abs(area - 0.5) > half else ""
        cells.append(f"{area:.3f} ± {half:.3f}{marked}")
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Measure and print; whoever reads judges, a busy machine tells nothing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.oracle")
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--only", default="", help="part of a question's name")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with database(arguments.engine, folder) as url:
            migrate(url)
            asyncio.run(make_accounts(url, arguments.pairs + _WARM))
            with running(url, folder / "service", OPTIONS) as service:
                print(f"{arguments.engine}, {arguments.pairs} pairs")
                print("| Asked | AUC of time | AUC of computing |\n| --- | --- | --- |")
                port = int(service.url.rpartition(":")[2])
                for question in QUESTIONS:
                    if arguments.only not in question:
                        continue
                    sides = asyncio.run(
                        ask(port, service.process.pid, question, arguments.pairs)
                    )
                    print(_row(question, *sides), flush=True)


if __name__ == "__main__":
    main()
