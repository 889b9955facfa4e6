"""``alembic revision --autogenerate``: what it writes is used as it stands."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    Uuid,
    text,
)

from app.models import Base
from app.models.base import BYTEWISE, UtcDateTime
from app.repositories.schema import SCHEMA_REVISION
from tests.conftest import ROOT
from tests.database import test_migrations as migrations

NUMBER = f"{int(SCHEMA_REVISION) + 1:04d}"


@pytest.fixture
def planted() -> Iterator[None]:
    """A table that no migration makes, with one of everything."""
    table = Table(
        "planted",
        Base.metadata,
        Column("id", Uuid(), primary_key=True),
        Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), index=True),
        Column("label", BYTEWISE, nullable=False),
        Column("size", Integer(), nullable=False),
        Column("data", JSON(), nullable=False),
        Column("created_at", UtcDateTime(), nullable=False),
        UniqueConstraint("user_id", "label"),
        CheckConstraint("size >= 0", name="size"),
        Index(None, "label", "created_at"),
    )
    yield
    Base.metadata.remove(table)


def _age(connection: Connection) -> None:
    """Make the database differ from the models: one column more, and one less."""
    connection.execute(text("ALTER TABLE users ADD COLUMN nick VARCHAR(20)"))
    connection.execute(text("ALTER TABLE users DROP COLUMN zoneinfo"))
    connection.commit()


@pytest.mark.usefixtures("planted")
async def test_what_is_generated_is_in_style_and_runs_on_the_engine(
    empty_database_url: str, tmp_path: Path
) -> None:
    for name in ("alembic.ini", "pyproject.toml", ".flake8"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "alembic", tmp_path / "alembic")
    config = Config(str(tmp_path / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", empty_database_url.replace("%", "%%"))
    message = "Add planted things and take what is not needed any more away from users"

    def generate() -> None:
        command.upgrade(config, "head")
        asyncio.run(migrations._look(empty_database_url, _age))
        command.revision(config, message=message, autogenerate=True)
        command.upgrade(config, "head")
        command.check(config)
        command.downgrade(config, "-1")
        command.upgrade(config, "head")

    await asyncio.to_thread(generate)

    [file] = (tmp_path / "alembic/versions").glob(f"{NUMBER}_*.py")
    written = file.read_text()
    assert f'revision = "{NUMBER}"' in written
    assert f'down_revision = "{SCHEMA_REVISION}"' in written
    assert "app." not in written and "batch_alter_table" in written
    for name in ("ck_planted_size", "uq_planted_user_id_label", "fk_planted_user_id"):
        assert name in written
    assert await asyncio.to_thread(_complaints, file) == ""
    enforced = await migrations._look(empty_database_url, migrations._found)
    assert enforced == migrations._wanted()


def _complaints(file: Path) -> str:
    """Return what the style of the house has against a file."""
    tools = (("black", "--check", "-q"), ("isort", "--check", "-q"), ("flake8", "-j1"))
    return "".join(
        subprocess.run(
            [sys.executable, "-m", *tool, str(file)],
            cwd=file.parents[2],
            capture_output=True,
            text=True,
        ).stdout
        for tool in tools
    )


def test_an_empty_revision_is_numbered_too(tmp_path: Path) -> None:
    shutil.copy(ROOT / "alembic.ini", tmp_path)
    shutil.copytree(ROOT / "alembic", tmp_path / "alembic")
    config = Config(str(tmp_path / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", f"sqlite:///{tmp_path}/any.db")

    command.revision(config, message="say why.")

    [file] = (tmp_path / "alembic/versions").glob(f"{NUMBER}_*.py")
    assert file.read_text().startswith('"""say why.\n')
