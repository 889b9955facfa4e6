"""A database that cannot be used: the refusal says what to do, and no password."""

import asyncio
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from app.config import Settings
from app.services.runtime import Runtime, build_runtime
from app.services.startup import StartRefused, start
from tests.architecture.source import ROOT
from tests.conftest import SECRET
from tests.servers.ports import free_port

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
        for table in ("signing_keys", "sessions"):
            await db.execute(text(f"DELETE FROM {table}"))
        await db.commit()
    await start(second)
    key = second.ring.signing("ES256", second.clock.now())
    await second.close()

    assert '"The secret key is lost" in docs/operations.md' in said
    assert "### The secret key is lost" in OPERATIONS.read_text(encoding="utf-8")
    assert key.kid != old
