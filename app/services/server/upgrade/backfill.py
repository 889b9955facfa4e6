"""What migrations left to be done while the service runs, and doing it (ADR-0098)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, inspect

from app.database import PoolOptions
from app.repositories.schema import SchemaRepository
from app.repositories.unit_of_work import UnitOfWork
from app.repositories.upgrade.backfill import Backfill, BackfillRepository, is_due
from app.repositories.upgrade.table_size import rows_of
from app.repositories.upgrade.turn import alone
from app.services.process.batches import Pace, walk
from app.services.process.process import Process
from app.services.server.upgrade.recording import Migration, migrations


class BackfillRefused(Exception):
    """It was not begun, or is not finished; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Due:
    """Rows that a migration left as they were.

    Attributes:
        revision: Of the migration.
        needed_by: The migration that waits for it; None while none does.
        rows: Of the table, about, whether they are done or not.
    """

    revision: str
    backfill: Backfill
    needed_by: str | None
    rows: int

    @property
    def table(self) -> str:
        """Return the name of the table."""
        return self.backfill.table.name


@dataclass(frozen=True, slots=True)
class Done:
    """What one backfill came to."""

    revision: str
    table: str
    changed: int


def due_backfills(connection: Connection, revision: str | None) -> list[Due]:
    """Return what is left to do, oldest first, also what an upgrade will leave.

    Args:
        connection: Of the database.
        revision: What it has; None for none.
    """
    known, present = migrations(), set(inspect(connection).get_table_names())
    found = []
    for each in known:
        if each.backfill is None or each.backfill.table.name not in present:
            continue
        needed_by = _needed_by(each.revision, known)
        is_there = revision is not None and each.revision <= revision
        if needed_by is not None and revision is not None and needed_by <= revision:
            continue  # it was done, or that migration would not be here
        rows = rows_of(connection, each.backfill.table.name)
        if is_due(connection, each.backfill) if is_there else rows:
            found.append(Due(each.revision, each.backfill, needed_by, rows))
    return found


def _needed_by(revision: str, known: Sequence[Migration]) -> str | None:
    waiting = (each.revision for each in known if revision in each.after_backfill)
    return next(waiting, None)


class BackfillService:
    """Finds what is due and does it, while the service runs."""

    def __init__(self, process: Process) -> None:
        """Work in transactions of its own, of a batch each."""
        self._process = process

    async def due(self) -> list[Due]:
        """Return what is due of the migrations that the database has."""
        database = self._process.database
        revision = await SchemaRepository(database).revision()
        reading = database.engine.execution_options(sqlite_begin="BEGIN")
        async with reading.connect() as connection:
            found = await connection.run_sync(due_backfills, revision)
        return [each for each in found if revision and each.revision <= revision]

    async def run(
        self, due: Sequence[Due], pace: Pace, step: Callable[[], None] | None = None
    ) -> Sequence[Done]:
        """Do it, oldest first. It may be stopped, or killed, and begun again.

        Args:
            due: What there is to do.
            pace: How much of the time it takes.
            step: Called for each row that was looked at.

        Raises:
            BackfillRefused: Another process is at it, or rows are left at the end.
        """
        settings = self._process.settings
        options = settings.database.model_dump(exclude={"migrate"})
        options |= {"pool_size": 1, "pool_overflow": 0}
        url = settings.database_url.get_secret_value()
        async with alone(url, PoolOptions(**options), "backfill") as mine:
            if not mine:
                raise BackfillRefused("another process is at it; let that one finish")
            done = [await self._do(each, pace, step) for each in due]
        left = {each.revision for each in await self.due()}
        for each in due:
            if each.revision in left:
                raise BackfillRefused(
                    f"rows of {each.table} are as they were all the same: a release "
                    f"from before migration {each.revision} still writes; stop it, "
                    "then begin again"
                )
        return done

    async def _do(self, due: Due, pace: Pace, step: Callable[[], None] | None) -> Done:
        changed = 0

        async def batch(
            uow: UnitOfWork, after: Any | None, limit: int
        ) -> Sequence[Any]:
            nonlocal changed
            rows = BackfillRepository(uow.db, due.backfill)
            keys, count = await rows.batch(after, limit)
            changed += count
            return keys

        await walk(self._process, batch, pace, step=step)
        return Done(due.revision, due.table, changed)
