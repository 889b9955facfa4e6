"""A database that cannot be used: the refusal says what to do, and no password."""

import asyncio
import os
import sqlite3
import struct
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from app.config import Settings
from app.services.server.runtime import Runtime, build_runtime
from app.services.server.startup import StartRefused, start, why_unusable
from tests.architecture.source import ROOT
from tests.conftest import SECRET
from tests.servers.ports import free_port
from tests.servers.postgres import _execute, create_database, drop_database

OPERATIONS = ROOT / "docs/operations.md"


def build(url: str, secret: str = SECRET) -> Runtime:
    """Return a service that is not started."""
    chosen = {"database_url": url, "secret_key": secret, "jobs": False}
    return build_runtime(Settings.model_validate(chosen))


async def refusal(url: str, secret: str = SECRET) -> str:
    """Return why a service does not start on this database."""
    runtime = build(url, secret)
    with pytest.raises(StartRefused) as refused:
        await start(runtime)
    await runtime.close()
    # aiosqlite does not wait for the thread of a connection that was never made; it
    # must find the loop open when it ends.
    while any("_connection_worker" in each.name for each in threading.enumerate()):
        await asyncio.sleep(0.01)
    return str(refused.value)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"password": "hunter2"}, "password is wrong"),
        ({"username": "nobody-we-know"}, "password is wrong"),
        ({"database": "none_of_this_name"}, "no database of this name"),
        ({"host": "nowhere.invalid"}, "no host of this name"),
        ({"port": None}, "nothing listens"),
    ],
)
async def test_a_server_that_cannot_be_used_is_said_to_be_so_by_kind(
    postgres_url: str, changes: dict[str, str | int | None], expected: str
) -> None:
    if "port" in changes:
        changes = {"port": free_port()}
    url = make_url(postgres_url).set(**changes)  # type: ignore[arg-type]  # by keyword

    said = await refusal(url.render_as_string(hide_password=False))

    assert expected in said and "AUTH_SERVE_DATABASE_URL" in said
    assert "\n" not in said
    assert not url.password or url.password not in said


async def test_a_server_that_takes_no_writes_is_said_to_be_so(
    postgres_url: str,
) -> None:
    name = "refuses_writes"
    await create_database(postgres_url, name)
    alter = f"ALTER DATABASE {name} SET default_transaction_read_only = on"
    await _execute(postgres_url, alter)

    said = await refusal(f"{postgres_url.rpartition('/')[0]}/{name}")

    await drop_database(postgres_url, name)
    assert said.endswith("it takes no writes: a standby, or told to be one")


@pytest.mark.parametrize(("pages", "expected"), [(1, "full"), (None, "damaged")])
def test_a_full_disk_and_a_damaged_file_are_said_to_be_so(
    tmp_path: Path, pages: int | None, expected: str
) -> None:
    file = tmp_path / "auth.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE first (a)")
    if pages is None:
        content = file.read_bytes()
        file.write_bytes(content[:100] + b"\x7f" * (len(content) - 100))

    with (
        closing(sqlite3.connect(file)) as connection,
        pytest.raises(sqlite3.DatabaseError) as refused,
    ):
        connection.execute(f"PRAGMA max_page_count={pages or 1000}")
        connection.execute("CREATE TABLE another (a)")

    assert expected in why_unusable(refused.value)


def migrating(url: str) -> subprocess.CompletedProcess[str]:
    """Run what operators run before a start."""
    settings = {"AUTH_SERVE_DATABASE_URL": url, "AUTH_SERVE_SECRET_KEY": SECRET}
    return subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=ROOT,
        env={"PATH": os.defpath, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@asynccontextmanager
async def pooler() -> AsyncIterator[str]:
    """Answer as PgBouncer does when asked for settings it does not know; the address.

    It says no to TLS first (PostgreSQL protocol 3.0, SSLRequest).
    """
    said = "unsupported startup parameter: statement_timeout"
    fields = f"SFATAL\0C08P01\0M{said}\0\0".encode()

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(ConnectionError, EOFError):
            length, code = struct.unpack("!II", await reader.readexactly(8))
            if code == 80877103:
                writer.write(b"N")
                length, _ = struct.unpack("!II", await reader.readexactly(8))
            await reader.readexactly(length - 8)
            writer.write(b"E" + struct.pack("!I", len(fields) + 4) + fields)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"postgresql://ann:hunter2@127.0.0.1:{port}/auth"


async def test_a_pooler_that_refuses_our_settings_names_the_one_to_change() -> None:
    async with pooler() as url:
        said = await refusal(url)
        done = await asyncio.to_thread(migrating, url)

    assert "AUTH_SERVE_DATABASE__PREPARED_STATEMENTS=false" in said
    assert done.returncode == 1
    assert done.stderr == f"auth-serve: {said}\n"
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "its folder has to exist"),
        (b"no database at all" * 99, "no SQLite database"),
    ],
)
async def test_a_file_that_cannot_be_used_is_said_to_be_so_by_kind(
    tmp_path: Path, content: bytes | None, expected: str
) -> None:
    file = tmp_path / "folder" / "auth.db"
    if content is not None:
        file.parent.mkdir()
        file.write_bytes(content)

    said = await refusal(f"sqlite:///{file}")

    assert expected in said and "AUTH_SERVE_DATABASE_URL" in said
    assert "\n" not in said


async def test_a_lost_secret_key_is_overcome_as_the_documentation_says(
    database_url: str,
) -> None:
    first, other = build(database_url), "-another-" + SECRET
    await start(first)
    old = first.ring.signing("ES256", first.clock.now()).kid
    await first.close()

    said = await refusal(database_url, other)
    second = build(database_url, other)
    async with second.database.session() as db:
        for table in ("signing_keys", "sessions", "kept_keys", "sealing_keys"):
            await db.execute(text(f"DELETE FROM {table}"))
        await db.commit()
    await start(second)
    key = second.ring.signing("ES256", second.clock.now())
    await second.close()

    assert '"The secret key is lost" in docs/operations.md' in said
    assert "### The secret key is lost" in OPERATIONS.read_text(encoding="utf-8")
    assert key.kid != old
