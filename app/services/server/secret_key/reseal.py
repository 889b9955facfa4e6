"""Everything that an old secret key sealed, sealed anew by the present one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.secret_key import SealBroken
from app.events.secret_key import SecretKeyRotationEnded
from app.repositories.keys.sealed_value import SealedValueRepository
from app.repositories.unit_of_work import UnitOfWork
from app.services.process.batches import READING, Pace, walk
from app.services.process.process import Process
from app.services.server.secret_key.sealed import SEALED, Sealed

_ONE_KEY = (
    "only one secret key is set: set the new one as AUTH_SERVE_SECRET_KEY and the old "
    "one as AUTH_SERVE_SECRET_KEY_SECOND, here and at every process of the service"
)
_STILL = (
    "something was sealed with the old key meanwhile: a process still has it first; "
    "give every process the new one first, and begin again"
)
_SEALING = (
    "{} of the service still seal with the old key: give every process the new one "
    "first and begin again; one that was killed counts until {} UTC"
)


class ResealRefused(Exception):
    """Nothing can be sealed anew, or not all of it; the text says what to do."""


@dataclass(slots=True)
class Tally:
    """What is in a column.

    Attributes:
        name: Table and column.
        present: Sealed by the first key.
        second: Sealed by the other key.
        unreadable: Sealed by neither, which no rotation mends.
    """

    name: str
    present: int = 0
    second: int = 0
    unreadable: int = 0


class ResealService:
    """Looks at sealed values, and seals them anew, while the service runs."""

    def __init__(self, process: Process) -> None:
        """Work in transactions of its own, of a batch each."""
        self._process = process
        self._key = process.secret_key
        self._left = 0  # values that may still be sealed by the old key

    async def tallies(self) -> Sequence[Tally]:
        """Return how much is sealed by which key; every value is opened for it."""
        return [await self._walk(sealed, change=False) for sealed in SEALED]

    async def count(self) -> int:
        """Return how many values there are to be looked at."""
        async with self._process.unit_of_work(read_only=True) as uow:
            values = SealedValueRepository(uow.db)
            return sum([await values.count(each.column) for each in SEALED])

    async def reseal(self, step: Callable[[], None] | None = None) -> Sequence[Tally]:
        """Seal everything anew, and note that the old key is no longer needed.

        It may be stopped at any time and begun again: what is done is passed over, and
        each batch is whole. Half of the time is left to others.

        Args:
            step: Called for each value that was looked at.

        Returns:
            What there was before, by column.

        Raises:
            ResealRefused: One key is set, or the old one seals on elsewhere.
        """
        if len(self._key.marks) < 2:
            raise ResealRefused(_ONE_KEY)
        async with self._process.unit_of_work(read_only=True) as uow:
            await self._demand_nobody(uow)  # before the work, and again behind it
        self._left = await self.count()
        before = [await self._walk(each, change=True, step=step) for each in SEALED]
        still = sum(tally.second for tally in await self.tallies())
        if still:
            async with self._process.unit_of_work() as uow:
                await self._note_left(uow, still)
            raise ResealRefused(_STILL)
        await self._end(sum(tally.second for tally in before))
        return before

    async def _end(self, resealed: int) -> None:
        """End the old key, unless somebody seals with it: who begins to waits here."""
        own, other = self._key.marks
        async with self._process.unit_of_work() as uow:
            known = await uow.kept_keys.take(other)
            if known is None or known.ended_at is not None:
                return
            await self._demand_nobody(uow)
            await uow.kept_keys.end_sealing(other, uow.clock.now())
            uow.record(SecretKeyRotationEnded(key=own, before=other, resealed=resealed))

    async def _demand_nobody(self, uow: UnitOfWork) -> None:
        """Refuse while a process says that it seals with the old key."""
        told = await uow.sealing_processes.counted(uow.clock.now())
        if self._key.marks[1] in told:
            count, until = told[self._key.marks[1]]
            processes = "1 process" if count == 1 else f"{count} processes"
            raise ResealRefused(_SEALING.format(processes, f"{until:%H:%M:%S}"))

    async def _note_left(self, uow: UnitOfWork, left: int) -> None:
        await uow.kept_keys.note_left(self._key.marks[1], left, uow.clock.now())

    async def _walk(
        self, sealed: Sealed, *, change: bool, step: Callable[[], None] | None = None
    ) -> Tally:
        tally = Tally(sealed.column.name)

        async def batch(
            uow: UnitOfWork, after: Any | None, limit: int
        ) -> Sequence[Any]:
            values = SealedValueRepository(uow.db)
            rows = await values.batch(sealed.column, after, limit)
            judged = [self._judge(sealed, row, tally) for row in rows]
            changes = [each for each in judged if each is not None]
            if change and changes:
                await values.replace(sealed.column, changes)
            if change:
                self._left = max(0, self._left - len(rows))
                await self._note_left(uow, self._left)
            return [row[0] for row in rows]

        pace = Pace() if change else READING
        await walk(self._process, batch, pace, read_only=not change, step=step)
        return tally

    def _judge(
        self, sealed: Sealed, row: tuple[Any, Any, Any], tally: Tally
    ) -> dict[str, Any] | None:
        """Count a value, and return what is put in its place, if anything is."""
        at, bound_to, value = row
        nonce = self._process.randomness.bytes(12)
        try:
            context = sealed.context(bound_to)
            renewed = self._key.renewed(sealed.read(value), nonce, context)
        except (SealBroken, ValueError):
            tally.unreadable += 1
            return None
        if renewed is None:
            tally.present += 1
            return None
        tally.second += 1
        return {"at": at, "before": value, "after": sealed.written(renewed)}
