"""How old the secret key is, and how far its rotation is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.repositories.unit_of_work import UnitOfWork
from app.services.process.process import Process

Given = Literal["first", "second", "missing"]
_GIVEN: tuple[Given, Given] = ("first", "second")  # in the order of their marks


@dataclass(frozen=True, slots=True)
class SecretKeyState:
    """A secret key that something may be sealed by.

    Attributes:
        mark: Tells it apart and says nothing about it.
        given: Which of this process's keys it is.
        began_at: When it sealed something for the first time.
        processes: How many say that they seal with it.
        values_left: Values that may still be sealed by it; None while nobody seals
            anew.
        counted_at: When that was counted.
    """

    mark: str
    given: Given
    began_at: datetime
    processes: int
    values_left: int | None
    counted_at: datetime | None


async def secret_keys(uow: UnitOfWork, process: Process) -> Sequence[SecretKeyState]:
    """Return the secret keys that are needed now, the oldest first: one, or two."""
    given = dict(zip(process.secret_key.marks, _GIVEN, strict=False))
    told = await uow.sealing_processes.counted(uow.clock.now())
    return [
        SecretKeyState(
            mark=row.mark,
            given=given.get(row.mark, "missing"),
            began_at=row.began_at,
            processes=told.get(row.mark, (0,))[0],
            values_left=row.values_left,
            counted_at=row.counted_at,
        )
        for row in await uow.kept_keys.list_sealing()
    ]
