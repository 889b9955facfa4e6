"""The schema: migrated up and down, and the same as the models say on both engines."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, UniqueConstraint, inspect, text

from app.config import Settings
from app.database import create_engine
from app.models import Base
from app.repositories.schema import SCHEMA_REVISION
from app.services.accounts.address import CollisionService
from app.services.server.runtime import build_runtime
from tests.conftest import ROOT, SECRET, migrate
from tests.factories.oauth import ApplicationFactory, CodeFactory
from tests.factories.user import UserFactory
from tests.servers.service import spawned
from tests.support.api import PASSWORD

T = TypeVar("T")


def _config(url: str) -> Config:
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


async def _look(url: str, look: Callable[[Connection], T]) -> T:
    engine = create_engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(look)
    finally:
        await engine.dispose()


async def _add_person(url: str) -> None:
    settings = {"database_url": url, "secret_key": SECRET, "jobs": False}
    runtime = build_runtime(Settings.model_validate(settings))
    await UserFactory(runtime).with_password(PASSWORD)
    await runtime.close()


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


async def test_trap_14_a_database_with_data_goes_down_and_up_again(
    empty_database_url: str,
) -> None:
    await asyncio.to_thread(migrate, empty_database_url)
    await _add_person(empty_database_url)

    await asyncio.to_thread(migrate, empty_database_url, "base")
    left = await _look(empty_database_url, _tables)
    await asyncio.to_thread(migrate, empty_database_url)

    assert left == set()
    assert await _look(empty_database_url, _tables) == set(Base.metadata.tables)
    await _add_person(empty_database_url)


def _columns(connection: Connection) -> dict[str, list[str]]:
    """Return the columns of each table, as the database describes them."""
    seen = inspect(connection)
    return {
        table: [
            f"{column['name']} {column['type']}" for column in seen.get_columns(table)
        ]
        for table in sorted(_tables(connection))
    }


def _people(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM users")).scalar_one())


async def test_the_provider_comes_and_goes_and_leaves_the_release_before_unharmed(
    empty_database_url: str,
) -> None:
    url = empty_database_url
    await asyncio.to_thread(migrate, url, "0001")
    before = await _look(url, _columns)
    await asyncio.to_thread(migrate, url)
    beside = await _look(url, _columns)
    settings = {"database_url": url, "secret_key": SECRET, "jobs": False}
    runtime = build_runtime(Settings.model_validate(settings))
    user = await UserFactory(runtime).with_password(PASSWORD)
    await CodeFactory(runtime)(await ApplicationFactory(runtime)(), user)
    await runtime.close()

    await asyncio.to_thread(command.downgrade, _config(url), "0001")
    after, people = await _look(url, _columns), await _look(url, _people)
    await asyncio.to_thread(migrate, url)

    # Columns may come, at the end; whoever does not know them leaves them empty.
    kept = {table: beside[table][: len(before[table])] for table in before}
    assert kept == before
    assert after == before
    assert (people, await _look(url, _people)) == (1, 1)


async def test_clients_of_before_are_vouched_for_by_who_made_them(
    empty_database_url: str,
) -> None:
    """ADR-0014: what registered itself until now is nobody's, and stays up and down."""
    url = empty_database_url
    await asyncio.to_thread(command.upgrade, _config(url), "0002")
    await _look(url, _add_clients)

    await asyncio.to_thread(migrate, url)
    vouched = await _look(url, _vouchers)
    await asyncio.to_thread(command.downgrade, _config(url), "0002")
    await asyncio.to_thread(migrate, url)

    assert vouched == {"own": "administrator", "strange": "nobody"}
    assert await _look(url, _vouchers) == vouched


def _add_clients(connection: Connection) -> None:
    columns = (
        "client_id, client_name, document, status, is_self_registered, "
        "is_first_party, is_resource_server, version, created_at, updated_at"
    )
    for name, is_self_registered in (("own", False), ("strange", True)):
        values = (
            f"'{name}', '', '{{}}', 'active', {is_self_registered}, false, false, 1, "
            "'2026-01-01 00:00:00+00', '2026-01-01 00:00:00+00'"
        )
        query = f"INSERT INTO oauth_clients ({columns}) VALUES ({values})"  # noqa: S608
        connection.execute(text(query))
    connection.commit()


def _vouchers(connection: Connection) -> dict[str, str]:
    rows = connection.execute(text("SELECT client_id, vouched_by FROM oauth_clients"))
    return {row.client_id: row.vouched_by for row in rows}


async def test_the_models_ask_for_no_other_schema_than_the_migrations_make(
    database_url: str,
) -> None:
    # Raises when a new migration would hold anything.
    await asyncio.to_thread(command.check, _config(database_url))


async def test_a_column_that_nothing_names_goes_and_comes_back_and_accounts_stay(
    empty_database_url: str,
) -> None:
    url, name = empty_database_url, "devices_forgotten_at"
    await asyncio.to_thread(migrate, url, "0017")
    await _look(url, _fill)
    before = await _look(url, _keys)
    assert name in await _look(url, _columns_of_users)

    await asyncio.to_thread(migrate, url)
    assert name not in await _look(url, _columns_of_users)
    assert await _look(url, _keys) == before

    await asyncio.to_thread(command.downgrade, _config(url), "0017")
    assert name in await _look(url, _columns_of_users)
    assert await _look(url, _keys) == before


async def test_looks_of_clients_come_and_go_and_the_clients_stay(
    empty_database_url: str,
) -> None:
    url = empty_database_url
    await asyncio.to_thread(migrate, url, "0018")
    await _look(url, _add_clients)

    await asyncio.to_thread(migrate, url)
    assert await _look(url, _themes) == {"own": None, "strange": None}
    await _look(url, _put_theme)
    assert "#7a1f5c" in str((await _look(url, _themes))["own"])
    await asyncio.to_thread(command.downgrade, _config(url), "0018")
    assert (await _look(url, _vouchers)).keys() == {"own", "strange"}
    await asyncio.to_thread(migrate, url)

    assert await _look(url, _themes) == {"own": None, "strange": None}


def _put_theme(connection: Connection) -> None:
    query = """UPDATE oauth_clients SET theme = '{"accent"\\: "#7a1f5c"}'"""
    connection.execute(text(query))
    connection.commit()


def _themes(connection: Connection) -> dict[str, Any]:
    rows = connection.execute(text("SELECT client_id, theme FROM oauth_clients"))
    return {row.client_id: row.theme for row in rows}


def _columns_of_users(connection: Connection) -> set[str]:
    return {column["name"] for column in inspect(connection).get_columns("users")}


def test_the_revision_that_the_code_wants_is_the_only_head() -> None:
    scripts = ScriptDirectory.from_config(_config("sqlite://"))

    assert scripts.get_heads() == [SCHEMA_REVISION]


def _found(connection: Connection) -> dict[str, set[Any]]:
    """Return what the database enforces, by kind; Alembic does not compare CHECKs."""
    found: dict[str, set[Any]] = {"unique": set(), "foreign": set(), "check": set()}
    seen = inspect(connection)
    for table in _tables(connection):
        for unique in seen.get_unique_constraints(table):
            found["unique"].add((table, tuple(unique["column_names"])))
        for index in seen.get_indexes(table):
            if index["unique"]:
                found["unique"].add((table, tuple(index["column_names"])))
        for key in seen.get_foreign_keys(table):
            columns = tuple(key["constrained_columns"])
            rule = key.get("options", {}).get("ondelete")
            found["foreign"].add((table, columns, key["referred_table"], rule))
        for check in seen.get_check_constraints(table):
            found["check"].add((table, check["name"]))
    return found


def _wanted() -> dict[str, set[Any]]:
    """Return the same from the models."""
    wanted: dict[str, set[Any]] = {"unique": set(), "foreign": set(), "check": set()}
    for name, table in Base.metadata.tables.items():
        for rule in table.constraints:
            if isinstance(rule, UniqueConstraint):
                wanted["unique"].add((name, tuple(rule.columns.keys())))
            if isinstance(rule, CheckConstraint):
                wanted["check"].add((name, str(rule.name)))
        for index in table.indexes:
            if index.unique:
                wanted["unique"].add((name, tuple(index.columns.keys())))
        for key in table.foreign_key_constraints:
            columns = tuple(key.column_keys)
            entry = (name, columns, key.referred_table.name, key.ondelete)
            wanted["foreign"].add(entry)
    return wanted


async def test_trap_14_the_database_enforces_what_the_models_promise(
    database_url: str,
) -> None:
    found = await _look(database_url, _found)

    assert found == _wanted()
    assert found["unique"] and found["foreign"]


async def test_processes_that_start_at_once_on_an_empty_database_migrate_it_once(
    empty_database_url: str, tmp_path: Path
) -> None:
    migrates = {"AUTH_SERVE_DATABASE__MIGRATE": "true"}
    with ExitStack() as stack:
        several = [
            stack.enter_context(spawned(empty_database_url, tmp_path / name, migrates))
            for name in ("a", "b", "c", "d")
        ]
        for service in several:
            await asyncio.to_thread(service.wait_until_ready)

    found = await _look(empty_database_url, _versions)
    assert found == [SCHEMA_REVISION]
    assert await _look(empty_database_url, _tables) == set(Base.metadata.tables)


def _versions(connection: Connection) -> list[str]:
    return list(connection.scalars(text("SELECT version_num FROM alembic_version")))


def test_a_process_on_an_old_database_refuses_to_start_and_says_what_to_run(
    empty_database_url: str, tmp_path: Path
) -> None:
    stays = {"AUTH_SERVE_DATABASE__MIGRATE": "false"}

    with spawned(empty_database_url, tmp_path / "a", stays) as service:
        code = service.wait()

    assert code != 0
    assert "alembic upgrade head" in service.output()


# Email, verified, and the key that the release before wrote.
BEFORE = [
    ("Ann@Example.com", True, "ann@example.com"),
    ("ｖictim@example.com", False, "victim@example.com"),
    ("x@faß.example", True, "x@fass.example"),
    ("straße@example.com", True, "strasse@example.com"),
    # Two ways of one domain, which no form of that release made: by hand, say.
    ("y@xn--fa-hia.example", False, "y@xn--fa-hia.example"),
    ("y@faß.example", True, "y@fass.example"),
]


def _fill(connection: Connection) -> None:
    columns = "id, email, email_canonical, email_verified, search_text, status, version"
    statement = (
        f"INSERT INTO users ({columns}, created_at, updated_at) VALUES "
        "(:id, :email, :key, :verified, '', 'active', 1, :now, :now)"
    )
    is_sqlite = connection.dialect.name == "sqlite"
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for number, (email, verified, key) in enumerate(BEFORE, 1):
        row = {"email": email, "key": key, "verified": verified}
        user_id = UUID(int=number)
        row |= {"id": user_id.hex if is_sqlite else user_id}
        row |= {"now": "2026-01-01 00:00:00.000000" if is_sqlite else now}
        connection.execute(text(statement), row)
    connection.commit()


def _keys(connection: Connection) -> list[str]:
    return list(
        connection.scalars(text("SELECT email_canonical FROM users ORDER BY id"))
    )


async def test_keys_of_addresses_are_recomputed_both_ways_and_nobody_is_lost(
    empty_database_url: str,
) -> None:
    url = empty_database_url
    await asyncio.to_thread(migrate, url, "0004")
    await _look(url, _fill)

    await asyncio.to_thread(migrate, url)
    up = await _look(url, _keys)
    settings = {"database_url": url, "secret_key": SECRET, "jobs": False}
    runtime = build_runtime(Settings.model_validate(settings))
    [collision] = await CollisionService(runtime).list_all()
    await runtime.close()
    await asyncio.to_thread(command.downgrade, _config(url), "0004")
    down = await _look(url, _keys)

    assert up == [
        "ann@example.com",
        "ｖictim@example.com",
        "x@xn--fa-hia.example",
        "straße@example.com",
        f"collision:{UUID(int=5)}",
        "y@xn--fa-hia.example",
    ]
    assert (collision.email, collision.holder_email) == (BEFORE[4][0], BEFORE[5][0])
    assert down == [key for _, _, key in BEFORE]


async def test_what_the_release_before_writes_meanwhile_is_put_right(
    database_url: str,
) -> None:
    await _look(database_url, _fill)
    settings = {"database_url": database_url, "secret_key": SECRET, "jobs": False}
    runtime = build_runtime(Settings.model_validate(settings))

    changed = await CollisionService(runtime).put_right()
    again = await CollisionService(runtime).put_right()
    await runtime.close()

    assert (changed, again) == (4, 0)
    keys = await _look(database_url, _keys)
    assert keys[1:4] == [
        "ｖictim@example.com",
        "x@xn--fa-hia.example",
        "straße@example.com",
    ]
    assert keys[4:] == [f"collision:{UUID(int=5)}", "y@xn--fa-hia.example"]
