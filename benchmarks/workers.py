"""Two processes behind one port beside one alone, on two cores (ADR-0096).

By sign-ins: a hash keeps a core busy for long, so that the driver and the database,
which need the same two cores, take next to nothing of them.
"""

import asyncio
from collections.abc import Awaitable, Callable

from benchmarks.load import drive
from benchmarks.stage import Stage
from benchmarks.subject import CONNECTIONS, Subject, sign_in_some, sign_ins

_SECONDS = 4.0
_UNTIL_REST = 2.5


async def gain(subject: Subject) -> tuple[float, str]:
    """Return how many times as many people two workers sign in, and the rates.

    Raises:
        NotKnown: The build has no workers.
    """
    one, two = await _each(subject, _rate)
    return two / one, f"{one:.1f}/s and {two:.1f}/s"


async def weight(subject: Subject) -> tuple[float, str]:
    """Return how many times as much memory two workers take at rest, and the sizes.

    Raises:
        NotKnown: The build has no workers.
    """
    one, two = await _each(subject, _size)
    return two / one, f"{one:.0f} MB and {two:.0f} MB, shared pages shared out"


async def _each(
    subject: Subject, look: Callable[[Stage], Awaitable[float]]
) -> list[float]:
    subject.build.ask("workers")
    found = []
    for workers in (1, 2):
        with subject.serving(workers=workers) as stage:
            await sign_in_some(stage.port, CONNECTIONS)
            found.append(await look(stage))
    return found


async def _rate(stage: Stage) -> float:
    return (await drive(stage.port, sign_ins(CONNECTIONS), _SECONDS)).rate


async def _size(stage: Stage) -> float:
    await asyncio.sleep(_UNTIL_REST)
    return stage.shared_memory_mb()
