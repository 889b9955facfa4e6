"""Rows that a migration left as they were, found and brought up to it (ADR-0098)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    TableClause,
    bindparam,
    case,
    inspect,
    literal,
    select,
    text,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class Backfill:
    """What stands beside a migration as ``backfill``.

    Attributes:
        table: With the key, what `fill` reads, and what it writes.
        undone: Which rows are left to do. Whatever writes to a row leaves it so, or
            has done it itself; what was filled is done.
        fill: Returns what is put into a row, from what is there; the same columns for
            each. It may run more than once for a row.
        key: The primary key, one column.
    """

    table: TableClause
    undone: ColumnElement[bool]
    fill: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    key: str = "id"


class BackfillDue(Exception):
    """A migration takes away what rows still need; nothing of it was done.

    Attributes:
        revision: The migration that has to wait.
        before: The one before it, which the database may have meanwhile.
    """

    def __init__(self, revision: str, before: str, table: str, backfill: str) -> None:
        """Say it of a migration.

        Args:
            revision: Its number.
            before: The number of the one before.
            table: Whose rows are left.
            backfill: The migration that left them.
        """
        super().__init__(
            f"migration {revision} has to wait: rows of {table} are as they were "
            f"before migration {backfill}"
        )
        self.revision = revision
        self.before = before


def is_due(connection: Connection, backfill: Backfill) -> bool:
    """Tell whether a row is left; where there is no such table yet, none is.

    It may read the whole table: PostgreSQL is told not to give it up.
    """
    if not inspect(connection).has_table(backfill.table.name):
        return False
    if connection.dialect.name != "sqlite":
        connection.execute(text("SET LOCAL statement_timeout = 0"))
    query = select(literal(1)).select_from(backfill.table).where(backfill.undone)
    return connection.execute(query.limit(1)).first() is not None


class BackfillRepository:
    """A backfill in the transaction of a session."""

    def __init__(self, db: AsyncSession, backfill: Backfill) -> None:
        """Work in this transaction."""
        self._db = db
        self._backfill = backfill
        self._key = backfill.table.c[backfill.key]

    async def batch(self, after: Any | None, limit: int) -> tuple[Sequence[Any], int]:
        """Do what is undone of the next rows; return their keys, and how many it were.

        Read first without a lock, so that rows that are done are not touched; what is
        undone is then locked as an update locks it, so that nobody changes what the
        new value is made of.
        """
        is_undone = case((self._backfill.undone, true()), else_=~true())
        query = select(self._key, is_undone.label("undone"))
        if after is not None:
            query = query.where(self._key > after)
        rows = (await self._db.execute(query.order_by(self._key).limit(limit))).all()
        undone = [row[0] for row in rows if row[1]]
        return [row[0] for row in rows], await self._fill(undone) if undone else 0

    async def _fill(self, keys: Sequence[Any]) -> int:
        table, fill = self._backfill.table, self._backfill.fill
        query = select(table).where(self._key.in_(keys), self._backfill.undone)
        locked = query.order_by(self._key).with_for_update(key_share=True)
        rows = (await self._db.execute(locked)).mappings().all()
        changes = [(row[self._backfill.key], fill({**row})) for row in rows]
        if not changes:
            return 0
        names = {
            name: bindparam(f"new_{name}", type_=table.c[name].type)
            for name in changes[0][1]
        }
        change = update(table).where(self._key == bindparam("at")).values(names)
        values = [
            {"at": at} | {f"new_{name}": value for name, value in new.items()}
            for at, new in changes
        ]
        await (await self._db.connection()).execute(change, values)
        return len(changes)
