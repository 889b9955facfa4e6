"""What tests share of compiled statements is what each would compile for itself."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Insert, bindparam, select

from app.database import Database
from app.driver import prepared_statement
from app.models import User
from app.models.role import Role
from tests.support.quick_statements import SharedCache

BY_EMAIL = select(User.id, User.email).where(User.email == bindparam("email"))


async def test_engines_of_one_dialect_compile_a_statement_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        database = Database(database_url)
        assert await database.fetch_one(BY_EMAIL, {"email": "a@example.com"}) is None
        async with database.session() as db:
            assert (await db.execute(BY_EMAIL, {"email": "a@example.com"})).all() == []
        await database.close()
        # Whoever compiles from here on has not found what the first one did.
        monkeypatch.setattr(type(BY_EMAIL), "_compiler", None)


async def test_engines_of_one_dialect_compile_a_write_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    rest = {"description": "", "permissions": [], "built_in": False, "version": 1}
    for name in ("first", "second"):
        database = Database(database_url)
        async with database.session() as db:
            db.add(Role(name=name, created_at=now, updated_at=now, **rest))
            await db.flush()
        await database.close()
        # Whoever compiles from here on has not found what the first one did.
        monkeypatch.setattr(Insert, "_compiler", None)


async def test_each_dialect_has_its_own_words(
    sqlite_template: Path, postgres_url: str
) -> None:
    lite, server = Database(f"sqlite:///{sqlite_template}"), Database(postgres_url)

    words = [base._prepare(BY_EMAIL).sql for base in (lite, server)]

    assert words == [
        prepared_statement.prepare(BY_EMAIL, base.engine.dialect).sql
        for base in (lite, server)
    ]
    assert words[0] != words[1]
    await lite.close()
    await server.close()


def test_a_shared_cache_knows_dialects_by_their_kind(
    sqlite_template: Path, postgres_url: str
) -> None:
    address = f"sqlite:///{sqlite_template}"
    one, two, other = (Database(url) for url in (address, address, postgres_url))
    cache = SharedCache()

    cache[one.engine.dialect, "statement"] = "compiled"

    assert cache.get((two.engine.dialect, "statement")) == "compiled"
    assert cache.get((other.engine.dialect, "statement")) is None
