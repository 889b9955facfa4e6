"""Buckets of the limiter in SQL: what all processes share without another server."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Executable,
    Integer,
    String,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)

from app.core.rate_limit import Attempt, Backoff, Verdict
from app.core.rate_limit.backoff import FIRST, LEVELS
from app.core.rate_limit.gcra import microseconds
from app.database import Database
from app.database_errors import DatabaseUnavailable
from app.models.rate_limit import RateLimit
from app.repositories.base import chosen, upserting

logger = logging.getLogger("auth_serve.rate_limit")

# Processes whose clock is behind still use what looks full here.
_CLOCKS_DIFFER = timedelta(minutes=1)


def _number(name: str) -> ColumnElement[int]:
    return bindparam(name, type_=BigInteger)


def kinds_of(attempts: Sequence[Attempt]) -> tuple[bool, ...]:
    """Tell of each attempt whether its waits double: two kinds are two statements."""
    return tuple(isinstance(each.limit, Backoff) for each in attempts)


def _constant(number: int) -> ColumnElement[int]:
    return literal_column(str(number), BigInteger)


def _paced_wait(level: ColumnElement[int], index: int) -> ColumnElement[int]:
    """Return the wait that so many attempts make (``Backoff``)."""
    cost, burst = _number(f"cost{index}"), _number(f"burst{index}")
    # PostgreSQL takes a bare number for one of 32 bits, which the sixth shift leaves.
    first = cast(_constant(FIRST), BigInteger)
    doubled = first.bitwise_lshift(cast(level - burst, Integer))
    return case(
        (level < burst, _constant(0)),
        (level - burst > 30, cost),
        (doubled > cost, cost),
        else_=doubled,
    )


def _paced(index: int) -> tuple[Any, Any, Any]:
    """Return what a bucket begins with, what it becomes, and when (``Backoff``)."""
    now, cost, levels = _number("now"), _number(f"cost{index}"), _constant(LEVELS)
    tick = now // levels * levels
    level = RateLimit.tat % levels
    forgotten = RateLimit.tat - level
    due = forgotten - level * cost
    kept = case(
        (forgotten <= now, _constant(0)),
        (due > now, level),
        else_=level - (now - due) // cost,
    )
    raised = case((kept >= levels - 1, levels - 1), else_=kept + 1)
    begin = case((due > tick, due), else_=tick)
    moved = begin + _paced_wait(raised, index) + raised * (cost + 1)
    may = or_(due <= now, level < _number(f"burst{index}"))
    return tick + _number(f"opening{index}"), moved, may


def _even(index: int) -> tuple[Any, Any, Any]:
    """Return the same of a bucket that refills evenly."""
    now, cost, window = (
        _number("now"),
        _number(f"cost{index}"),
        _number(f"window{index}"),
    )
    later = case((RateLimit.tat > now, RateLimit.tat), else_=now)
    return now + cost, later + cost, later + cost <= now + window


def take_one(
    dialect: str, index: int = 0, *, before: Any = None, is_paced: bool = False
) -> Any:
    """Return the statement that moves a bucket if it may, and else returns no row.

    The row is locked while it is compared, so of attempts at once each sees the one
    before; a refused one writes nothing.

    Args:
        dialect: ``sqlite`` or ``postgresql``.
        index: Which attempt of several; ends the parameters' names.
        before: The attempt that must have been counted for this one to be.
        is_paced: Whether its waits double.
    """
    full, moved, may = _paced(index) if is_paced else _even(index)
    key = bindparam(f"bucket{index}", type_=String)
    insert = upserting(dialect)
    if before is None:
        adding = insert(RateLimit).values(key=key, tat=full)
    else:
        counted = exists(select(before.c.tat))
        adding = insert(RateLimit).from_select(
            ["key", "tat"], select(key, full).where(counted)
        )
    return adding.on_conflict_do_update(
        index_elements=[RateLimit.key],
        set_={"tat": moved},
        where=may,
    ).returning(RateLimit.tat)


@cache
def _take_sqlite(is_paced: bool) -> Any:
    return take_one("sqlite", is_paced=is_paced)


def take_steps(kinds: Sequence[bool]) -> list[Any]:
    """Return a step of PostgreSQL for each of several attempts, each after the last."""
    steps: list[Any] = []
    for index, is_paced in enumerate(kinds):
        before = steps[-1] if steps else None
        step = take_one("postgresql", index, before=before, is_paced=is_paced)
        steps.append(step.cte(f"take{index}"))
    return steps


@cache
def _take_all(kinds: tuple[bool, ...]) -> Executable:
    """Return one statement of PostgreSQL for several attempts, each after the last."""
    steps = take_steps(kinds)
    tats = (select(step.c.tat).scalar_subquery() for step in steps)
    return select(*(tat.label(f"tat{index}") for index, tat in enumerate(tats)))


def give_back_one(index: int = 0, *, before: Any = None, is_paced: bool = False) -> Any:
    """Return the statement that moves a bucket back.

    Args:
        index: Which attempt of several; ends the parameters' names.
        before: What must be done first: rows are locked in the order of taking.
        is_paced: Whether its waits double.
    """
    statement = update(RateLimit).where(RateLimit.key == bindparam(f"bucket{index}"))
    if before is not None:
        done = select(func.count()).select_from(before).scalar_subquery()
        statement = statement.where(done >= 0)
    returned: Any = _number(f"cost{index}")
    if is_paced:
        level = RateLimit.tat % _constant(LEVELS)
        one = returned + _paced_wait(level, index) + 1
        returned = case((level > 0, one), else_=_constant(0))
    return statement.values(tat=RateLimit.tat - returned)


def give_back_steps(kinds: Sequence[bool], *, before: Any = None) -> list[Any]:
    """Return a step of PostgreSQL for each of several attempts, each after the last.

    Args:
        kinds: Of each, whether its waits double.
        before: What must be done before the first.
    """
    steps: list[Any] = []
    for index, is_paced in enumerate(kinds):
        step = give_back_one(index, before=before, is_paced=is_paced)
        steps.append(before := step.returning(RateLimit.key).cte(f"back{index}"))
    return steps


@cache
def _give_all_back(kinds: tuple[bool, ...]) -> Executable:
    steps = give_back_steps(kinds)
    return select(
        *(select(func.count()).select_from(s).scalar_subquery() for s in steps)
    )


_GIVE_BACK_SQLITE = {
    is_paced: give_back_one(is_paced=is_paced) for is_paced in (False, True)
}
_READ = select(RateLimit.tat).where(RateLimit.key == bindparam("bucket"))
_FULL = RateLimit.tat < _number("before")
_SOME_FULL = select(RateLimit.key).where(_FULL).limit(_number("n"))
# Twice the same condition: the row may be moved between the looks. What somebody moves
# now is left alone: waiting for it, with other rows in hand, could be a deadlock.
_CHOSEN = chosen(_SOME_FULL.with_for_update(skip_locked=True))
_DELETE_FULL = (
    delete(RateLimit).where(_FULL, RateLimit.key.in_(_CHOSEN)).returning(RateLimit.key)
)


class SqlStore:
    """All attempts in one statement on PostgreSQL, in one transaction on SQLite.

    Either way attempts at once pass all of their buckets in the same order. Else one
    whose instant is a little earlier could come last to a bucket that others, later by
    the clock, were the first to open: refused, with room left that nobody gets.
    """

    def __init__(self, db: Database) -> None:
        """Count in this database, in transactions of its own."""
        self._db = db

    async def take(self, attempts: Sequence[Attempt], now: datetime) -> list[Verdict]:
        """Count attempts.

        Raises:
            DatabaseUnavailable: Nothing was decided, so nothing may go on.
        """
        instant = microseconds(now)
        return await self.verdicts(
            attempts, await self._tats(attempts, instant), instant
        )

    async def verdicts(
        self, attempts: Sequence[Attempt], tats: Sequence[int | None], instant: int
    ) -> list[Verdict]:
        """Say what became of attempts.

        Args:
            attempts: Those that were asked for.
            tats: Where their buckets are now; the first None was refused.
            instant: When that was, in microseconds since 1970.
        """
        verdicts: list[Verdict] = []
        for attempt, tat in zip(attempts, tats, strict=False):
            if tat is None:
                verdicts.append(await self._refusal(attempt, instant))
                break
            verdicts.append(Verdict.at(attempt.limit, tat, instant, allowed=True))
        return verdicts

    async def _tats(
        self, attempts: Sequence[Attempt], instant: int
    ) -> list[int | None]:
        """Return where the buckets are now; the first None was refused."""
        if not self._db.is_sqlite:
            parameters = {"now": instant, **attempt_parameters(attempts)}
            [row] = await self._db.fetch_all(_take_all(kinds_of(attempts)), parameters)
            return list(row)
        each = [
            (_take_sqlite(is_paced), {"now": instant, **attempt_parameters([attempt])})
            for attempt, is_paced in zip(attempts, kinds_of(attempts), strict=True)
        ]
        if len(each) == 1:  # its own transaction, without two statements around it
            rows = [await self._db.fetch_one(*each[0])]
        else:
            rows = await self._db.fetch_each(each)
        return [row.tat if row is not None else None for row in rows]

    async def _refusal(self, attempt: Attempt, instant: int) -> Verdict:
        row = await self._db.fetch_one(_READ, {"bucket": attempt.bucket})
        tat = instant if row is None else row.tat
        return Verdict.at(attempt.limit, tat, instant, allowed=False)

    async def give_back(self, attempts: Sequence[Attempt]) -> None:
        """Return one attempt each, if the database answers.

        It comes after success, which must not turn into an error for its sake.
        """
        try:
            if not self._db.is_sqlite:
                statement = _give_all_back(kinds_of(attempts))
                await self._db.fetch_all(statement, attempt_parameters(attempts))
                return
            for attempt in attempts:
                statement = _GIVE_BACK_SQLITE[isinstance(attempt.limit, Backoff)]
                await self._db.fetch_all(statement, attempt_parameters([attempt]))
        except DatabaseUnavailable as error:
            logger.warning("an attempt could not be given back: %s", error)

    async def delete_full(self, now: datetime, limit: int) -> int:
        """Delete at most ``limit`` buckets that are full again; return how many."""
        before = microseconds(now - _CLOCKS_DIFFER)
        parameters = {"before": before, "n": limit}
        return len(await self._db.fetch_all(_DELETE_FULL, parameters))

    async def close(self) -> None:
        """Do nothing: the database is closed by its owner."""


def attempt_parameters(attempts: Sequence[Attempt]) -> dict[str, Any]:
    """Return what the steps of several attempts need to know, but the instant."""
    values: dict[str, Any] = {}
    for index, attempt in enumerate(attempts):
        values[f"bucket{index}"] = attempt.bucket
        values[f"cost{index}"] = attempt.limit.cost
        if isinstance(attempt.limit, Backoff):
            values[f"burst{index}"] = attempt.limit.burst
            values[f"opening{index}"] = attempt.limit.opening
        else:
            values[f"window{index}"] = attempt.limit.window
    return values
