"""``auth-serve protected-host``: programs without a sign-in, from the shell."""

import json

import pytest

from app.services.server.runtime import Runtime
from tests.cli.test_cli import run
from tests.conftest import SECRET


@pytest.fixture
def options() -> dict[str, object]:
    return {"public_url": "https://id.example.com"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> None:
    """Settings as an operator has them in the shell."""
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)
    monkeypatch.setenv("AUTH_SERVE_PUBLIC_URL", "https://id.example.com")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


async def test_a_host_is_made_changed_shown_and_forgotten(runtime: Runtime) -> None:
    noun, host = "protected-host", "wiki.example.org"
    usual = (noun, "create", host, "--role", "user", "--open-path", "/a/")
    made = run(*usual, "--minimum-acr", "aal2", "--json")
    again = run(*usual)
    changed = run(noun, "update", host, "--everybody", "--ends-session", "--json")
    less = run(noun, "update", host, "--tell", "user", "--name", "Wiki", "--json")
    shown = json.loads(run(noun, "show", host, "--json").stdout)
    listed = run(noun, "list").stdout
    wrong = run(noun, "create", "b.example", "--tell", "password")
    deleted = run(noun, "delete", host, "--yes")
    gone = run(noun, "show", host)

    assert made.exit_code == 0, made.output
    first = json.loads(made.stdout)
    assert first["roles"] == ["user"] and first["open_paths"] == ["/a/"]
    assert first["minimum_acr"] == "aal2" and first["name"] == host
    assert again.exit_code != 0 and "protected already" in again.output
    assert json.loads(changed.stdout)["roles"] is None
    assert json.loads(less.stdout) == shown
    assert shown["ends_session"] and shown["told"] == ["user"]
    assert shown["open_paths"] == ["/a/"] and shown["name"] == "Wiki"
    assert "wiki.example.org" in listed and "Wiki" in listed
    assert wrong.exit_code != 0
    assert deleted.exit_code == 0, deleted.output
    assert gone.exit_code != 0 and "no such protected host" in gone.output
