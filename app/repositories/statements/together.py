"""What several requests ask for in the same moment is asked in one statement.

A round trip costs the loop more than the database (ADR-0005), and requests that
come together wait for one another anyway. Nothing is remembered: a statement is sent
after the last of its callers asked, and each gets the verdict on its own row.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ARRAY, Executable, Uuid, bindparam, column, func

from app.database import Database

K = TypeVar("K")
MOST = 64  # keys of one statement
PLACE = "place"  # of a key among those that are asked for, counted from 1
Asked = tuple[K, "asyncio.Future[Any | None]"]


class Together(Generic[K]):
    """Gathers the callers of one turn of the event loop."""

    def __init__(
        self,
        ask: Callable[[Sequence[K]], Awaitable[Sequence[Any | None]]],
        most: int = MOST,
    ) -> None:
        """Ask by this function.

        Args:
            ask: Returns a row or None for each key, in their order.
            most: How many keys it takes; 1 where statements know no lists (SQLite).
        """
        self._ask = ask
        self._most = most
        self._asked: list[Asked[K]] = []
        self._running: set[asyncio.Task[None]] = set()

    async def get(self, key: K) -> Any | None:
        """Return the row of a key, or None.

        Raises:
            Exception: Whatever asking raised, to each who asked with it.
        """
        if self._most == 1:
            return (await self._ask([key]))[0]
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any | None] = loop.create_future()
        self._asked.append((key, answer))
        if len(self._asked) == 1:
            loop.call_soon(self._begin)
        return await answer

    def _begin(self) -> None:
        """Ask for all that came so far.

        On a task of its own: a caller who leaves must not take the others' answer away.
        Nothing is promised by it, and whoever needs its outcome waits.
        """
        asked, self._asked = self._asked, []
        for start in range(0, len(asked), self._most):
            part = asked[start : start + self._most]
            task = asyncio.create_task(self._answer(part))  # all who need it wait
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _answer(self, asked: Sequence[Asked[K]]) -> None:
        waiting = [each for each in asked if not each[1].done()]
        if not waiting:
            return
        try:
            rows = await self._ask([key for key, _ in waiting])
        except Exception as error:
            for _, answer in waiting:
                if not answer.done():
                    answer.set_exception(error)
        except BaseException:
            for _, answer in waiting:
                answer.cancel()
            raise
        else:
            for (_, answer), row in zip(waiting, rows, strict=True):
                if not answer.done():
                    answer.set_result(row)


def asked(*names: str) -> Any:
    """Return a table of what several callers ask for, for a statement to join.

    Args:
        names: Of its columns, which are identifiers; each comes as a list, whose
            parameter has the name of the column and an ``s``.
    """
    lists = (bindparam(f"{name}s", type_=ARRAY(Uuid)) for name in names)
    columns = (column(name, Uuid) for name in names)
    table = func.unnest(*lists).table_valued(*columns, with_ordinality=PLACE)
    return table.render_derived(name="asked")


def reading(
    database: Database, one: Executable, several: Executable, *names: str
) -> Together[tuple[UUID, UUID, datetime]]:
    """Return what reads rows by two identifiers, as they are at an instant.

    The latest of the instants counts for all who ask together: they differ by less than
    a turn of the loop, and a later one is only stricter.

    Args:
        database: Where they are.
        one: For a caller alone, and for SQLite, which knows no lists.
        several: The same joined to ``asked(*names)``; its rows say their ``place``.
        names: Of the two parameters that ``one`` has besides ``now``.
    """

    async def ask(keys: Sequence[tuple[UUID, UUID, datetime]]) -> Sequence[Any | None]:
        first, second, instants = zip(*keys, strict=True)
        now = {"now": max(instants)}
        if len(keys) == 1:
            alone = dict(zip(names, (first[0], second[0]), strict=True))
            return [await database.fetch_one(one, alone | now)]
        plural = (f"{name}s" for name in names)
        lists = dict(zip(plural, (list(first), list(second)), strict=True))
        return placed(await database.fetch_all(several, lists | now), len(keys))

    return Together(ask, 1 if database.is_sqlite else MOST)


def placed(rows: Iterable[Any], number: int) -> Sequence[Any | None]:
    """Return rows in the order of their ``place``, None where there is none.

    Args:
        rows: Each says which key it belongs to, counted from 1.
        number: How many keys there were.
    """
    found: list[Any | None] = [None] * number
    for row in rows:
        found[row.place - 1] = row
    return found
