"""What several requests ask for in the same moment is asked in one statement.

A round trip costs the loop more than the database (ADR-0005), and requests that
come together wait for one another anyway. Nothing is remembered: a statement is sent
after the last of its callers asked, and each gets the verdict on its own row.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Generic, TypeVar

from sqlalchemy import ARRAY, Executable, bindparam, column, func
from sqlalchemy.types import TypeEngine

from app.database import Database

K = TypeVar("K")
MOST = 64  # keys of one statement
PLACE = "place"  # of a key among those that are asked for, counted from 1
PASSED_OVER = object()  # no verdict: whoever asked has to ask alone
_NOW = itemgetter("now")
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


def asked(**types: TypeEngine[Any]) -> Any:
    """Return a table of what several callers ask for, for a statement to join.

    Args:
        types: Of its columns. Each comes as a list, whose parameter has the name of the
            column and an ``s``.
    """
    lists = (bindparam(f"{name}s", type_=ARRAY(kind)) for name, kind in types.items())
    columns = (column(name, kind) for name, kind in types.items())
    table = func.unnest(*lists).table_valued(*columns, with_ordinality=PLACE)
    return table.render_derived(name="asked")


def sharing(
    database: Database,
    one: Executable,
    several: Executable,
    *names: str,
    absent: Any = None,
) -> Together[Mapping[str, Any]]:
    """Return what runs a statement for all who ask in the same moment.

    What they do not ask for each by themselves is taken from the latest of them. They
    differ by less than a turn of the loop, and a later instant is only stricter.

    Args:
        database: Where it runs.
        one: For a caller alone, and for SQLite, which knows no lists.
        several: The same joined to ``asked``; its rows say their ``place``.
        names: Of the parameters that each has its own of, besides ``now``.
        absent: What a caller of ``several`` gets who has no row.
    """

    async def ask(keys: Sequence[Mapping[str, Any]]) -> Sequence[Any | None]:
        if len(keys) == 1:
            return [await database.fetch_one(one, keys[0])]
        lists = {f"{name}s": [key[name] for key in keys] for name in names}
        shared = max(keys, key=_NOW)
        rows = await database.fetch_all(several, {**shared, **lists})
        return placed(rows, len(keys), absent)

    return Together(ask, 1 if database.is_sqlite else MOST)


def placed(
    rows: Iterable[Any], number: int, absent: Any = None
) -> Sequence[Any | None]:
    """Return rows in the order of their ``place``, ``absent`` where there is none.

    Args:
        rows: Each says which key it belongs to, counted from 1.
        number: How many keys there were.
        absent: What stands for a row that is not there.
    """
    found: list[Any | None] = [absent] * number
    for row in rows:
        found[row.place - 1] = row
    return found
