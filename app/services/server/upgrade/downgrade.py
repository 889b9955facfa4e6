"""The way back to the schema of a release before, and what it takes away."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    Executable,
    Select,
    String,
    cast,
    column,
    func,
    inspect,
    select,
    table,
    text,
)

from app.repositories.schema import SchemaRepository
from app.repositories.unit_of_work import UnitOfWork
from app.services.process.process import Process
from app.services.server.schema import SchemaMismatch, alembic_config
from app.services.server.upgrade.recording import record_back, revisions

_KNOWN_SINCE = "0040"  # processes that serve are
_TAKES = re.compile(
    r'DROP TABLE "?(?P<dropped>\w+)'
    r'|ALTER TABLE "?(?P<table>\w+)"? DROP COLUMN "?(?P<column>\w+)'
    r"|DELETE FROM (?P<emptied>\w+)(?P<where>.*)",
    re.DOTALL,
)


class DowngradeRefused(Exception):
    """It was not done; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What is there no more afterwards.

    Attributes:
        column: None where all of the table goes, or some of its rows.
        whole: Whether the table or column itself goes.
        rows: Which have a value there that is not the default; now, counted.
    """

    table: str
    column: str | None
    whole: bool
    rows: int


@dataclass(frozen=True, slots=True)
class StepBack:
    """One migration undone; ``says`` is its own sentence on what that means."""

    revision: str
    says: str


@dataclass(frozen=True, slots=True)
class WayBack:
    """All steps to a revision, the newest first, and what they take away."""

    revision: str
    target: str
    steps: tuple[StepBack, ...]
    taken: tuple[Taken, ...]

    @property
    def rows(self) -> int:
        """Return how many values and rows are lost."""
        return sum(each.rows for each in self.taken)


async def way_back(process: Process, target: str) -> WayBack:
    """Look at the database, which stays as it is, and tell what a downgrade will do.

    Raises:
        SchemaMismatch: The database is not of this release, or older than the target.
        DowngradeRefused: There is no such revision, or a process serves.
    """
    found = await SchemaRepository(process.database).revision()
    known = revisions(None)
    if found is None or found not in known:
        raise SchemaMismatch(
            f"the database has schema {found or 'none'}, which this release does not "
            "know; run the command of the release that made it"
        )
    if target not in known or target >= found:
        raise DowngradeRefused(
            f"{target} is no schema before {found}; the log of the release before "
            "says which one it needs"
        )
    await _refuse_while_serving(process, found)
    reading = process.database.engine.execution_options(sqlite_begin="BEGIN")
    async with reading.connect() as connection:
        return await connection.run_sync(_look, found, target)


async def downgrade(process: Process, target: str) -> None:
    """Bring the schema back; all of it or nothing, but for indexes.

    Raises:
        SchemaMismatch: Somebody else changed it meanwhile.
        DowngradeRefused: A process serves, or a migration knows of no way back.
    """
    found = await SchemaRepository(process.database).revision()
    await _refuse_while_serving(process, found or "")
    await asyncio.to_thread(_downgrade, process, target)


def _downgrade(process: Process, target: str) -> None:
    from alembic import command
    from alembic.util import CommandError

    try:
        command.downgrade(alembic_config(process.settings, None), target)
    except CommandError as error:
        raise SchemaMismatch(f"the schema cannot be migrated: {error}") from error
    except RuntimeError as error:  # of a migration, as 0037
        raise DowngradeRefused(str(error)) from error


async def _refuse_while_serving(process: Process, found: str) -> None:
    """Refuse while one says that it serves: its release is not known.

    Raises:
        DowngradeRefused: One does.
    """
    if found < _KNOWN_SINCE:
        return
    async with process.unit_of_work(read_only=True) as uow:
        count = await _serving(uow)
    if count:
        raise DowngradeRefused(
            f"{count} {'process' if count == 1 else 'processes'} of the service still "
            "serve; stop them (one that was killed counts for three minutes), then "
            "begin again"
        )


async def _serving(uow: UnitOfWork) -> int:
    counted = await uow.sealing_processes.counted(uow.clock.now())
    return sum(count for count, _ in counted.values())


def _look(connection: Connection, found: str, target: str) -> WayBack:
    def look(query: Executable) -> Any:
        return connection.execute(query).scalar()

    steps, statements = [], list[str]()
    for revision in reversed([r for r in revisions(target) if r <= found]):
        says, sent = record_back(revision, connection.dialect, look)
        steps.append(StepBack(revision, says))
        statements += sent
    taken = tuple(_taken(connection, statements))
    return WayBack(found, target, tuple(steps), taken)


def _taken(connection: Connection, statements: Sequence[str]) -> Iterator[Taken]:
    """Tell what statements take; what an earlier one only brings back is not there."""
    seen = inspect(connection)
    columns = {
        name: {each["name"]: each["default"] for each in seen.get_columns(name)}
        for name in seen.get_table_names()
    }
    matches = [found for sql in statements if (found := _TAKES.match(sql))]
    dropped = {found["dropped"] for found in matches}
    for found in matches:
        if (name := found["dropped"]) in columns:
            yield Taken(name, None, True, _count(connection, _rows(name)))
        elif (name := found["table"]) in columns and name not in dropped:
            if found["column"] not in columns[name]:
                continue
            query = _values(name, found["column"], columns[name][found["column"]])
            yield Taken(name, found["column"], True, _count(connection, query))
        elif (name := found["emptied"]) in columns and name not in dropped:
            condition = found["where"].strip().removeprefix("WHERE") or "1 = 1"
            query = _rows(name).where(text(condition))
            yield Taken(name, None, False, _count(connection, query))


def _rows(name: str) -> Select[int]:
    return select(func.count()).select_from(table(name))


def _values(name: str, of: str, default: str | None) -> Select[int]:
    """Count rows where a column says more than it does by itself."""
    told = column(of, String)
    if default is None:
        return _rows(name).where(told.is_not(None))
    usual = cast(text(f"({default})"), String)
    return _rows(name).where(cast(told, String).is_distinct_from(usual))


def _count(connection: Connection, query: Select[int]) -> int:
    return int(connection.execute(query).scalar_one())
