"""Runs migrations: one process at a time, in one transaction wherever that is possible.

What builds or drops an index of a large table does so outside of a transaction
(``autocommit_block``), so that nobody waits for it; all that came before is committed.
"""

import asyncio
import sys
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any, Literal

from alembic import context
from alembic.operations.ops import MigrationScript
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import Script
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.config import Settings, SettingsError, load_settings
from app.database import DatabaseUnavailable, PoolOptions, create_engine
from app.models import Base
from app.models.base import UtcDateTime
from app.repositories.audit_event import EXPRESSION_INDEXES
from app.repositories.schema import SCHEMA_REVISION
from app.repositories.statements.user_search import SEARCH_INDEX
from app.repositories.upgrade.backfill import BackfillDue, is_due
from app.services.server.startup import why_unusable

# Whoever migrates holds both locks of PostgreSQL; others wait and find the work done.
# The first ends with each transaction, the second with the last of them.
_LOCK = zlib.crc32(b"auth-serve:migrate")
_TURN = zlib.crc32(b"auth-serve:migrate:turn")
_PAUSE = 0.1  # seconds between two looks whether it is our turn


def _render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write plain types into migrations: they must not change when the models do."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def _is_compared(
    item: Any, name: str | None, kind: str, _reflected: bool, _other: object
) -> bool:
    """Leave out what the models do not say, and what is the other engine's."""
    if kind != "index":
        return True
    here = context.get_context().dialect.name
    known = name not in {SEARCH_INDEX, *EXPRESSION_INDEXES}
    return known and item.info.get("dialect", here) == here


def _number(
    _context: MigrationContext, _heads: object, directives: list[MigrationScript]
) -> None:
    """Name a new revision by the next number: the start compares them as numbers."""
    for directive in directives:
        directive.rev_id = f"{int(SCHEMA_REVISION) + 1:04d}"


def _wait_briefly(connection: Connection) -> None:
    """Let a migration wait for its tables briefly or fail.

    Else everybody would queue behind it.
    """
    connection.execute(text("SET LOCAL lock_timeout = '5s'"))


def _refuse_early(
    connection: Connection, steps: Iterable[RevisionStep]
) -> Iterator[RevisionStep]:
    """Hand on one step after the other, none whose rows still wait for a backfill.

    Raises:
        BackfillDue: Where that is so.
    """
    for step in steps:
        if isinstance(step, RevisionStep) and step.is_upgrade:
            _refuse_if_due(connection, step.revision)
        yield step


def _refuse_if_due(connection: Connection, migration: Script) -> None:
    for number in getattr(migration.module, "after_backfill", ()):
        backfill = context.script.get_revision(number).module.backfill
        if is_due(connection, backfill):
            before = str(migration.down_revision)
            table = backfill.table.name
            raise BackfillDue(migration.revision, before, table, number)


def _run(connection: Connection) -> None:
    is_sqlite = connection.dialect.name == "sqlite"

    def applied(**_: object) -> None:
        if not is_sqlite:  # an autocommit block ended the transaction, and this with it
            _wait_briefly(connection)

    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,  # written on either engine, it runs on both
        render_item=_render_item,
        include_object=_is_compared,
        process_revision_directives=_number,
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=False,
        transactional_ddl=True,
        on_version_apply=applied,
    )
    migrating: Any = context.get_context()
    steps = migrating._migrations_fn  # it calls nobody before a step
    migrating._migrations_fn = lambda *known: _refuse_early(connection, steps(*known))
    with context.begin_transaction():
        if not is_sqlite:  # on SQLite, BEGIN IMMEDIATE is the lock
            # Whatever the server or the role is set to: a turn may take long to come.
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            _wait_briefly(connection)
        context.run_migrations()


@asynccontextmanager
async def _alone(engine: AsyncEngine) -> AsyncIterator[None]:
    """Wait until nobody else migrates, and hold them off until the end.

    By asking again and again: a statement that waits keeps its snapshot, and an index
    that is built concurrently would wait for that while we wait for its builder.
    """
    if engine.dialect.name == "sqlite":
        yield
        return
    mine = text(f"SELECT pg_try_advisory_xact_lock({_TURN})")
    async with engine.connect() as turn:
        while not await turn.scalar(mine):
            await turn.rollback()
            await asyncio.sleep(_PAUSE)
        # Not before: what was selected last keeps its snapshot until what is next.
        await turn.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        yield


async def _migrate(engine: AsyncEngine) -> None:
    try:
        async with _alone(engine), engine.connect() as connection:
            await connection.run_sync(_run)
            await connection.commit()
    finally:
        await engine.dispose()


def _engine() -> AsyncEngine:
    """Return an engine of the service's kind that never gives a statement up.

    The settings are those of whoever calls (a process that starts), or else of the
    environment; tests name a database instead.
    """
    given = context.config.get_main_option("sqlalchemy.url")
    if given:
        return create_engine(given, PoolOptions(statement_timeout=None))
    settings: Settings = context.config.attributes.get("settings") or load_settings()
    other = {"migrate", "statement_timeout", "pool_size"}
    chosen = settings.database.model_dump(exclude=other)
    return create_engine(
        settings.database_url.get_secret_value(),
        PoolOptions(**chosen, statement_timeout=None, pool_size=2),
    )


try:
    _chosen = _engine()
except SettingsError as refusal:
    sys.exit(f"auth-serve: {refusal}")
if _watch := context.config.attributes.get("watch"):
    _watch(_chosen.sync_engine)
try:
    asyncio.run(_migrate(_chosen))
except (DatabaseUnavailable, BackfillDue) as error:
    if context.config.attributes.get("settings"):
        raise  # a process that starts says it in its own way
    if isinstance(error, BackfillDue):
        sys.exit(
            f"auth-serve: {error}; run: alembic upgrade {error.before}, then "
            "auth-serve schema backfill, then this again"
        )
    sys.exit(f"auth-serve: {why_unusable(error)}")
