"""The schema at start: older, equal, newer, somebody else's."""

import logging
from typing import Any

import pytest
from sqlalchemy import text

from app.config import Settings
from app.repositories.schema import SchemaRepository
from app.services.runtime import Runtime, build_runtime
from app.services.startup import StartRefused, start
from tests.conftest import SECRET

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
@pytest.mark.parametrize("newer", ["0002", "0999", "10000"])
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


@pytest.mark.parametrize("other", ["0000", "ae1027a6acf0"])
async def test_an_older_schema_or_one_of_another_program_refuses_the_start(
    database_url: str, other: str
) -> None:
    runtime = make_runtime(database_url, migrate=False)
    await set_revision(runtime, other)

    with pytest.raises(StartRefused, match="schema"):
        await start(runtime)

    await runtime.close()
