"""What is measured, each described once and taken of any build in turns."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

import asyncpg
from httpx2 import AsyncClient

from benchmarks import workers
from benchmarks.applications import Applications, repeated
from benchmarks.builds import NotKnown
from benchmarks.load import Load, Step, drive, get
from benchmarks.subject import (
    CONNECTIONS,
    USERS,
    Subject,
    refreshes,
    sign_in_some,
    sign_ins,
)
from tests.servers.ports import LOOPBACK

SECONDS = 1.5  # of one turn
_TIMES = "times one"
MEMORY_BUDGET = 110.0  # megabytes at rest
_FLOOD_SECONDS = 3.0
_UNTIL_REST = 2.5  # seconds after which an engine has given back what it kept
_WRITES = """SELECT coalesce(sum(n_tup_ins), 0)::bigint AS inserted,
    coalesce(sum(n_tup_upd), 0)::bigint AS updated,
    coalesce(sum(n_tup_del), 0)::bigint AS deleted FROM pg_stat_user_tables"""


@dataclass(frozen=True)
class Sample:
    """One turn of one measure.

    Attributes:
        value: What counts, in the unit of its measure.
        by_cpu: The same, counted by the server's own CPU time and not by the clock.
        load: The requests it was counted from.
        note: What else there is to say.
    """

    value: float
    by_cpu: float | None = None
    load: Load | None = None
    note: str = ""


@dataclass(frozen=True)
class Measure:
    """Something that is measured.

    Attributes:
        unit: ``/s`` and ``times one`` are better when it is more, everything else when
            it is less.
        target: What it shall be at least, or at most.
        asks_provider: Applications have to be made before.
    """

    name: str
    unit: str
    take: Callable[[Subject], Awaitable[Sample]]
    target: float | None = None
    asks_provider: bool = False

    @property
    def more_is_better(self) -> bool:
        """Rates shall be high, times and sizes low."""
        return self.unit in ("/s", _TIMES)

    def is_met(self, value: float) -> bool:
        """Tell whether it is as good as it shall be."""
        if self.target is None:
            return True
        return value >= self.target if self.more_is_better else value <= self.target


@dataclass
class Measured:
    """All turns of one build."""

    build: str
    samples: dict[str, list[Sample]] = field(default_factory=dict)


async def measure(
    subjects: Sequence[Subject], chosen: Sequence[Measure], rounds: int
) -> list[Measured]:
    """Take every measure of every build in each round, who is first by turns.

    Neighbours in time are pairs: whatever else the machine does, it does to both.
    """
    results = [Measured(each.build.name) for each in subjects]
    for number in range(rounds):
        for each in chosen:
            pairs = list(zip(subjects, results, strict=True))
            for subject, result in pairs[:: -1 if number % 2 else 1]:
                try:
                    sample = await each.take(subject)
                except NotKnown:
                    continue  # an older build: its row stays empty
                result.samples.setdefault(each.name, []).append(sample)
    return results


async def _rest(subject: Subject) -> Sample:
    """Start one more process, let the first people sign in, look at its size."""
    with subject.serving() as stage:
        await sign_in_some(stage.port, CONNECTIONS)
        await asyncio.sleep(_UNTIL_REST)
        return Sample(stage.memory_mb())


async def _start(subject: Subject) -> Sample:
    with subject.serving() as stage:
        return Sample(stage.start_seconds, note="schema current")


async def _loaded(subject: Subject) -> Sample:
    return Sample(subject.stage.memory_mb(), note="so far, after all of the above")


def _hashing(engine: str) -> Callable[[Subject], Awaitable[Sample]]:
    async def take(subject: Subject) -> Sample:
        core = "" if subject.cores.server is None else subject.cores.server
        found = subject.build.ask("hashing", engine, core, SECONDS)
        count = found["count"]
        name = found["engine"]
        return Sample(count / found["seconds"], count / found["cpu"], note=name)

    return take


def _load(
    name: str,
    make: Callable[[Subject], list[Step]],
    target: float | None = None,
    *,
    asks_provider: bool = False,
) -> Measure:
    """Return a measure of requests per second, on sixteen connections."""

    async def take(subject: Subject) -> Sample:
        load = await subject.drive(name, lambda: make(subject), SECONDS)
        return Sample(load.rate, load.rate_by_cpu, load)

    return Measure(name, "/s", take, target, asks_provider)


async def _overload(subject: Subject) -> Sample:
    """Refresh at an even pace while more sign in than one core can hash."""
    port = subject.stage.port
    steps = refreshes(await sign_in_some(port, 4))
    flood = asyncio.create_task(drive(port, sign_ins(USERS), _FLOOD_SECONDS))
    await asyncio.sleep(0.5)
    load = await drive(port, steps, _FLOOD_SECONDS - 1, 0.01)
    beside = (await flood).rate
    note = f"sign-ins {beside:.0f}/s beside it"
    return Sample(load.percentile(0.99), load=load, note=note)


async def _told(subject: Subject) -> Sample:
    """Revoke tokens while an API waits for news, at any moment between two looks."""
    url = f"http://{LOOPBACK}:{subject.stage.port}"
    async with AsyncClient(base_url=url, timeout=60, trust_env=False) as http:
        tell = subject.applications.until_told
        taken = [await tell(http, 0.1 + each / 10) for each in range(5)]
    return Sample(max(taken), note=f"p50 {median(taken):.2f} s of {len(taken)}")


async def _rows(subject: Subject) -> Sample:
    """Count what a refresh writes."""
    sessions = await sign_in_some(subject.stage.port, CONNECTIONS)
    await _settle(subject)
    before = await _writes(subject.database_url)
    load = await drive(subject.stage.port, refreshes(sessions), SECONDS)
    await _settle(subject)
    after = await _writes(subject.database_url)
    each = {key: (after[key] - before[key]) / len(load.times) for key in before}
    note = ", ".join(f"{count:.2f} {kind}" for kind, count in each.items())
    return Sample(sum(each.values()), note=note)


async def _settle(subject: Subject) -> None:
    """Let each backend report what it wrote: a later use makes it."""
    await drive(subject.stage.port, subject.who_am_i(), 1.5)


async def _writes(database_url: str) -> dict[str, int]:
    connection = await asyncpg.connect(database_url)
    try:
        return dict(await connection.fetchrow(_WRITES))
    finally:
        await connection.close()


async def _gain(subject: Subject) -> Sample:
    value, note = await workers.gain(subject)
    return Sample(value, note=note)


async def _weight(subject: Subject) -> Sample:
    value, note = await workers.weight(subject)
    return Sample(value, note=note)


def _named(subject: Subject) -> list[Step]:
    """Demand that the build knows resources, and does not pass over the parameter."""
    subject.build.ask("resources")
    return subject.applications.client_credentials_for_a_resource()


def _keys(_subject: Subject) -> list[Step]:
    return [repeated(get("/.well-known/jwks.json"))] * CONNECTIONS


def _provider(
    name: str, make: Callable[[Applications], list[Step]], target: float | None
) -> Measure:
    return _load(
        name,
        lambda subject: make(subject.applications),
        target,
        asks_provider=True,
    )


RAW, SIGN_IN, MEMORY = "raw Argon2id", "sign-in", "memory at rest"
CODES = "code exchange, RS256"
MEASURES = (
    Measure(MEMORY, "MB", _rest, MEMORY_BUDGET),
    Measure("start to ready", "s", _start, 2.0),
    Measure(RAW, "/s", _hashing("")),
    _load(SIGN_IN, lambda _: sign_ins(CONNECTIONS)),
    Measure(f"{RAW}, argon2-cffi", "/s", _hashing("argon2-cffi")),
    _load("JWKS", _keys, 10_000),
    _load("GET /users/me", Subject.who_am_i, 3_000),
    _load("refresh", Subject.refresh, 2_000),
    _load("forward authentication", Subject.visit, 5_000),
    _provider("client credentials", Applications.client_credentials, 3_500),
    _load("client credentials with a resource", _named, asks_provider=True),
    _provider("token exchange", Applications.exchange, None),
    _load("device polling", Subject.polls),
    _provider("introspection", Applications.introspection, 3_000),
    _provider("userinfo", Applications.userinfo, 3_000),
    _provider("refresh at the token endpoint", Applications.refresh, 2_000),
    _provider("the same with an ID token", Applications.refresh_with_id_token, None),
    _provider(CODES, Applications.code_exchange, 900),
    Measure("revoked feed: from revocation to answer", "s", _told, 2.0, True),
    Measure("refresh p99 under flood", "ms", _overload, 100.0),
    Measure("memory after load", "MB", _loaded),
    Measure("rows per refresh", "rows", _rows, 1.0),
    Measure("sign-ins of two workers", _TIMES, _gain, 1.9),
    Measure("memory of two workers", "of one", _weight, 1.6),
)


def choose(parts: str | None) -> list[Measure]:
    """Return the measures that have one of these parts in their name, or all.

    Raises:
        SystemExit: A part is in no name.
    """
    wanted = [part.strip().lower() for part in (parts or "").split(",")]
    for part in wanted:
        if not any(part in each.name.lower() for each in MEASURES):
            names = "\n  ".join(each.name for each in MEASURES)
            raise SystemExit(
                f"nothing measured is called {part!r}; there are\n  {names}"
            )
    return [
        each for each in MEASURES if any(part in each.name.lower() for part in wanted)
    ]


def codes_for(chosen: Sequence[Measure], rounds: int) -> int:
    """Return how many codes have to be made: more than any machine redeems."""
    if not any(each.asks_provider for each in chosen):
        return 0
    exchanged = any(each.name == CODES for each in chosen)
    return int(rounds * SECONDS * 2_400) if exchanged else 500
