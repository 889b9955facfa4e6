"""SQL that reads and replaces sealed values, wherever they are, a batch at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column with sealed values.

    Attributes:
        value: The column.
        key: The primary key of its table.
        bound_to: What a value is sealed for is made of this column.
        only: Which rows have a sealed value; others have something else there.
    """

    value: InstrumentedAttribute[Any]
    key: InstrumentedAttribute[Any]
    bound_to: InstrumentedAttribute[Any]
    only: ColumnElement[bool]

    @property
    def name(self) -> str:
        """Table and column."""
        return f"{self.value.class_.__tablename__}.{self.value.key}"


class SealedValueRepository:
    """Sealed values in the transaction of a session."""

    def __init__(self, db: AsyncSession) -> None:
        """Work in this transaction."""
        self._db = db

    async def count(self, column: SealedColumn) -> int:
        """Return how many values there are in a column."""
        query = select(func.count()).where(column.only)
        of_all = query.select_from(column.value.class_)
        return await self._db.scalar(of_all) or 0

    async def batch(
        self, column: SealedColumn, after: Any | None, limit: int
    ) -> Sequence[tuple[Any, Any, Any]]:
        """Return key, what it is bound to and value, behind a key in its order."""
        query = select(column.key, column.bound_to, column.value).where(column.only)
        if after is not None:
            query = query.where(column.key > after)
        found = await self._db.execute(query.order_by(column.key).limit(limit))
        return [(row[0], row[1], row[2]) for row in found]

    async def replace(
        self, column: SealedColumn, changes: Sequence[Mapping[str, Any]]
    ) -> None:
        """Put ``after`` where ``before`` still is, of each ``at``; nowhere else.

        What somebody else wrote meanwhile is theirs, and sealed by a key of theirs.
        """
        table = column.value.class_.__table__
        query = (
            update(table)
            .where(table.c[column.key.key] == bindparam("at"))
            .where(table.c[column.value.key] == bindparam("before"))
            .values({column.value.key: bindparam("after")})
        )
        await (await self._db.connection()).execute(query, [*changes])
