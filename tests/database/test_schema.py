"""The schema at start: older, equal, newer, somebody else's; and bringing it along."""

import asyncio
import logging
import zlib
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app import database
from app.config import Settings
from app.database import Database, PoolOptions
from app.repositories.schema import SCHEMA_REVISION, SchemaRepository
from app.services.server.runtime import Runtime, build_runtime
from app.services.server.startup import StartRefused, start
from tests.conftest import SECRET

NEXT = f"{int(SCHEMA_REVISION) + 1:04d}"
NEWER = "the schema is newer than this release"


def make_runtime(url: str, **database_settings: Any) -> Runtime:
    values = {"database_url": url, "secret_key": SECRET, "database": database_settings}
    return build_runtime(Settings.model_validate(values))


async def set_revision(runtime: Runtime, revision: str) -> None:
    async with runtime.database.session() as db:
        query = text("UPDATE alembic_version SET version_num = :revision")
        await db.execute(query, {"revision": revision})
        await db.commit()


async def test_a_process_starts_on_its_own_schema_without_a_word_about_it(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    runtime = make_runtime(database_url, migrate=False)
    with caplog.at_level(logging.INFO):
        await start(runtime)
    await runtime.close()

    assert "started" in caplog.messages
    assert NEWER not in caplog.messages


@pytest.mark.parametrize("migrate", [False, True])
@pytest.mark.parametrize("newer", [NEXT, "0999", "10000"])
async def test_the_previous_release_starts_on_a_newer_schema_and_says_so_once(
    database_url: str, caplog: pytest.LogCaptureFixture, newer: str, migrate: bool
) -> None:
    runtime = make_runtime(database_url, migrate=migrate)
    await set_revision(runtime, newer)

    await start(runtime)

    found = await SchemaRepository(runtime.database).revision()
    await runtime.close()
    assert found == newer
    assert caplog.messages.count(NEWER) == 1


@pytest.mark.parametrize("migrate", [False, True])
@pytest.mark.parametrize("other", ["0000", "ae1027a6acf0"])
async def test_an_older_schema_or_one_of_another_program_refuses_the_start(
    database_url: str, other: str, migrate: bool
) -> None:
    runtime = make_runtime(database_url, migrate=migrate)
    await set_revision(runtime, other)

    with pytest.raises(StartRefused, match="schema"):
        await start(runtime)

    await runtime.close()


async def test_a_start_migrates_its_own_database_and_not_the_environments(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere.db"
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", f"sqlite:///{elsewhere}")
    runtime = make_runtime(_with_percent(empty_database_url))

    await start(runtime)

    found = await SchemaRepository(runtime.database).revision()
    await runtime.close()
    assert found == SCHEMA_REVISION
    assert not elsewhere.exists()


def _with_percent(url: str) -> str:
    """Return the address with a sign that means something to Alembic's parser."""
    if url.startswith("sqlite"):
        return url.replace("empty.db", "100%(here)s.db")
    before, at, host = url.rpartition("@")
    return f"{before[:-1]}%{ord(before[-1]):02X}{at}{host}"


async def test_a_migration_waits_for_its_turn_longer_than_a_statement_may_take(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is not told otherwise gives up after a second.
    hurried = partial(PoolOptions, statement_timeout=1)
    monkeypatch.setattr(database, "PoolOptions", hurried)
    runtime = make_runtime(
        empty_database_url, statement_timeout=1, prepared_statements=False
    )
    other = Database(empty_database_url, PoolOptions(statement_timeout=60))
    async with other.session() as db:
        await db.execute(text("SELECT 1") if other.is_sqlite else _LOCK)
        starting = asyncio.create_task(start(runtime))
        names: list[str] = []
        while not (other.is_sqlite or names or starting.done()):
            await db.execute(text("SELECT pg_stat_clear_snapshot()"))
            names = [*await db.scalars(_WAITING)]
            await asyncio.sleep(0.01)
        await asyncio.sleep(2.5)
        was_waiting = not starting.done()
        await db.rollback()

    await starting
    await runtime.close()
    await other.close()
    assert was_waiting
    # A pooler refuses start-up parameters; the name would be one of them.
    assert names == ([] if other.is_sqlite else [""])


_LOCK = text(f"SELECT pg_advisory_xact_lock({zlib.crc32(b'auth-serve:migrate')})")
_WAITING = text(
    "SELECT application_name FROM pg_stat_activity"
    " WHERE wait_event = 'advisory' AND datname = current_database()"
)
