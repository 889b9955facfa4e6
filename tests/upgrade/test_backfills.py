"""``schema backfill``: rows that a migration left, done while the service runs.

By a release with two more migrations: one adds a column and leaves its rows to a
backfill, the next demands it.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from app.config import Settings
from app.models.user import User
from app.repositories.schema import SCHEMA_REVISION
from app.repositories.upgrade.backfill import Backfill
from app.services.process.batches import BATCH, Pace
from app.services.server import schema
from app.services.server.runtime import Runtime, build_runtime
from app.services.server.upgrade import backfill, recording
from app.services.server.upgrade.backfill import BackfillRefused, BackfillService, Due
from app.services.server.upgrade.recording import Migration
from tests.conftest import ROOT, SECRET, migrate
from tests.database.test_migrations import _look
from tests.database.test_schema_plan import _json, _run
from tests.support.chance import FakeClock

PEOPLE = 5 * BATCH + 7
EXPAND = f'''"""Add the domain of each address.

Expand: nobody else knows it.
"""

import sqlalchemy as sa
from alembic import op

from app.repositories.upgrade.backfill import Backfill

revision = "0900"
down_revision = "{SCHEMA_REVISION}"

_users = sa.table(
    "users",
    sa.column("id", sa.Uuid()),
    sa.column("email", sa.String()),
    sa.column("domain", sa.String()),
)
backfill = Backfill(
    _users,
    undone=_users.c.domain.is_(None),
    fill=lambda row: {{"domain": row["email"].rpartition("@")[2]}},
)


def upgrade() -> None:
    op.add_column("users", sa.Column("domain", sa.String(255)))


def downgrade() -> None:
    op.drop_column("users", "domain")
'''
CONTRACT = '''"""Drop what the domain was taken from before.

Contract: it is taken from the column since 0900.
"""

import sqlalchemy as sa
from alembic import op

revision = "0901"
down_revision = "0900"
unused_since = "0900"
after_backfill = ("0900",)


def upgrade() -> None:
    op.drop_column("users", "zoneinfo")


def downgrade() -> None:
    op.add_column("users", sa.Column("zoneinfo", sa.String(64)))
'''


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """Return the migrations of a release to come."""
    folder = tmp_path / "alembic"
    shutil.copytree(ROOT / "alembic", folder, ignore=shutil.ignore_patterns("*.pyc"))
    (folder / "versions" / "0900_domain.py").write_text(EXPAND)
    (folder / "versions" / "0901_zoneinfo.py").write_text(CONTRACT)
    return folder


def _settings(url: str) -> Settings:
    return Settings.model_validate(
        {"database_url": url, "secret_key": SECRET, "jobs": False}
    )


def _begin(release: Path, url: str, *arguments: str) -> "subprocess.Popen[str]":
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": str(ROOT),
        "MORE_MIGRATIONS": str(release),
        "AUTH_SERVE_DATABASE_URL": url,
        "AUTH_SERVE_SECRET_KEY": SECRET,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tests.upgrade.backfilling", "schema", *arguments],
        cwd=release.parent,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def here(
    release: Path, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let that release be this process."""
    monkeypatch.setattr(schema, "MIGRATIONS", release)
    monkeypatch.setattr(recording, "_FILES", release / "versions")
    monkeypatch.setattr("app.repositories.schema.SCHEMA_REVISION", "0901")
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", empty_database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)


def _add_people(connection: Connection) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    people = [
        {"id": UUID(int=number), "email": f"p{number}@example.com", "status": "active"}
        | {"email_verified": True, "search_text": "", "version": 1}
        | {"email_canonical": str(number), "created_at": now, "updated_at": now}
        for number in range(PEOPLE)
    ]
    connection.execute(sa.insert(User), people)
    connection.commit()


def _filled(connection: Connection) -> int:
    query = text("SELECT count(*) FROM users WHERE domain = 'example.com'")
    return int(connection.execute(query).scalar_one())


def _revision(connection: Connection) -> str:
    query = text("SELECT version_num FROM alembic_version")
    return str(connection.execute(query).scalar_one())


async def _until(url: str, look: Callable[[Connection], int]) -> None:
    deadline = time.monotonic() + 60
    while not await _look(url, look):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


@pytest.mark.usefixtures("here")
async def test_a_contract_waits_for_its_backfill_which_is_killed_and_begun_again(
    release: Path, empty_database_url: str
) -> None:
    url = empty_database_url
    await asyncio.to_thread(migrate, url)
    await _look(url, _add_people)
    told = await _json("schema", "plan")
    with pytest.raises(schema.SchemaMismatch, match="auth-serve schema backfill"):
        await schema.upgrade(_settings(url))
    between = await _look(url, _revision)

    slow = _begin(release, url, "backfill", "--share", "1")
    await _until(url, _filled)
    second = await _run("schema", "backfill")
    slow.kill()
    slow.communicate()
    half = await _look(url, _filled)
    with pytest.raises(schema.SchemaMismatch, match="0901 has to wait"):
        await schema.upgrade(_settings(url))
    done = await _json("schema", "backfill", "--share", "100")
    again = await _run("schema", "backfill")
    await schema.upgrade(_settings(url))

    assert [step["after_backfill"] for step in told["steps"]] == [[], ["0900"]]
    assert told["due"] == [
        {"revision": "0900", "table": "users", "rows": PEOPLE, "needed_by": "0901"}
    ]
    assert between == "0900"
    assert second.exit_code == 1 and "another process is at it" in second.stderr
    assert 0 < half < PEOPLE
    changed = {"revision": "0900", "table": "users", "changed": PEOPLE - half}
    assert done == [changed]
    assert again.exit_code == 0 and "no backfill is due" in again.stderr
    assert await _look(url, _filled) == PEOPLE
    assert await _look(url, _revision) == "0901"


async def test_an_upgrade_by_hand_is_told_what_to_run_and_an_empty_one_goes_through(
    release: Path, empty_database_url: str
) -> None:
    url = empty_database_url
    config = Config()
    config.set_main_option("script_location", str(release))
    config.set_main_option("path_separator", "os")
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    await asyncio.to_thread(command.upgrade, config, SCHEMA_REVISION)
    await _look(url, _add_people)

    with pytest.raises(SystemExit, match="alembic upgrade 0900, then auth-serve"):
        await asyncio.to_thread(command.upgrade, config, "head")
    stays = await _look(url, _revision)
    await _look(url, _remove_people)
    await asyncio.to_thread(command.upgrade, config, "head")

    assert stays == SCHEMA_REVISION
    assert await _look(url, _revision) == "0901"


def _remove_people(connection: Connection) -> None:
    connection.execute(text("DELETE FROM users"))
    connection.commit()


USERS = sa.table(
    "users",
    sa.column("id", sa.Uuid()),
    sa.column("email", sa.String()),
    sa.column("name", sa.String()),
)


@pytest.fixture
async def people(database_url: str, clock: FakeClock) -> AsyncIterator[Runtime]:
    await _look(database_url, _add_people)
    runtime = build_runtime(_settings(database_url), clock=clock)
    yield runtime
    await runtime.close()


async def test_it_takes_no_more_of_the_time_than_it_was_told(
    people: Runtime, clock: FakeClock
) -> None:
    rests = []

    async def sleep(seconds: float) -> None:
        rests.append(seconds)

    def fill(row: Mapping[str, Any]) -> dict[str, Any]:
        clock.advance(seconds=0.01)  # the work of a row
        return {"name": row["email"]}

    due = Due("0900", Backfill(USERS, USERS.c.name.is_(None), fill), None, PEOPLE)
    looked = 0

    def step() -> None:
        nonlocal looked
        looked += 1

    [done] = await BackfillService(people).run([due], Pace(0.25, sleep), step)

    assert (done.changed, looked) == (PEOPLE, PEOPLE)
    assert rests == pytest.approx([3 * 0.01 * BATCH] * (PEOPLE // BATCH))


async def test_rows_that_are_left_at_the_end_are_told_of(
    people: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those that the release before writes meanwhile."""

    def fill(row: Mapping[str, Any]) -> dict[str, Any]:
        return {"name": None if row["email"] == "p3@example.com" else "somebody"}

    left = Backfill(USERS, USERS.c.name.is_(None), fill)
    known = [Migration("0001", left, ())]
    monkeypatch.setattr(backfill, "migrations", lambda: known)
    service = BackfillService(people)

    with pytest.raises(BackfillRefused, match="still writes"):
        await service.run(await service.due(), Pace(1.0))

    left_out = await service.due()
    assert [each.table for each in left_out] == ["users"]
