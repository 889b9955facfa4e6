"""SQL that reads and writes whole tables, whatever they hold: for copies of it all."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table, delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Base, RateLimit, UserPicture

_BATCH = 500
_LARGE = {UserPicture.__tablename__: 20}  # rows of 256 KiB
_NOT_KEPT = {RateLimit.__tablename__}  # counts of minutes ago


def kept_tables() -> Sequence[Table]:
    """Return every table that a copy holds; what others refer to comes first."""
    return [t for t in Base.metadata.sorted_tables if t.name not in _NOT_KEPT]


def _batch_of(table: Table) -> int:
    return _LARGE.get(table.name, _BATCH)


class SnapshotRepository:
    """Tables as a whole, in the transaction of a session."""

    def __init__(self, db: AsyncSession) -> None:
        """Work in this transaction."""
        self._db = db
        self._is_sqlite = db.get_bind().dialect.name == "sqlite"

    async def freeze(self) -> None:
        """See what is committed now, and nothing of what comes later."""
        if self._is_sqlite:  # every transaction does, from its first look on
            return
        await self._db.connection(
            execution_options={"isolation_level": "REPEATABLE READ"}
        )

    async def lock(self) -> None:
        """Keep everybody else from writing until the end of the transaction."""
        if not self._is_sqlite:  # whose writers take turns anyway
            names = ", ".join(table.name for table in Base.metadata.sorted_tables)
            await self._db.execute(text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))

    async def rows(self, table: Table) -> AsyncIterator[Sequence[Any]]:
        """Yield the rows of a table, a few in memory at a time."""
        query = select(table).execution_options(yield_per=_batch_of(table))
        result = await self._db.stream(query)
        async for row in result:
            yield row

    async def is_empty(self) -> bool:
        """Tell whether nobody has used this database: there is no row but of roles."""
        for table in kept_tables():
            if table.name == "roles":  # a migration makes the built-in ones
                continue
            if await self._db.scalar(select(func.count()).select_from(table)):
                return False
        return True

    async def clear(self) -> None:
        """Delete every row of every table."""
        for table in reversed(Base.metadata.sorted_tables):
            await self._db.execute(delete(table))

    async def write(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows, so many at a time."""
        batch: list[Mapping[str, Any]] = []
        for row in rows:
            batch.append(row)
            if len(batch) == _batch_of(table):
                await self._db.execute(insert(table), batch)
                batch = []
        if batch:
            await self._db.execute(insert(table), batch)
