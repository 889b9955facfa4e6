"""Runs migrations: one process at a time, all of them in one transaction."""

import asyncio
import zlib
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, text

from app.config import load_settings
from app.database import create_engine
from app.models import Base
from app.models.base import UtcDateTime

# Whoever migrates holds this lock of PostgreSQL; others wait and find the work done.
_LOCK = zlib.crc32(b"auth-serve:migrate")


def _render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write plain types into migrations: they must not change when the models do."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def _run(connection: Connection) -> None:
    is_sqlite = connection.dialect.name == "sqlite"
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=is_sqlite,
        render_item=_render_item,
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=False,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        if not is_sqlite:  # on SQLite, BEGIN IMMEDIATE is the lock
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            # A migration waits for its tables briefly or fails; it never makes
            # everybody else queue behind it.
            connection.execute(text("SET LOCAL lock_timeout = '5s'"))
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        context.run_migrations()


async def _migrate(url: str) -> None:
    engine = create_engine(url)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_run)
            await connection.commit()
    finally:
        await engine.dispose()


def _url() -> str:
    given: str | None = context.config.get_main_option("sqlalchemy.url")
    return given or load_settings().database_url.get_secret_value()


asyncio.run(_migrate(_url()))
