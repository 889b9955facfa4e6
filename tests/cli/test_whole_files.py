"""Exports to files: whole under their name, or not there at all."""

import sqlite3
from pathlib import Path

import pytest

from app.utils.private_file import whole_private
from tests.cli.test_cli import run
from tests.conftest import SECRET


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch, sqlite_url: str, tmp_path: Path) -> Path:
    """A database with an account in it."""
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)
    made = run("user", "create", "ann@example.com")
    assert made.exit_code == 0, made.output
    return tmp_path / "auth.db"


def _spoil(database: Path, statement: str) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute(statement)
    connection.close()


async def test_accounts_that_cannot_be_read_leave_no_half_of_a_file(
    database: Path, tmp_path: Path
) -> None:
    """It would pass for the whole, and holds all that people sign in with."""
    (folder := tmp_path / "out").mkdir()
    _spoil(database, "UPDATE users SET created_at = 'x'")

    done = run("user", "export", str(folder / "accounts.jsonl"))

    assert done.exit_code != 0
    assert list(folder.iterdir()) == []


async def test_a_trail_that_cannot_be_read_leaves_no_half_of_a_file(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.outgoing.trail.BATCH", 1)
    (folder := tmp_path / "out").mkdir()
    last = "SELECT max(id) FROM audit_events"
    _spoil(database, f"UPDATE audit_events SET data = '{{' WHERE id = ({last})")

    done = run("audit", "export", str(folder / "trail.jsonl"))

    assert done.exit_code != 0
    assert list(folder.iterdir()) == []


def test_a_link_is_not_followed_and_nothing_is_replaced(tmp_path: Path) -> None:
    there, link = tmp_path / "there", tmp_path / "link"
    there.write_text("kept")
    link.symlink_to(tmp_path / "elsewhere")

    for taken in (there, link):
        with pytest.raises(FileExistsError), whole_private(taken):
            pass
    with pytest.raises(FileExistsError), whole_private(tmp_path / "new") as file:
        file.write(b"x")
        (tmp_path / "new").write_text("of somebody who was faster")

    assert there.read_text() == "kept"
    assert (tmp_path / "new").read_text() == "of somebody who was faster"
    assert not list(tmp_path.glob("*.part")) and not (tmp_path / "elsewhere").exists()
