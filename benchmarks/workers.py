"""Two processes behind one port beside one alone, on two cores (ADR-0096).

By sign-ins, which need next to nothing of the driver and the database. Next to nothing
is still a seventh of a core, and one process already uses more than one: its loop goes
on while a thread hashes. On a machine of two cores the rates can therefore not double,
however well the work is shared; sign-ins per second of CPU time can stay what they are.
What two do is twice that, and the rates that were seen are told beside it.

Nor do two cores hash twice as much as one: Argon2id is there to be bound by memory,
which they share. What two processes reach that do nothing else is told as well.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from benchmarks.load import Load, drive
from benchmarks.stage import Stage
from benchmarks.subject import CONNECTIONS, Subject, sign_in_some, sign_ins

_SECONDS = 4.0
_UNTIL_REST = 2.5
_Seen = TypeVar("_Seen")


async def gain(subject: Subject) -> tuple[float, str]:
    """Return how many times as many people two workers sign in on a core each.

    And the rates that were seen.

    Raises:
        NotKnown: The build has no workers.
    """
    one, two = await _each(subject, _load)
    times = 2 * two.rate_by_cpu / one.rate_by_cpu
    seen = f"{one.rate:.1f}/s and {two.rate:.1f}/s with the driver and PostgreSQL"
    busy = f"{two.cpu_seconds / two.seconds:.2f} cores busy"
    return times, f"{seen}, {busy}, only hashing {await _most(subject):.2f}"


async def _most(subject: Subject) -> float:
    """Return the same of processes that only hash: what these two cores can give."""
    [one], two = await _hash(subject, 1), await _hash(subject, 2)
    return sum(two) / one


async def _hash(subject: Subject, count: int) -> list[float]:
    """Hash in so many processes, each on a core; return hashes per second of CPU."""
    cores = ["" if core is None else str(core) for core in subject.cores.both]
    found = await asyncio.gather(
        *(
            asyncio.to_thread(subject.build.ask, "hashing", "", core, _SECONDS)
            for core in cores[:count]
        )
    )
    return [each["count"] / each["cpu"] for each in found]


async def weight(subject: Subject) -> tuple[float, str]:
    """Return how many times as much memory two workers take at rest, and the sizes.

    Raises:
        NotKnown: The build has no workers.
    """
    one, two = await _each(subject, _size)
    return two / one, f"{one:.0f} MB and {two:.0f} MB, shared pages shared out"


async def _each(
    subject: Subject, look: Callable[[Stage], Awaitable[_Seen]]
) -> list[_Seen]:
    subject.build.ask("workers")
    found: list[_Seen] = []
    for workers in (1, 2):
        with subject.serving(workers=workers) as stage:
            await sign_in_some(stage.port, CONNECTIONS)
            found.append(await look(stage))
    return found


async def _load(stage: Stage) -> Load:
    used = stage.busy_seconds()
    load = await drive(stage.port, sign_ins(CONNECTIONS), _SECONDS, has_core=False)
    load.cpu_seconds = stage.busy_seconds() - used
    return load


async def _size(stage: Stage) -> float:
    await asyncio.sleep(_UNTIL_REST)
    return stage.shared_memory_mb()
