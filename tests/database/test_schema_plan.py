"""``schema plan`` and ``schema rehearse``: what an upgrade does, told before."""

import asyncio
import json
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest
from alembic import command
from sqlalchemy import Connection, inspect, text
from typer.testing import CliRunner, Result

from app.cli.commands import app
from app.repositories.schema import MIGRATIONS, SCHEMA_REVISION
from app.repositories.upgrade.database_copy import why_unfit
from tests.conftest import SECRET, migrate
from tests.database.test_migrations import _config, _look
from tests.servers.postgres import binaries, create_database, drop_database

OLD = "0016"
# Their numbers may have gaps: a branch that was not taken had them.
REVISIONS = sorted(e.name[:4] for e in (MIGRATIONS / "versions").glob("0*_*.py"))


@pytest.fixture
async def old(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database that an upgrade has to do something for, of the operator's shell."""
    await asyncio.to_thread(migrate, empty_database_url, OLD)
    await _look(empty_database_url, _add_people)
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", empty_database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)
    return empty_database_url


def _add_people(connection: Connection) -> None:
    names = "id, email, email_canonical, email_verified, search_text, status, version"
    now = "'2026-01-01 00:00:00+00'"
    for number in range(3):
        key = f"'{number:032x}', 'a{number}', 'a{number}'"
        values = f"{key}, true, '', 'active', 1, {now}, {now}"
        statement = (
            f"INSERT INTO users ({names}, created_at, updated_at) "  # noqa: S608
            f"VALUES ({values})"
        )
        connection.execute(text(statement))
    connection.commit()


async def _run(*arguments: str) -> Result:
    def work() -> Result:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(CliRunner().invoke, app, list(arguments)).result()

    return await asyncio.to_thread(work)


async def _json(*arguments: str) -> Any:
    done = await _run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def _state(connection: Connection) -> tuple[list[str], str, int]:
    tables = sorted(inspect(connection).get_table_names())
    revision = connection.execute(text("SELECT version_num FROM alembic_version"))
    people = connection.execute(text("SELECT count(*) FROM users"))
    return tables, revision.scalar_one(), people.scalar_one()


async def test_a_plan_tells_each_step_and_changes_nothing(old: str) -> None:
    before = await _look(old, _state)

    told = await _json("schema", "plan")

    assert await _look(old, _state) == before
    assert (told["revision"], told["target"]) == (OLD, SCHEMA_REVISION)
    numbers = [int(step["revision"]) for step in told["steps"]]
    assert numbers == [int(each) for each in REVISIONS if each > OLD]
    [drop] = [step for step in told["steps"] if step["revision"] == "0018"]
    assert drop["kinds"] == ["contract"]
    assert drop["statements"] == ["ALTER TABLE users DROP COLUMN devices_forgotten_at"]
    [lock] = drop["locks"]
    assert (lock["table"], lock["rows"]) == ("users", 3)
    is_sqlite = old.startswith("sqlite")
    mode = "the one writer of SQLite" if is_sqlite else "ACCESS EXCLUSIVE"
    keeps_out = "writers" if is_sqlite else "readers and writers"
    assert (lock["mode"], lock["keeps_out"]) == (mode, keeps_out)


async def test_a_release_that_names_what_is_dropped_does_not_run_beside(
    old: str,
) -> None:
    """Schema 0018 drops what only the releases of 0017 and later do without."""
    from_afar = await _json("schema", "plan")
    await asyncio.to_thread(migrate, old, "0017")
    from_before = await _json("schema", "plan")

    assert from_afar["beside"] is False
    apart = [step["revision"] for step in from_afar["steps"] if not step["beside"]]
    assert apart == ["0018"]
    assert from_before["beside"] is True


async def test_statements_of_the_plan_are_those_of_the_upgrade(old: str) -> None:
    """What is measured on the copy locks what was planned."""
    planned = await _json("schema", "plan")

    measured = await _json("schema", "rehearse")

    def locks(told: dict[str, Any]) -> dict[str, set[tuple[str, str]]]:
        return {
            step["revision"]: {(each["table"], each["keeps_out"]) for each in found}
            for step in told["steps"]
            if (found := [each for each in step["locks"] if each["keeps_out"]])
        }

    assert locks(measured) == locks(planned)
    assert len(measured["steps"]) == len(planned["steps"])


async def test_a_rehearsal_leaves_the_database_as_it_is_and_no_copy(
    old: str, postgres_url: str, tmp_path: Path
) -> None:
    before = await _look(old, _state)

    told = await _json("schema", "rehearse")
    people = await _run("schema", "rehearse")

    assert await _look(old, _state) == before
    assert told["steps"][-1]["revision"] == SCHEMA_REVISION
    assert told["seconds"] > 0
    assert f"{len(told['steps'])} steps" in people.stdout
    assert not [*tmp_path.glob("auth-serve-rehearsal-*")]
    server = await asyncpg.connect(postgres_url)
    query = "SELECT count(*) FROM pg_database WHERE datname LIKE '%rehearsal%'"
    assert await server.fetchval(query) == 0
    await server.close()


async def test_a_rehearsal_that_fails_leaves_no_copy_either(
    old: str, postgres_url: str, tmp_path: Path
) -> None:
    """Somebody made a table by hand that a migration wants to make."""
    await _look(old, _obstruct)

    done = await _run("schema", "rehearse")

    assert done.exit_code != 0
    assert not [*tmp_path.glob("auth-serve-rehearsal-*")]
    server = await asyncpg.connect(postgres_url)
    query = "SELECT count(*) FROM pg_database WHERE datname LIKE '%rehearsal%'"
    assert await server.fetchval(query) == 0
    await server.close()


def _obstruct(connection: Connection) -> None:
    connection.execute(text("CREATE TABLE checklist_marks (item INTEGER)"))
    connection.commit()


@pytest.mark.parametrize("empty_database_url", ["postgresql"], indirect=True)
async def test_a_server_in_use_without_pg_dump_is_not_locked_for_a_copy(
    old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    service = await asyncpg.connect(old)

    refused = await _run("schema", "rehearse")
    await service.close()
    done = await _json("schema", "rehearse")

    assert refused.exit_code == 1
    assert "stop the service" in refused.stderr
    assert done["copied_by"] == "CREATE DATABASE ... TEMPLATE"


@pytest.mark.parametrize("empty_database_url", ["postgresql"], indirect=True)
async def test_a_pg_dump_older_than_the_server_is_told_of_before_anything_begins(
    old: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pg_dump", "pg_restore"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24 (Debian)'\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    server = await asyncpg.connect(old)

    refused = await _run("schema", "rehearse")
    await server.close()
    done = await _run("schema", "rehearse", "--json")

    older = "the pg_dump here is of PostgreSQL 9, which is older than the server's"
    assert refused.exit_code == 1
    assert done.exit_code == 0, done.output
    for each in (refused, done):
        first = each.stderr.splitlines()[0]
        assert first.startswith(older) and "nobody may be connected" in first
    assert json.loads(done.stdout)["copied_by"] == "CREATE DATABASE ... TEMPLATE"


@pytest.mark.parametrize(
    ("tool", "server", "said"),
    [
        (15, 16, "older than the server's 16"),
        (18, 16, "the server's 16 does not know that"),
        (16, 15, ""),
        (18, 17, ""),
        (18, 18, ""),
    ],
)
def test_a_pg_dump_copies_what_it_reads_and_the_server_takes_back(
    tool: int, server: int, said: str
) -> None:
    reason = why_unfit(tool, server)

    assert said in reason
    assert bool(reason) == bool(said)


# The server's own, the newest there is, none.
@pytest.mark.parametrize("program", ["pg_dump", "newest", "none"])
async def test_a_name_that_has_to_be_quoted_is_copied_all_the_same(
    postgres_url: str, program: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = "odd \"one\" of='x' :y %z"
    version = int(os.environ.get("TEST_POSTGRES_VERSION", "18"))
    folders = {"pg_dump": binaries(version), "newest": binaries(18), "none": tmp_path}
    monkeypatch.setenv("PATH", str(folders[program]))
    await create_database(postgres_url, name)
    url = f"{postgres_url.rpartition('/')[0]}/{quote(name, safe='')}"
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)

    done = await _json("schema", "rehearse")

    server = await asyncpg.connect(postgres_url)
    names = await server.fetch("SELECT datname FROM pg_database")
    await server.close()
    await drop_database(postgres_url, name)
    fits = program == "pg_dump" or (program, version) == ("newest", 18)
    assert done["copied_by"] == ("pg_dump" if fits else "CREATE DATABASE ... TEMPLATE")
    assert [n for [n] in names if n.startswith("odd")] == [name]


@pytest.mark.parametrize("empty_database_url", ["postgresql"], indirect=True)
async def test_a_role_that_may_make_no_database_is_told_what_it_needs(
    old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await asyncpg.connect(old)
    await server.execute("CREATE ROLE plain LOGIN PASSWORD 'plain'")
    await server.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO plain")
    await server.close()
    scheme, _, rest = old.partition("://")
    place = rest.rpartition("@")[2]
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", f"{scheme}://plain:plain@{place}")

    done = await _run("schema", "rehearse")

    server = await asyncpg.connect(old)
    await server.execute("DROP OWNED BY plain")
    await server.execute("DROP ROLE plain")
    await server.close()
    assert done.exit_code == 1
    assert "CREATEDB" in done.stderr


@pytest.mark.parametrize("empty_database_url", ["sqlite"], indirect=True)
async def test_another_programs_schema_is_refused(old: str) -> None:
    with sqlite3.connect(old.removeprefix("sqlite:///")) as file:
        file.execute("UPDATE alembic_version SET version_num = 'abcdef'")

    done = await _run("schema", "plan")
    upgraded = await _run("schema", "upgrade")

    assert done.exit_code != 0
    assert "another program" in done.stderr
    assert upgraded.exit_code == 3 and "cannot be migrated" in upgraded.stderr


async def test_a_schema_is_upgraded_without_alembics_own_file(old: str) -> None:
    """As from a wheel; without a schema the operator is told to run it."""
    told = await _json("schema", "upgrade")
    again = await _json("schema", "upgrade")

    assert told == {"before": OLD, "revision": SCHEMA_REVISION}
    assert again == {"before": SCHEMA_REVISION, "revision": SCHEMA_REVISION}
    assert (await _look(old, _state))[1:] == (SCHEMA_REVISION, 3)


async def test_every_step_back_keeps_what_the_schema_before_can_hold(
    empty_database_url: str,
) -> None:
    """Rows of tables that stay are there after each step down, and up again."""
    url = empty_database_url
    await asyncio.to_thread(migrate, url, OLD)
    await _look(url, _add_people)
    await asyncio.to_thread(migrate, url)
    first = await _look(url, _rows)

    def down_and_up() -> None:
        for revision in REVISIONS[-2:-5:-1]:
            command.downgrade(_config(url), revision)
            left = asyncio.run(_look(url, _rows))
            assert left.items() <= first.items(), revision
        command.upgrade(_config(url), "head")

    await asyncio.to_thread(down_and_up)

    assert await _look(url, _rows) == first


def _rows(connection: Connection) -> dict[str, int]:
    tables = set(inspect(connection).get_table_names()) - {"alembic_version"}
    return {
        name: connection.execute(
            text(f'SELECT count(*) FROM "{name}"')  # noqa: S608
        ).scalar_one()
        for name in tables
    }
