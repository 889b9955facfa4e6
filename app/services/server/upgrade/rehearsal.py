"""An upgrade that is tried on a copy, with its times."""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, event

from app.config import Settings
from app.database import Database
from app.repositories.upgrade.database_copy import copied
from app.repositories.upgrade.table_size import table_of_index
from app.services.process.process import Process
from app.services.server.schema import upgrade
from app.services.server.upgrade.plan import Plan, beyond, plan_of
from app.services.server.upgrade.statement import (
    Effect,
    Lock,
    UnknownStatement,
    effect_of,
    telling,
)

_DONE = re.compile(r"(?:UPDATE|INSERT INTO) alembic_version\b.*?'(\d{4,})'", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a migration took on the copy.

    Attributes:
        seconds: All of its statements, and what it did between them.
        longest: For how long each lock was held, by what it keeps out.
    """

    revision: str
    seconds: float
    longest: Mapping[Lock, float]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What was tried, beside what was expected."""

    plan: Plan
    copied_by: str
    copying: float
    steps: tuple[Measured, ...]


async def rehearse(process: Process, tell: Callable[[str], None]) -> Rehearsal:
    """Upgrade a copy of the database, and drop it; the original is only read.

    Args:
        process: Whose database it is.
        tell: Is told what somebody who waits should know beforehand.

    Raises:
        CopyRefused: No copy can be made.
        SchemaMismatch: The database is not of this service.
    """
    settings = process.settings
    plan = await plan_of(process.database)
    await process.database.engine.dispose()  # a template may have nobody connected
    started = time.perf_counter()
    mark = process.randomness.uuid7().hex[-8:]
    async with copied(settings.database_url.get_secret_value(), mark, tell) as copy:
        copying = time.perf_counter() - started
        there = settings.model_copy(update={"database_url": SecretStr(copy.url)})
        watch = _Watch(plan.engine == "sqlite", await _indexes(there))
        await upgrade(there, watch.follow)
        return Rehearsal(plan, copy.made_by, copying, tuple(watch.steps()))


async def _indexes(settings: Settings) -> dict[str, str]:
    database = Database(settings.database_url.get_secret_value())
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.engine.dispose)
        connection = await stack.enter_async_context(database.engine.connect())
        return dict(await connection.run_sync(table_of_index))


@dataclass(slots=True)
class _Taken:
    lock: Lock
    step: int
    since: float
    until: float = 0.0


@dataclass(slots=True)
class _Watch:
    """Notes which statement ran from when to when, and when they were committed."""

    is_sqlite: bool
    indexes: dict[str, str]
    _taken: list[_Taken] = field(default_factory=list)
    _open: list[_Taken] = field(default_factory=list)
    _ends: list[tuple[str, float]] = field(default_factory=list)
    _made: set[str] = field(default_factory=set)
    _began: float = 0.0

    def follow(self, engine: Engine) -> None:
        """Listen to an engine."""
        self._began = time.perf_counter()
        event.listen(engine, "before_cursor_execute", self._before)
        event.listen(engine, "after_cursor_execute", self._after)
        event.listen(engine, "commit", self._commit)

    def steps(self) -> Iterable[Measured]:
        """Return what each migration took."""
        before = self._began
        for number, (revision, end) in enumerate(self._ends):
            longest = telling(
                (taken.lock, taken.until - taken.since)
                for taken in self._taken
                if taken.step == number
            )
            yield Measured(revision, end - before, longest)
            before = end

    def _before(self, connection: Connection, *_: Any) -> None:
        connection.info["auth_serve_began"] = time.perf_counter()

    def _after(self, connection: Connection, _cursor: Any, sql: str, *_: Any) -> None:
        began, now = connection.info["auth_serve_began"], time.perf_counter()
        if found := _DONE.match(sql):
            self._ends.append((found[1], now))
            self._made.clear()
        effect = self._effect(sql)
        if effect is None:
            return
        options = connection.get_execution_options()
        is_own_transaction = options.get("isolation_level") == "AUTOCOMMIT"
        for lock in effect.locks:
            taken = _Taken(lock, len(self._ends), began, now)
            self._taken.append(taken)
            if not is_own_transaction:
                self._open.append(taken)

    def _effect(self, sql: str) -> Effect | None:
        """Return what a statement of a migration does; None for all others."""
        words = sql.replace("(", " ").split()
        if words[:2] == ["CREATE", "TABLE"]:
            self._made.add(words[2])
        with suppress(UnknownStatement):
            effect = effect_of(sql, self.is_sqlite, self.indexes.get)
            return beyond(effect, self._made | {"alembic_version"})
        return None

    def _commit(self, _connection: Connection) -> None:
        now = time.perf_counter()
        for taken in self._open:
            taken.until = now
        self._open.clear()
