"""The audit trail as it grows, for one reader after another (ADR-0095).

Ids are made before their transaction commits, so that an event may appear behind a
later one. What is new is told at once; the last minute is looked at again, and what
appeared there meanwhile is told then. The cursor that goes with an event is one behind
which nothing can appear any more: who goes on from it is told some events twice, and
passes over none.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.core.exceptions import TooManyRequests
from app.core.stopping import Stopping
from app.models.audit_event import AuditEvent
from app.repositories.base import first_id
from app.services.process.process import Process

EACH = 1.0  # seconds between two looks
BATCH = 200  # events that one look brings, and that are in memory at a time
_OF_ONE = 7  # of the places of a process one caller may have every seventh
_UNSETTLED = timedelta(seconds=60)
_LOOK_BACK = timedelta(seconds=10)  # and as often it is asked whether one still may
_SILENCE = timedelta(seconds=15)
_RETRY = 30  # seconds until somebody refused may find room


@dataclass(frozen=True, slots=True)
class Told:
    """An event, and where to go on after it."""

    event: AuditEvent
    cursor: UUID


class StreamPlaces:
    """How many read at this process; each costs a look a second.

    Attributes:
        most: Of all callers at once.
        most_of_one: Of one of them.
    """

    def __init__(self, most: int) -> None:
        """Start with nobody."""
        self.most = most
        self.most_of_one = -(-most // _OF_ONE)
        self._of: Counter[UUID] = Counter()

    @contextmanager
    def place(self, reader_id: UUID) -> Iterator[None]:
        """Hold a place.

        Raises:
            TooManyRequests: There is none, or the reader has too many.
        """
        is_full = self._of.total() >= self.most
        if is_full or self._of[reader_id] >= self.most_of_one:
            raise TooManyRequests("too many streams", retry_after=_RETRY)
        self._of[reader_id] += 1
        try:
            yield
        finally:
            self._of[reader_id] -= 1


class EventStream:
    """Events behind a cursor, oldest first, and then as they come.

    Between two looks no connection to the database is held, nor while the reader takes
    what it was given.
    """

    def __init__(self, process: Process, stopping: Stopping, after: UUID) -> None:
        """Begin behind an id; whatever is settled before it was told already."""
        self._process = process
        self._stopping = stopping
        self._settled = after
        self._read = after
        self._recent: set[UUID] = set()
        self._looked_back: datetime | None = None

    async def once(
        self, still_may: Callable[[], Awaitable[bool]] | None = None
    ) -> AsyncIterator[Told]:
        """Yield what there is, and end; earlier when the reader may read no more.

        Args:
            still_may: As ``follow`` has it.
        """
        clock = self._process.clock
        asked = clock.now()
        async for told in self._look():
            yield told
            # All of the trail may be behind the cursor, and its reader slow.
            if still_may is not None and clock.now() - asked >= _LOOK_BACK:
                asked = clock.now()
                if not await still_may():
                    return

    async def follow(
        self, still_may: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[Told | None]:
        """Yield events as they come, and None after a silence.

        It ends with the process, and when the reader may read no more.

        Args:
            still_may: Asks whether they may, every ten seconds.
        """
        clock = self._process.clock
        spoke = asked = clock.now()

        async def goes_on() -> bool:
            nonlocal asked
            if clock.now() - asked >= _LOOK_BACK:
                asked = clock.now()
                return await still_may()
            return not self._stopping.is_begun

        while await goes_on():
            async for told in self._look():
                spoke = clock.now()
                yield told
                # A long trail is one look, and its reader may take an hour for it.
                if not await goes_on():
                    return
            if clock.now() - spoke >= _SILENCE:
                spoke = clock.now()
                yield None
            await asyncio.sleep(EACH)

    async def _look(self) -> AsyncIterator[Told]:
        now = self._process.clock.now()
        looked = self._looked_back
        back = looked is None or not looked <= now < looked + _LOOK_BACK
        settled = await self._settled_before(now) if back else self._settled
        after = self._settled if back else self._read
        while rows := await self._rows(after):
            for row in rows:
                if row.id in self._recent:
                    continue
                self._recent.add(row.id)
                self._read = max(self._read, row.id)
                yield Told(row, max(self._settled, min(row.id, settled)))
            after = rows[-1].id
            if len(rows) < BATCH:
                break
            self._forget(min(after, settled))
        if back:
            self._looked_back = now
            self._forget(settled)

    def _forget(self, settled: UUID) -> None:
        """Remember no ids before which nothing is looked at again."""
        self._settled = max(self._settled, settled)
        self._read = max(self._read, self._settled)
        self._recent = {each for each in self._recent if each > self._settled}

    async def _rows(self, after: UUID) -> Sequence[AuditEvent]:
        async with self._process.unit_of_work(read_only=True) as uow:
            return await uow.audit_events.list_behind(after, BATCH)

    async def _settled_before(self, now: datetime) -> UUID:
        async with self._process.unit_of_work(read_only=True) as uow:
            return first_id(await uow.audit_events.settled_before(now, _UNSETTLED))
