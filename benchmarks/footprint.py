"""``make bench ONLY=footprint``: what a row, a request and a process at rest take.

``docs/footprint.md`` keeps the figures beside those that a release began with. What
grew by more than a twentieth has to say why there, or a test fails.
"""

import asyncio
import json
import re
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

from app import __version__
from benchmarks.builds import this_build
from benchmarks.measures import MEASURES, MEMORY, SIGN_IN, codes_for
from benchmarks.stage import Cores, Stage, pin
from benchmarks.stored import GROWING, ROWS, lived, stored
from benchmarks.subject import Subject, enter, prepared
from tests.servers.postgres import PostgresServer, create_database
from tests.servers.service import ROOT

DOCUMENT = ROOT / "docs/footprint.md"
MOST = 0.05  # of growth within a release that nobody has to explain
POSTGRESQL, SQLITE, _CPU, _REST = "PostgreSQL", "SQLite", "µs", "MB at rest"
_REQUESTS = (
    *("JWKS", "GET /users/me", "refresh", "forward authentication", SIGN_IN),
    *("client credentials", "introspection", "userinfo"),
    *("refresh at the token endpoint", "code exchange, RS256"),
)
_TURNS = 5
_YARD = 100.0  # microseconds, of the core that figures are told for
_ROW = re.compile(
    r"^\| (?P<name>[^|]+?) +\| (?P<unit>[^|]+?) +\| (?P<now>[\d.,]+) +"
    r"\| (?P<before>[\d.,]+) +\| (?P<why>[^|]*?) *\|$",
    re.MULTILINE,
)
_VERSION = re.compile(r"release (\S+) began with")
_HEAD = f"""# Footprint

What it takes, beside what release {{version}} began with. `make bench
ONLY=footprint WRITE=1` writes this page; what stands in the last column stays until the
next release. A test measures the bytes again, and fails where a row has grown by more
than {MOST:.0%} and nobody says why; `make bench ONLY=footprint` does so for the rest.

- **Bytes** are those of a row on disk with its share of the indexes, of {ROWS:,} rows
  such as a person's day leaves, in tables that were just packed; in use, pages are two
  thirds to nine tenths full. PostgreSQL 18, without the index of `pg_trgm`, of which
  [operations](operations.md) tells.
- **µs** are those of one core for a request, where a fixed piece of Python takes
  {_YARD:.0f} µs: it is timed around each turn, so that the speed of the machine has no
  part in it. The machine has to be quiet all the same.
- **MB at rest** are the resident memory of a process that signed in sixteen people.

| What | Unit | Now | Before | Why it grew |
| --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True)
class Figure:
    """A row of the document."""

    name: str
    unit: str
    now: float
    before: float
    why: str = ""

    def __str__(self) -> str:
        numbers = f"{self.now:.0f} | {self.before:.0f}"
        return f"| {self.name} | {self.unit} | {numbers} | {self.why} |"

    @property
    def most(self) -> float:
        """What it may be; with a reason, what it was when that was written."""
        return (self.now if self.why else self.before) * (1 + MOST)


def read(text: str) -> list[Figure]:
    """Return the rows of the document."""
    return [
        Figure(name, unit, float(now), float(before), why)
        for name, unit, now, before, why in _ROW.findall(text)
    ]


def written(measured: Mapping[tuple[str, str], float], text: str) -> str:
    """Return the document with new figures.

    Args:
        measured: By name and unit.
        text: What it says until now. If that is of another release, what it measured
            last is what this one begins with.
    """
    known = {(each.name, each.unit): each for each in read(text)}
    of_now = _VERSION.search(text)
    is_same = of_now is not None and of_now[1] == __version__
    rows = [
        _figure(*key, value, known.get(key), is_same) for key, value in measured.items()
    ]
    head = _HEAD.format(version=__version__)
    return head + "\n".join(map(str, rows)) + "\n"


def _figure(
    name: str, unit: str, value: float, known: Figure | None, is_same: bool
) -> Figure:
    if known is None:
        return Figure(name, unit, value, value)
    if is_same:
        return Figure(name, unit, value, known.before, known.why)
    return Figure(name, unit, value, known.now)


def grown(measured: Mapping[tuple[str, str], float], text: str) -> list[str]:
    """Return a complaint for each figure that the document does not allow for."""
    known = {(each.name, each.unit): each for each in read(text)}
    found = []
    for (name, unit), value in measured.items():
        told = known.get((name, unit))
        if told is None:
            found.append(
                f"{name}: {value:.0f} {unit}, and docs/footprint.md has no row"
            )
        elif value > told.most:
            found.append(
                f"{name}: {value:.0f} {unit}, {value / told.before - 1:+.0%} in this "
                "release; make bench ONLY=footprint WRITE=1, and say why in its row"
            )
    return found


def bytes_of(sizes: Mapping[str, float], kind: str) -> dict[tuple[str, str], float]:
    """Return what `stored` measured under the names of the document."""
    return {
        (f"`{name}`: {GROWING[name]}", f"bytes, {kind}"): size
        for name, size in sizes.items()
    }


def run(is_written: bool) -> int:
    """Measure and print; return the code to exit with."""
    cores = Cores.choose()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        pin(0, cores.driver)
        with PostgresServer.start(directory, durable=True) as server:
            measured = asyncio.run(_stored(server.url(), directory))
            subject = prepared(this_build(), server.url(), directory, cores)
            with subject.serving() as stage:
                measured |= uvloop.run(_asked(subject, stage))
    before = DOCUMENT.read_text() if DOCUMENT.exists() else ""
    text = written(measured, before)
    print(text)
    if is_written:
        DOCUMENT.write_text(text)
        return 0
    complaints = grown(measured, before)
    print("\n".join(complaints), file=sys.stderr)
    return 1 if complaints else 0


async def _stored(postgres_url: str, directory: Path) -> dict[tuple[str, str], float]:
    name = "footprint"
    await create_database(postgres_url, name)
    urls = {
        POSTGRESQL: f"{postgres_url.rpartition('/')[0]}/{name}",
        SQLITE: f"sqlite:///{directory / 'rows.db'}",
    }
    life = f"sqlite:///{directory / 'life.db'}"
    for url in (life, *urls.values()):
        await asyncio.to_thread(this_build().ask, "migrate", url, "head")
    rows = await lived(life)
    measured: dict[tuple[str, str], float] = {}
    for kind, url in urls.items():
        measured |= bytes_of(await stored(url, rows), kind)
    return measured


async def _asked(subject: Subject, stage: Stage) -> dict[tuple[str, str], float]:
    wanted = [each for each in MEASURES if each.name in _REQUESTS]
    [memory] = [each for each in MEASURES if each.name == MEMORY]
    rest = [(await memory.take(subject)).value for _ in range(_TURNS)]
    await enter(subject, stage, codes_for(wanted, _TURNS))
    taken: dict[str, list[float]] = {each.name: [] for each in wanted}
    for _ in range(_TURNS):
        for each in wanted:
            before = _yard(subject.cores)
            sample = await each.take(subject)
            yard = (before + _yard(subject.cores)) / 2
            taken[each.name].append(1e6 / (sample.by_cpu or 1) / yard * _YARD)
    times = {(name, _CPU): median(values) for name, values in taken.items()}
    return times | {("one process", _REST): median(rest)}


def _yard(cores: Cores) -> float:
    """Return the microseconds that the server's core takes for a piece of Python."""
    pin(0, cores.server)
    turns = []
    for _ in range(20):
        used = time.thread_time()
        for _ in range(100):
            _piece()
        turns.append((time.thread_time() - used) * 1e6 / 100)
    pin(0, cores.driver)
    return median(turns)


def _piece() -> None:
    """Do what answers are made of: read, look up, compare, write."""
    told: dict[str, Any] = {f"name{n}": [n, str(n), {"a": True}] for n in range(20)}
    for name, (number, text, _) in sorted(told.items()):
        if name.endswith(text) and number:
            told[name] = name.partition("e")
    json.loads(json.dumps(told))
