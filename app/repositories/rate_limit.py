"""Buckets of the limiter in SQL: what all processes share without another server."""

import logging
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    bindparam,
    case,
    delete,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from app.core.rate_limit import Limit, Verdict
from app.core.rate_limit.gcra import microseconds
from app.database import Database, DatabaseUnavailable
from app.models.rate_limit import RateLimit

logger = logging.getLogger("auth_serve.rate_limit")

# Processes whose clock is behind still use what looks full here.
_CLOCKS_DIFFER = timedelta(minutes=1)


def _number(name: str) -> ColumnElement[int]:
    return bindparam(name, type_=BigInteger)


def _take(insert: Any) -> Any:
    """Return the statement that moves a bucket if it may, and else returns no row.

    The row is locked while it is compared, so of attempts at once each sees the one
    before; a refused one writes nothing.
    """
    now, cost, window = _number("now"), _number("cost"), _number("window")
    later = case((RateLimit.tat > now, RateLimit.tat), else_=now)
    return (
        insert(RateLimit)
        .values(key=bindparam("bucket"), tat=now + cost)
        .on_conflict_do_update(
            index_elements=[RateLimit.key],
            set_={"tat": later + cost},
            where=later + cost <= now + window,
        )
        .returning(RateLimit.tat)
    )


_TAKE_POSTGRESQL = _take(postgresql.insert)
_TAKE_SQLITE = _take(sqlite.insert)
_READ = select(RateLimit.tat).where(RateLimit.key == bindparam("bucket"))
_GIVE_BACK = (
    update(RateLimit)
    .where(RateLimit.key == bindparam("bucket"))
    .values(tat=RateLimit.tat - _number("cost"))
)
_FULL = RateLimit.tat < _number("before")
# Twice the same condition: PostgreSQL waits for a row that is being moved, and must
# then look at the row again and not only at the list of keys.
_DELETE_FULL = (
    delete(RateLimit)
    .where(
        _FULL, RateLimit.key.in_(select(RateLimit.key).where(_FULL).limit(_number("n")))
    )
    .returning(RateLimit.key)
)


class SqlStore:
    """One statement for each attempt that is allowed, two for a refused one."""

    def __init__(self, db: Database) -> None:
        """Count in this database, each attempt in a transaction of its own."""
        self._db = db
        self._take = _TAKE_SQLITE if db.is_sqlite else _TAKE_POSTGRESQL

    async def take(self, key: str, limit: Limit, now: datetime) -> Verdict:
        """Count one attempt.

        Raises:
            DatabaseUnavailable: Nothing was decided, so nothing may go on.
        """
        bucket, instant = limit.bucket(key), microseconds(now)
        parameters = {
            "bucket": bucket,
            "now": instant,
            "cost": limit.cost,
            "window": limit.window,
        }
        row = await self._db.fetch_one(self._take, parameters)
        if row is not None:
            return Verdict.at(limit, row.tat, instant, allowed=True)
        row = await self._db.fetch_one(_READ, {"bucket": bucket})
        tat = instant if row is None else row.tat
        return Verdict.at(limit, tat, instant, allowed=False)

    async def give_back(self, key: str, limit: Limit) -> None:
        """Return one attempt, if the database answers.

        It comes after success, which must not turn into an error for its sake.
        """
        parameters = {"bucket": limit.bucket(key), "cost": limit.cost}
        try:
            await self._db.fetch_all(_GIVE_BACK, parameters)
        except DatabaseUnavailable as error:
            logger.warning("an attempt could not be given back: %s", error)

    async def delete_full(self, now: datetime, limit: int) -> int:
        """Delete at most ``limit`` buckets that are full again; return how many."""
        before = microseconds(now - _CLOCKS_DIFFER)
        parameters = {"before": before, "n": limit}
        return len(await self._db.fetch_all(_DELETE_FULL, parameters))

    async def close(self) -> None:
        """Do nothing: the database is closed by its owner."""
