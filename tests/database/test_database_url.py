"""Addresses of databases as providers hand them out."""

import ssl
from typing import Any

import pytest

from app.database import Database, PoolOptions
from app.database_url import read_database_url

TAKEN: dict[str, dict[str, Any]] = {
    "postgres://u:p@h/d": {"host": "h", "password": "p"},
    "postgresql+psycopg2://u:p@h:5433/d": {"port": 5433},
    "postgresql+asyncpg://u:p@h/d": {"database": "d"},
    "postgresql://u%40srv:p%2F%25@srv.postgres.database.azure.com:5432/d": {
        "username": "u@srv",
        "password": "p/%",
    },
    "postgresql://u:p@w@h/d": {"password": "p@w", "host": "h"},
    "postgresql://u:p#w@h/d": {"password": "p#w"},
    "postgresql://u:p:w@[::1]:5432/d": {"password": "p:w", "host": "::1"},
    "postgresql://h/d?user=u&password=p%26": {"username": "u", "password": "p&"},
    "postgresql://h/?dbname=d": {"database": "d"},
    "postgres://u:p@app-db.flycast:5432/d?sslmode=disable": {"host": "app-db.flycast"},
    " postgresql://u:p@h/d ": {"host": "h"},
    "POSTGRES://u:p@h/d": {"host": "h"},
    "postgresql://u:p@h/d?serverVersion=16&charset=utf8": {"database": "d"},
    "postgresql://u:p@h/d?encoding=UTF-8": {"database": "d"},
    "sqlite+pysqlite:///a.db": {"database": "a.db"},
}


@pytest.mark.parametrize("text", TAKEN)
def test_the_place_is_read_however_it_is_spelled(text: str) -> None:
    url = read_database_url(text).url

    assert {name: getattr(url, name) for name in TAKEN[text]} == TAKEN[text]
    assert not url.query


ARGUMENTS: dict[str, dict[str, Any]] = {
    "postgresql://h1,h2:5433/d?target_session_attrs=read-write": {
        "host": ["h1", "h2"],
        "port": [5432, 5433],
        "target_session_attrs": "read-write",
    },
    "postgresql://u@/d?host=/var/run/postgresql": {"host": ["/var/run/postgresql"]},
    "postgresql://u@%2Fvar%2Frun%2Fpostgresql/d": {"host": ["/var/run/postgresql"]},
    "postgresql://u:p@/d?host=/cloudsql/p:r:i": {"host": ["/cloudsql/p:r:i"]},
    "postgresql://h/d?sslmode=require": {"ssl": "require"},
    "postgresql://h/d?sslmode=no-verify": {"ssl": "require"},
    "postgresql://h/d?ssl=true&supa=base-pooler.x": {"ssl": "require"},
    "postgresql://h/d?sslmode=disable": {"ssl": "disable"},
    "postgresql://h/d?connect_timeout=15&keepalives=1": {"timeout": 15.0},
}


@pytest.mark.parametrize("text", ARGUMENTS)
def test_what_the_driver_has_to_know_it_is_told(text: str) -> None:
    told = read_database_url(text).arguments

    assert {name: told[name] for name in ARGUMENTS[text]} == ARGUMENTS[text]


@pytest.mark.parametrize(
    ("query", "checks_name"),
    [
        ("sslmode=verify-full", True),
        ("sslmode=verify-full&sslrootcert=system", True),
        ("sslmode=verify-ca", False),
        ("sslmode=require&channel_binding=require", True),
        ("sslmode=verify-ca&channel_binding=require", True),
        ("sslaccept=strict", True),
    ],
)
def test_a_server_that_has_to_be_proven_is_proven(
    query: str, checks_name: bool
) -> None:
    context = read_database_url(f"postgresql://h/d?{query}").arguments["ssl"]

    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname is checks_name


def test_what_the_server_has_to_know_it_is_told_and_a_pooler_is_noticed() -> None:
    text = "postgresql://h/d?application_name=x&options=endpoint%3Dep-1&schema=auth"

    told = read_database_url(text).server_settings

    assert told["application_name"] == "x" and told["options"] == "endpoint=ep-1"
    assert told["search_path"] == "auth"
    for name in ("currentSchema", "search_path"):
        told = read_database_url(f"postgresql://h/d?{name}=auth").server_settings
        assert told == {"search_path": "auth"}
    pooled = ("pgbouncer=true", "statement_cache_size=0", "prepareThreshold=0")
    for query in (*pooled, "pool_mode=transaction"):
        assert read_database_url(f"postgresql://h/d?{query}").is_pooled


REFUSED = {
    "mysql://u:hunter2@h/d": "postgresql://",
    "jdbc:postgresql://h/d?password=hunter2": "JDBC",
    "host=h user=u password=hunter2": "list",
    "Server=tcp:h;Password=hunter2": "list",
    "postgresql://u:hunter2/x@h/d": "%2F",
    "postgresql://u:hunter2?x@h/d": "%3F",
    "postgresql://u:hunter2%x@h/d": "%25",
    "postgresql://u:hunter2@h:99999/d": "port",
    "postgresql://u:hunter2@h:x/d": "host",
    "postgresql://u:hunter2@h/d?sslmode=hunter2": "sslmode",
    "postgresql://u:hunter2@h/d?sslrootcert=/hunter2": "certificates",
    "postgresql://u:hunter2@h/d?connection_limit=1": "AUTH_SERVE_DATABASE__POOL_SIZE",
    "postgresql://u:hunter2@h/d?frobnicate=1": "frobnicate",
    "postgresql://u:hunter2@h/d?gssencmode=require": "gssencmode",
    "postgresql://u:hunter2@h/d?charset=latin1": "client_encoding",
    "postgresql://u:hunter2@h/d?ssl-mode=REQUIRED": "ssl-mode",
    "postgresql://u:hunter2@h/d?require_auth=none": "require_auth",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_done_is_named_without_the_address(text: str) -> None:
    with pytest.raises(ValueError) as refused:
        read_database_url(text)

    assert REFUSED[text] in str(refused.value) and "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "query",
    [
        "sslmode=prefer&application_name=neon",
        "host=127.0.0.1&connect_timeout=9",
        "options=-c%20work_mem%3D128kB&target_session_attrs=read-write",
        "schema=public&pgbouncer=true",
    ],
)
async def test_a_real_server_is_reached_with_them(
    postgres_url: str, query: str
) -> None:
    port = postgres_url.rpartition(":")[2].partition("/")[0]
    extra = f"&port={port}" if query.startswith("host") else ""
    database = Database(f"{postgres_url}?{query}{extra}", PoolOptions(pool_size=1))

    async with database.engine.connect() as connection:
        rows = await connection.exec_driver_sql(
            "SELECT current_setting('application_name'), current_setting('work_mem')"
        )
        name, memory = tuple(rows.one())

    await database.close()
    assert (name == "neon") is ("neon" in query)
    assert (memory == "128kB") is ("work_mem" in query)
