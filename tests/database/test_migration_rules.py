"""Rules that each migration keeps, so that N-1 serves on (docs/operations.md).

Read from what it would send, on both engines; nothing is sent.
"""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Executable, text
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg
from sqlalchemy.dialects.sqlite.aiosqlite import dialect as aiosqlite
from sqlalchemy.engine import Dialect

from app.database import create_engine
from app.services.server.upgrade.plan import recorded_effects
from app.services.server.upgrade.recording import Recorded, record, revisions
from app.services.server.upgrade.statement import (
    Effect,
    Kind,
    Mode,
    UnknownStatement,
    effect_of,
)

# Each was looked at; what comes next is in no list.
LONG = {
    ("0003", "oauth_clients"): "applications: some hundred rows",
    ("0005", "users"): "before the first release that anybody ran",
    ("0007", "user_claims"): "whoever has claims beyond the account: few",
    ("0032", "oauth_revoked_tokens"): "what was revoked within an access token's life",
    ("0036", "oauth_clients"): "applications: some hundred rows",
}
MIXED = {"0003", "0005"}
POSTGRESQL: Dialect = asyncpg()  # type: ignore[no-untyped-call]
SQLITE: Dialect = aiosqlite()


def _effects(recorded: Recorded, dialect: Dialect) -> list[Effect]:
    """Return what a migration does, one after another."""
    return [e for found in recorded_effects(recorded, dialect, {}) for e in found]


def _recorded(revision: str, dialect: Dialect) -> Recorded:
    """Record it for a server that has all there is, where there is none."""

    def look(query: Executable) -> Any:
        return datetime.now(UTC) if "now()" in str(query) else "public"

    return record(revision, dialect, look)


def _too_long(revision: str, effects: list[Effect]) -> set[tuple[str, str]]:
    """Return the tables that somebody waits for while all rows are read or written."""
    return {
        (revision, lock.table)
        for effect in effects
        for lock in effect.locks
        if effect.reads_all and (lock.keeps_out or lock.mode is Mode.ROW_EXCLUSIVE)
    }


@pytest.mark.parametrize("revision", revisions(None))
def test_a_migration_keeps_nobody_waiting_and_is_one_of_three_kinds(
    revision: str,
) -> None:
    recorded = _recorded(revision, POSTGRESQL)
    effects = _effects(recorded, POSTGRESQL)
    kinds = {effect.kind for effect in effects if effect.locks}

    assert _too_long(revision, effects) <= LONG.keys()
    assert len(kinds - {Kind.EXPAND}) == 0 or len(kinds) == 1 or revision in MIXED
    if Kind.CONTRACT in kinds:
        assert recorded.unused_since is not None
        assert recorded.unused_since < revision
    # What both engines are told is known, or this raises.
    _effects(_recorded(revision, SQLITE), SQLITE)


def _exclusive(kind: str, is_long: bool) -> tuple[str, bool, str]:
    return kind, is_long, "ACCESS EXCLUSIVE"


STATEMENTS = {
    "CREATE INDEX i ON users (name)": ("expand", True, "SHARE"),
    "CREATE INDEX CONCURRENTLY i ON users (name)": (
        *("expand", False),
        "SHARE UPDATE EXCLUSIVE",
    ),
    "CREATE TABLE b (user_id INTEGER REFERENCES users (id))": (
        *("expand", False),
        "SHARE ROW EXCLUSIVE",
    ),
    "ALTER TABLE users DROP COLUMN name": _exclusive("contract", False),
    "DROP TABLE users": _exclusive("contract", False),
    "ALTER TABLE users RENAME a TO b": _exclusive("contract", False),
    "ALTER TABLE users ADD COLUMN c TEXT": _exclusive("expand", False),
    "ALTER TABLE users ADD COLUMN c INTEGER DEFAULT '0' NOT NULL": (
        _exclusive("expand", False)
    ),
    "ALTER TABLE users ADD COLUMN c INTEGER NOT NULL": _exclusive("contract", True),
    "ALTER TABLE users ADD COLUMN c UUID DEFAULT gen_random_uuid()": (
        _exclusive("expand", True)
    ),
    "ALTER TABLE users ALTER COLUMN a SET NOT NULL": _exclusive("contract", True),
    "ALTER TABLE users ALTER COLUMN a TYPE BIGINT": _exclusive("contract", True),
    "ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0)": _exclusive("contract", True),
    "ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0) NOT VALID": (
        _exclusive("expand", False)
    ),
    "ALTER TABLE users ADD CONSTRAINT u UNIQUE (a)": _exclusive("contract", True),
    "ALTER TABLE users ALTER name SET STATISTICS 100": (
        *("expand", False),
        "SHARE UPDATE EXCLUSIVE",
    ),
    "UPDATE users SET a = 1": ("backfill", True, "ROW EXCLUSIVE"),
    "SELECT users.a FROM users": ("backfill", False, "ACCESS SHARE"),
    "ANALYZE users": ("expand", False, "SHARE UPDATE EXCLUSIVE"),
}
_LOCKS = """SELECT mode FROM pg_locks
WHERE relation = :table AND pid = pg_backend_pid() AND locktype = 'relation'"""


@pytest.mark.parametrize("statement", STATEMENTS)
def test_what_a_statement_locks_is_known(statement: str) -> None:
    kind, is_long, mode = STATEMENTS[statement]

    effect = effect_of(statement, is_sqlite=False)

    assert (effect.kind, effect.reads_all) == (kind, is_long)
    assert [(lock.table, lock.mode) for lock in effect.locks] == [("users", mode)]


@pytest.mark.parametrize("empty_database_url", ["postgresql"], indirect=True)
async def test_postgresql_locks_what_we_say(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url)
    for statement, (_, _, mode) in STATEMENTS.items():
        if "CONCURRENTLY" in statement:  # which no transaction may hold
            continue
        async with engine.connect() as connection:
            await connection.execute(text(_TABLE))
            await connection.commit()
            query = text("SELECT 'users'::regclass::oid::integer")
            table = (await connection.execute(query)).scalar_one()
            await connection.rollback()
            await connection.execute(text(statement))
            held = await connection.execute(text(_LOCKS), {"table": table})
            modes = {re.sub("(?<!^)(?=[A-Z])", " ", m) for m in held.scalars()}
            await connection.rollback()
        strongest = max((m.upper().removesuffix(" LOCK") for m in modes), key=_weight)
        assert strongest == mode, statement
    await engine.dispose()


_TABLE = """CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, a INTEGER,
name TEXT)"""


def _weight(mode: str) -> int:
    return list(Mode).index(Mode(mode))


def test_a_statement_that_no_rule_knows_is_not_taken_for_harmless() -> None:
    with pytest.raises(UnknownStatement):
        effect_of("CLUSTER users USING pk_users", is_sqlite=False)
