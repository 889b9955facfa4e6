"""All rows of a table, a batch at a time, beside those who use the service."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.repositories.unit_of_work import UnitOfWork
from app.services.process.process import Process

BATCH = 200  # rows of a transaction: some milliseconds
Batch = Callable[[UnitOfWork, Any | None, int], Awaitable[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Pace:
    """How much of the time is taken.

    Attributes:
        share: Of the time that passes; the rest is left to others.
        sleep: Waits so many seconds.
    """

    share: float = 0.5
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def rest(self, worked: float) -> None:
        """Wait for as long as that many seconds of work demand."""
        await self.sleep(worked * (1 - self.share) / self.share)


READING = Pace(share=1.0)


async def walk(
    process: Process,
    batch: Batch,
    pace: Pace,
    *,
    read_only: bool = False,
    step: Callable[[], None] | None = None,
) -> None:
    """Walk through a table in the order of its key.

    It may be stopped at any time, and killed: each batch is whole. Begun again, it
    looks at all rows again, so the batch has to pass over what is done.

    Args:
        process: Whose database it is.
        batch: Is given a transaction, the key that was last, none at first, and a
            limit; returns the keys of so many rows behind it, fewer at the end.
        pace: How much of the time it takes.
        read_only: Nothing is changed.
        step: Called for each row once its batch is committed.
    """
    now, after = process.clock.monotonic, None
    while True:
        began = now()
        async with process.unit_of_work(read_only=read_only) as uow:
            keys = await batch(uow, after, BATCH)
        if step is not None:
            for _ in keys:
                step()
        if len(keys) < BATCH:
            return
        after = keys[-1]
        await pace.rest(now() - began)
