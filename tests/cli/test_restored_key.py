"""The key of development around a restore: the one that fits the database stays."""

from pathlib import Path

import pytest

from tests.cli.test_cli import run


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> Path:
    """The key beside a database of development, which nobody named."""
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", sqlite_url)
    assert run("backup", str(tmp_path / "copy")).exit_code == 0
    return tmp_path / "auth.secret.key"


@pytest.fixture
def elsewhere(tmp_path: Path, key: Path) -> Path:
    """A backup of another installation, as far as its key tells."""
    (tmp_path / "other").write_bytes((tmp_path / "copy").read_bytes())
    (tmp_path / "other.secret.key").write_text("another-" + key.read_text())
    return tmp_path / "other"


async def test_a_restore_that_fails_leaves_the_key_that_the_database_wants(
    key: Path, elsewhere: Path
) -> None:
    secret = key.read_text()
    elsewhere.write_bytes(elsewhere.read_bytes()[:-9])

    done = run("restore", str(elsewhere), "--replace", "--yes")

    assert done.exit_code == 1, done.output
    assert key.read_text() == secret and key.stat().st_mode & 0o077 == 0
    assert run("key", "list").exit_code == 0
    assert not key.with_name(f"{key.name}.before").exists()


async def test_a_restore_into_nothing_that_fails_leaves_no_key(
    tmp_path: Path, key: Path, elsewhere: Path
) -> None:
    elsewhere.write_bytes(elsewhere.read_bytes()[:-9])
    for lost in tmp_path.glob("auth.*"):
        lost.unlink()

    assert run("restore", str(elsewhere)).exit_code == 1

    assert not key.exists()


async def test_a_key_of_a_restore_that_was_killed_is_not_written_over(
    key: Path, elsewhere: Path
) -> None:
    before = key.with_name(f"{key.name}.before")
    before.write_text("of the database")

    done = run("restore", str(elsewhere), "--replace", "--yes")

    assert done.exit_code == 1 and "stopped half-way" in done.stderr
    assert before.read_text() == "of the database"
