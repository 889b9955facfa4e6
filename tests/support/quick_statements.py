"""Statements compiled once for a run, not again for the engine of every test.

Compiling takes as long as running. A process does it once for each statement; tests
that each build an application would do it all again, with the same outcome: what comes
out depends on the statement and on the dialect. Processes of their own compile theirs
as in production.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Executable, event, orm
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncEngine

from app import database
from app.database import PoolOptions
from app.driver.prepared_statement import Prepared, prepare


class SharedCache(dict[Any, Any]):
    """What SQLAlchemy keeps compiled statements in, for every engine of a dialect.

    Its keys begin with the dialect of one engine; here its class stands for it.
    """

    def get(self, key: Any, default: Any = None) -> Any:
        """Return what any engine of this dialect compiled."""
        return super().get(_for_all(key), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        """Keep it for the others."""
        super().__setitem__(_for_all(key), compiled)


def _for_all(key: Any) -> Any:
    dialect, *rest = key
    return (type(dialect), *rest)


def share_writes(registry: orm.registry) -> None:
    """Let what the unit of work writes be compiled once too: each mapper keeps its own.

    SQLAlchemy has no setting for it; where the attribute is another one day, writes are
    compiled for each engine again, and nothing else changes.
    """
    for mapper in registry.mappers:
        vars(mapper)["_compiled_cache"] = _compiled


_compiled = SharedCache()
_prepared: dict[tuple[Executable, type[Dialect]], Prepared] = {}


def sharing_engine() -> Callable[[str, PoolOptions | None], AsyncEngine]:
    """Return what stands in for ``database.create_engine`` during one test."""
    create = database.create_engine

    def create_sharing(url: str, options: PoolOptions | None = None) -> AsyncEngine:
        engine = create(url, options)
        engine.sync_engine.update_execution_options(compiled_cache=_compiled)
        if engine.dialect.name == "sqlite":
            event.listen(engine.sync_engine, "connect", _write_without_waiting)
        return engine

    return create_sharing


def _write_without_waiting(connection: Any, _record: Any) -> None:
    """Wait for no disk, as the tests' PostgreSQL does not; only a power cut would tell.

    A commit waits two milliseconds, and the end of the last connection twenty.
    """
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.close()


def sharing_prepare() -> Callable[[Executable, Dialect], Prepared]:
    """Return what stands in for ``database.prepare`` during one test."""

    def prepare_once(statement: Executable, dialect: Dialect) -> Prepared:
        key = (statement, type(dialect))
        if key not in _prepared:
            _prepared[key] = prepare(statement, dialect)
        return _prepared[key]

    return prepare_once
