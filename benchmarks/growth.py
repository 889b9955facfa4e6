"""``make bench SCALE=1``: whether it stays quick when the tables have grown."""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from urllib.parse import quote

import asyncpg
import uvloop

from benchmarks import console
from benchmarks.builds import Build, this_build
from benchmarks.filling import Filled, fill
from benchmarks.load import Connection, get
from benchmarks.measures import MEASURES, SIGN_IN
from benchmarks.report import Row, even
from benchmarks.stage import Cores, Stage, pin
from benchmarks.subject import Subject, enter, prepared, sign_in_some
from tests.servers.postgres import PostgresServer, drop_database

_TURNS = 3
_ASKED = 40
_SLOWEST = 20.0  # milliseconds, p95 of a search
_PAGE = 200.0  # the same, of a page of the console
_LOCK = 100.0
_SHARE = 0.9  # of what the small database does
_BYTES = {"users": 0.0, "sessions": 0.0, "audit_events": 250.0}
_ADMINISTRATOR = """INSERT INTO user_roles (user_id, role)
SELECT id, 'admin' FROM users WHERE email_canonical = 'user0@example.com'"""
# From the middle of what there is, such as support is asked about.
_EVIDENCE = """SELECT user_id, correlation_id,
  to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM audit_events ORDER BY id OFFSET (SELECT count(*) / 2 FROM audit_events) LIMIT 40"""
_BEFORE = "0008"  # the revision before the first that builds an index beside others
_AS_A_WRITER = "LOCK TABLE users, sessions, audit_events IN ROW EXCLUSIVE MODE"
_SOME = "SELECT email FROM users WHERE id >= $1 ORDER BY id OFFSET 500 LIMIT 40"


def run(scale: float, only: str | None = None) -> None:
    """Fill one database of this build and print how it does.

    Args:
        scale: Of a million accounts.
        only: Part of the names of questions; with it they are all that is measured.
    """
    cores = Cores.choose()
    given = os.environ.get("TEST_DATABASE_URL")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        pin(0, cores.driver)
        if given:  # one with pg_trgm, say: the wheel of the tests has none
            rows = _measured(this_build(), given, directory, cores, scale, only)
        else:
            with PostgresServer.start(directory, durable=True) as server:
                url = server.url()
                rows = _measured(this_build(), url, directory, cores, scale, only)
    head = ("measure", "p50 or small", "p95 or grown", "target", "")
    print(f"{cores}; scale {scale:g}\n\n{even([head, *rows])}")


def _measured(
    build: Build,
    url: str,
    directory: Path,
    cores: Cores,
    scale: float,
    only: str | None,
) -> list[Row]:
    subject = prepared(build, url, directory, cores)
    try:
        with subject.serving() as stage:
            return uvloop.run(_take(subject, stage, scale, only))
    finally:
        asyncio.run(drop_database(url, subject.database_url.rpartition("/")[2]))


async def _take(
    subject: Subject, stage: Stage, scale: float, only: str | None
) -> list[Row]:
    await enter(subject, stage, 0)
    small = {} if only else await _rates(subject)
    started = time.perf_counter()
    filled = await fill(subject.database_url, scale)
    print(f"filled in {time.perf_counter() - started:.0f} s", file=sys.stderr)
    rows = await _answers(subject, only or "")
    if only:
        return rows
    grown = await _rates(subject)
    rows += [_rate(name, small[name], grown[name]) for name in small]
    longest = (await asyncio.to_thread(_janitor, subject))["longest"] * 1000
    rows.append(_row("janitor, longest transaction", None, longest, _LOCK, "ms"))
    rows += [_size(each) for each in filled]
    for target, name in ((_BEFORE, "migrations down"), ("head", "migrations up")):
        longest = await _longest_wait(subject, target)
        rows.append(_row(f"{name}, longest wait", None, longest, _LOCK, "ms"))
    return rows


async def _rates(subject: Subject) -> dict[str, float]:
    """Return what signing in and refreshing reach, medians of some turns."""
    wanted = [each for each in MEASURES if each.name in ("refresh", SIGN_IN)]
    return {
        each.name: median([(await each.take(subject)).value for _ in range(_TURNS)])
        for each in wanted
    }


async def _answers(subject: Subject, only: str) -> list[Row]:
    """Ask as an administrator, one after another; ``only`` what is called so."""
    connection = await asyncpg.connect(subject.database_url)
    await connection.execute(_ADMINISTRATOR)
    middle = "0191" + "0" * 28  # a year behind the first
    emails = [row[0] for row in await connection.fetch(_SOME, middle)]
    emails = emails or [row[0] for row in await connection.fetch(_SOME, "0" * 32)]
    seen = await connection.fetch(_EVIDENCE)
    await connection.close()
    port = subject.stage.port
    session, *_ = await sign_in_some(port, 1)
    users, evidence = "/api/v1/users?", "/api/v1/audit-events"
    asked = {
        "search, exact": [f"{users}q={quote(email)}" for email in emails],
        "search, prefix": [f"{users}q={quote(e.split('@')[0])}" for e in emails],
        "search, substring": [f"{users}q={quote(e.split('@')[0][4:])}" for e in emails],
        "search, two letters": [f"{users}q={quote(e[:2])}" for e in emails],
        "list by address": [f"{users}sort=email"] * _ASKED,
        "list of disabled": [f"{users}status=disabled"] * _ASKED,
        "audit trail": [evidence] * _ASKED,
        "audit trail, common event": [f"{evidence}?event=sign_in.failed"] * _ASKED,
        "audit trail, rare event": [f"{evidence}?event=user.deleted"] * _ASKED,
        "audit trail, about one": [f"{evidence}?user_id={e[0]}" for e in seen],
        "audit trail, by one": [f"{evidence}?actor_id={e[0]}" for e in seen],
        "audit trail, request": [f"{evidence}?correlation_id={e[1]}" for e in seen],
        "audit trail, until": [f"{evidence}?until={quote(e[2])}" for e in seen],
    }
    token, cookies = session["access_token"], await console.signed_in(port)
    pages = console.lists(emails, seen, _ASKED)
    questions = [
        (name, [get(path, token) for path in paths], _SLOWEST)
        for name, paths in asked.items()
    ]
    questions += [
        (f"console: {name}", [console.asked(path, cookies) for path in paths], _PAGE)
        for name, paths in pages.items()
    ]
    chosen = [each for each in questions if only in each[0]]
    return [await _ask(subject, *each) for each in chosen]


async def _ask(
    subject: Subject, name: str, requests: Sequence[bytes], most: float
) -> Row:
    """Return how long the answers took; each has to be the page, and no refusal."""
    connection = await Connection.open(subject.stage.port)
    times = []
    for request in requests:
        started = time.perf_counter()
        answer = await connection.send(request)
        times.append((time.perf_counter() - started) * 1000)
        if answer.status != 200:
            raise RuntimeError(f"{name}: {answer.status}")
    connection.close()
    times.sort()
    p95 = times[int(len(times) * 0.95)]
    return _row(name, median(times), p95, most, "ms")


def _janitor(subject: Subject) -> dict[str, float]:
    found: dict[str, float] = subject.build.ask("janitor", subject.database_url)
    return found


async def _longest_wait(subject: Subject, target: str) -> float:
    """Return for how long somebody who writes waited while the schema was migrated."""
    url = subject.database_url
    connection = await asyncpg.connect(url)
    ask = asyncio.to_thread(subject.build.ask, "migrate", url, target)
    migration, longest = asyncio.ensure_future(ask), 0.0
    while not migration.done():
        started = time.perf_counter()
        async with connection.transaction():
            await connection.execute(_AS_A_WRITER)
        longest = max(longest, (time.perf_counter() - started) * 1000)
        await asyncio.sleep(0.002)
    await connection.close()
    await migration
    return longest


def _row(name: str, first: float | None, value: float, most: float, unit: str) -> Row:
    shown = "" if first is None else f"{first:.1f} {unit}"
    target = f"at most {most:.0f} {unit}" if most else ""
    verdict = ("met" if value <= most else "missed") if most else ""
    return name, shown, f"{value:.1f} {unit}", target, verdict


def _rate(name: str, small: float, grown: float) -> Row:
    verdict = "met" if grown >= small * _SHARE else "missed"
    shown = f"at least {_SHARE:.0%} of the small one"
    return name, f"{small:,.0f}/s", f"{grown:,.0f}/s", shown, verdict


def _size(each: Filled) -> Row:
    name = f"{each.table}, a row of {each.rows:,}"
    return _row(name, None, each.bytes_each, _BYTES[each.table], "bytes")
