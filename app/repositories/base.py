"""What all repositories share: a session, and pages by key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, Select, delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.models.base import Base

Row = TypeVar("Row", bound=Base)
_NONE = timedelta(0)
_LAST = 2**48 - 1  # the millisecond that no id is later than


@dataclass(frozen=True, slots=True)
class Order:
    """A sort that a listing allows: columns that together are unique.

    Attributes:
        columns: What is sorted by, the last one unique.
        descending: The direction, the same for all of them.
    """

    columns: tuple[ColumnElement[Any] | InstrumentedAttribute[Any], ...]
    descending: bool = False


def upserting(dialect: str) -> Any:
    """Return the dialect's own INSERT, which knows what to do about a conflict."""
    # Here: each dialect is a megabyte, and an installation has one.
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert

        return insert
    from sqlalchemy.dialects.postgresql import insert as insert_postgresql

    return insert_postgresql


def chosen(query: Select[Any]) -> Select[Any]:
    """Return what picks the rows of a batch, looked for once.

    A subquery with a limit may be run again for each row that it is compared with, and
    what it then skips, as locked or as deleted just now, makes room for others: the
    batch would be larger than its limit.
    """
    once = query.cte("chosen").prefix_with("MATERIALIZED", dialect="postgresql")
    return select(*once.c)


def paged(query: Any, order: Order, after: Sequence[Any] | None, limit: int) -> Any:
    """Return what asks for the rows that stand behind ``after`` in an order.

    By key and not by offset: the cost of a page does not grow with its number, and
    rows that come or go meanwhile neither repeat nor hide others.
    """
    key = tuple_(*order.columns)
    if after is not None:
        query = query.where(key < after if order.descending else key > after)
    columns = [
        column.desc() if order.descending else column.asc() for column in order.columns
    ]
    return query.order_by(*columns).limit(limit)


def first_id(instant: datetime, slack: timedelta = _NONE) -> UUID:
    """Return the least id that is made so much later than an instant (RFC 9562, 5.7).

    Identifiers follow the clock: who asks for a span of times asks the primary key.
    """
    milliseconds = int((instant.timestamp() + slack.total_seconds()) * 1_000)
    return UUID(int=min(max(milliseconds, 0), _LAST) << 80)


class Repository(Generic[Row]):
    """SQL for one table. Asks and stores; never decides, never commits."""

    def __init__(self, db: AsyncSession) -> None:
        """Work in the transaction of this session."""
        self.db = db

    def add(self, row: Row) -> Row:
        """Store a new row with the next flush."""
        self.db.add(row)
        return row

    async def one_or_none(self, query: Select[Row]) -> Row | None:
        """Return the only row of a query, or None."""
        return (await self.db.scalars(query)).one_or_none()

    async def page(
        self,
        query: Select[Any],
        order: Order,
        *,
        after: Sequence[Any] | None,
        limit: int,
    ) -> Sequence[Any]:
        """Return the first column of up to ``limit`` rows, as ``paged`` has them."""
        return (await self.db.scalars(paged(query, order, after, limit))).all()

    async def delete_batch(
        self,
        table: type[Base],
        key: InstrumentedAttribute[Any],
        condition: ColumnElement[bool],
        limit: int,
    ) -> int:
        """Delete at most ``limit`` rows that meet the condition; return how many."""
        some = chosen(select(key).where(condition).limit(limit))
        result = await self.db.execute(delete(table).where(key.in_(some)))
        assert isinstance(result, CursorResult)
        return int(result.rowcount)
