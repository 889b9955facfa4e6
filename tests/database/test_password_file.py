"""The database's password is changed while the service runs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from app.database import Database, PoolOptions
from app.database_errors import DatabaseUnavailable
from app.driver.password import PasswordFile, PasswordUnreadable
from app.services.server.startup import why_unusable

ROLE = "changing_role"


async def ask(database: Database) -> str:
    async with database.session() as db:
        return str(await db.scalar(text("SELECT current_user")))


@pytest.fixture
async def root(postgres_url: str) -> AsyncIterator[Database]:
    """Whoever may change the password of the role, which this fixture makes."""
    database = Database(postgres_url, PoolOptions(pool_size=1))
    await change(database, f"CREATE ROLE {ROLE} LOGIN PASSWORD 'first'")
    yield database
    await change(database, f"DROP ROLE {ROLE}")
    await database.close()


async def change(database: Database, statement: str) -> None:
    async with database.session() as db:
        await db.execute(text(statement))
        await db.commit()


async def test_new_connections_come_with_what_stands_in_the_file(
    root: Database, postgres_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text("first\n")
    url = make_url(postgres_url).set(username=ROLE, password=None)
    options = PoolOptions(pool_size=2, password_file=file)
    database = Database(url.render_as_string(), options)
    assert not isinstance(database.engine.pool, NullPool)

    async with database.session() as held:
        await held.execute(text("SELECT 1"))
        await change(root, f"ALTER ROLE {ROLE} PASSWORD 'second'")
        with pytest.raises(DatabaseUnavailable) as refused:
            await ask(database)
        file.write_text("second\n")
        assert await ask(database) == ROLE
        assert await held.scalar(text("SELECT 1")) == 1  # nobody was sent away
    file.unlink()
    await database.engine.dispose()
    with pytest.raises(DatabaseUnavailable) as absent:
        await ask(database)
    await database.close()

    assert "user or password is wrong" in why_unusable(refused.value)
    assert "PASSWORD_FILE" in why_unusable(absent.value)
    assert str(tmp_path) not in why_unusable(absent.value)


async def test_a_password_that_changed_at_that_moment_is_tried_at_once(
    root: Database,
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "password"
    file.write_text("before")
    reading = PasswordFile._read

    def late(self: PasswordFile) -> str:
        found = reading(self)
        file.write_text("first")  # right after the driver read it
        return found

    monkeypatch.setattr(PasswordFile, "_read", late)
    url = make_url(postgres_url).set(username=ROLE, password=None)
    options = PoolOptions(pool_size=1, password_file=file)
    database = Database(url.render_as_string(), options)

    assert await ask(database) == ROLE
    await database.close()


@pytest.mark.parametrize("content", [b"", b"\n", b"a\0b", b"\xff\xfe"])
def test_a_file_without_a_password_is_none(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "password"
    file.write_bytes(content)

    with pytest.raises(PasswordUnreadable) as refused:
        PasswordFile(file)()

    assert str(tmp_path) not in str(refused.value)
