"""What is measured, in which order."""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import asyncpg

from app.core.password_schemes.engines import ENGINES
from benchmarks.load import Answer, Connection, Load, Step, drive, get, post
from benchmarks.provider import prepare
from benchmarks.stage import Stage, pin

SECONDS = 5.0
_TURNS, _TURN = 5, 2.0  # of hashing and signing in, and their seconds
USERS = 64
CONNECTIONS = 16
_PASSWORD = "violet harbour stone 42"
_WRITES = """SELECT coalesce(sum(n_tup_ins), 0)::bigint AS inserted,
    coalesce(sum(n_tup_upd), 0)::bigint AS updated,
    coalesce(sum(n_tup_del), 0)::bigint AS deleted FROM pg_stat_user_tables"""


@dataclass
class Raw:
    """Digests that were computed, and the seconds by the clock and of the core."""

    count: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def add(self, other: "Raw") -> None:
        """Count what was measured at another time as well."""
        self.count += other.count
        self.seconds += other.seconds
        self.cpu_seconds += other.cpu_seconds


@dataclass
class Measured:
    """Everything of one run."""

    raw: dict[str, "Raw"] = field(default_factory=dict)
    loads: dict[str, Load] = field(default_factory=dict)
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    writes: dict[str, float] = field(default_factory=dict)
    start_seconds: float = 0.0
    rest_mb: float = 0.0
    loaded_mb: float = 0.0


def hash_raw(engine: str, core: int | None, seconds: float = 2.0) -> Raw:
    """Return how many Argon2id digests one core computes, on a thread of its own."""
    raw = Raw()
    thread = threading.Thread(target=_hash, args=(raw, engine, core, seconds))
    thread.start()
    thread.join()
    return raw


def _hash(raw: Raw, engine: str, core: int | None, seconds: float) -> None:
    pin(0, core)
    derive = ENGINES[engine]
    started, used = time.perf_counter(), time.thread_time()
    while raw.seconds < seconds:
        derive(
            _PASSWORD.encode(),
            os.urandom(16),
            memory_cost=19_456,
            time_cost=2,
            parallelism=1,
            length=32,
        )
        raw.count += 1
        raw.seconds = time.perf_counter() - started
    raw.cpu_seconds = time.thread_time() - used


def address(number: int) -> str:
    """Return where a user sits: each somewhere else, as in life."""
    return f"198.51.100.{number + 1}"


def sign_in(number: int) -> bytes:
    """Return the sign-in of one user."""
    body = {"email": f"user{number}@example.com", "password": _PASSWORD}
    return post("/api/v1/auth/login", body, address(number))


async def register(port: int) -> None:
    """Make the accounts that sign in."""
    connection = await Connection.open(port)
    for number in range(USERS):
        body = {"email": f"user{number}@example.com", "password": _PASSWORD}
        request = post("/api/v1/auth/register", body, address(number))
        (await connection.send(request)).json()
    connection.close()


async def measure(stage: Stage, database_url: str, core: int | None) -> Measured:
    """Take every measure once; the whole takes under a minute."""
    measured = Measured(start_seconds=stage.start_seconds)
    sessions = await _sign_in_some(stage.port, CONNECTIONS)
    measured.rest_mb = stage.memory_mb()
    in_use, *others = ENGINES
    await _sign_in_beside_raw(measured, stage, in_use, core)
    for engine in others:
        measured.raw[engine] = hash_raw(engine, core)
    await _take(measured, stage, "JWKS", [_reads("/.well-known/jwks.json")] * 16)
    me = [_reads("/api/v1/users/me", tokens["access_token"]) for tokens in sessions]
    await _take(measured, stage, "GET /users/me", me)
    before = await _writes(database_url)
    refreshing = [_refreshes(tokens["refresh_token"]) for tokens in sessions]
    await _take(measured, stage, "refresh", refreshing)
    await drive(stage.port, me, 1.5)  # a later use makes each backend report
    after = await _writes(database_url)
    count = len(measured.loads["refresh"].times)
    measured.writes = {key: (after[key] - before[key]) / count for key in before}
    await _measure_provider(measured, stage, database_url)
    await _overload(measured, stage)
    measured.loaded_mb = stage.memory_mb()
    return measured


async def _measure_provider(
    measured: Measured, stage: Stage, database_url: str
) -> None:
    """Be the applications of one person who is signed in."""
    provider = await prepare(database_url, "user0@example.com")
    connection = await Connection.open(stage.port)
    tokens, caller_tokens = [
        [await provider.sign_in(connection, at) for _ in range(CONNECTIONS)]
        for at in (provider.web, provider.caller)
    ]
    connection.close()
    for name, steps in provider.loads(tokens, caller_tokens).items():
        await _take(measured, stage, name, steps)


async def _sign_in_beside_raw(
    measured: Measured, stage: Stage, engine: str, core: int | None
) -> None:
    """Hash and sign in by turns: other tenants of the machine come and go."""
    raw = measured.raw[engine] = Raw()
    for _ in range(_TURNS):
        raw.add(hash_raw(engine, core, 1.0))
        await _take(measured, stage, "sign-in", _sign_ins(CONNECTIONS), _TURN)


async def _overload(measured: Measured, stage: Stage) -> None:
    """Refresh at an even pace while more sign in than one core can hash."""
    some = await _sign_in_some(stage.port, 4)
    flood = asyncio.create_task(drive(stage.port, _sign_ins(USERS), SECONDS))
    await asyncio.sleep(0.5)
    steps = [_refreshes(tokens["refresh_token"]) for tokens in some]
    seconds = SECONDS - 1
    measured.loads["refresh under flood"] = await drive(
        stage.port, steps, seconds, 0.01
    )
    measured.loads["sign-in flood"] = await flood


async def _take(
    measured: Measured,
    stage: Stage,
    name: str,
    steps: Sequence[Step],
    seconds: float = SECONDS,
) -> None:
    """Drive, and add to what was measured under this name before."""
    used = stage.busy_seconds()
    load = await drive(stage.port, steps, seconds)
    measured.loads.setdefault(name, Load()).add(load)
    measured.cpu_seconds[name] = (
        measured.cpu_seconds.get(name, 0.0) + stage.busy_seconds() - used
    )


async def _sign_in_some(port: int, count: int) -> list[dict[str, str]]:
    connection = await Connection.open(port)
    answers = [await connection.send(sign_in(number)) for number in range(count)]
    connection.close()
    return [answer.json() for answer in answers]


def _sign_ins(count: int) -> list[Step]:
    """Return users who sign in again and again, each on a connection."""
    return [_always(partial(sign_in, number)) for number in range(count)]


def _reads(path: str, token: str | None = None) -> Step:
    request = get(path, token)
    return _always(lambda: request)


def _always(make: Callable[[], bytes]) -> Step:
    async def step(connection: Connection) -> bool:
        return (await connection.send(make())).status == 200

    return step


def _refreshes(token: str) -> Step:
    """Return a user who exchanges each refresh token for the next."""
    newest = token

    async def step(connection: Connection) -> bool:
        nonlocal newest
        request = post("/api/v1/auth/refresh", {"refresh_token": newest})
        answer: Answer = await connection.send(request)
        newest = str(answer.json()["refresh_token"])
        return True

    return step


async def _writes(database_url: str) -> dict[str, int]:
    connection = await asyncpg.connect(database_url)
    try:
        return dict(await connection.fetchrow(_WRITES))
    finally:
        await connection.close()


async def forget_mail(database_url: str) -> None:
    """Drop the mails of the registrations: nobody is there to take them."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("DELETE FROM outbox")
    finally:
        await connection.close()
