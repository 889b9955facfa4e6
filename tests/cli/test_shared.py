"""What all commands share: help, JSON, refusals in one line, and who did it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import select
from typer.testing import CliRunner

from app.cli import base
from app.cli.commands import app
from app.models import AuditEvent
from app.policies.permission import OPERATOR_ID
from app.services.server.runtime import Runtime
from tests.cli.test_cli import run
from tests.conftest import ROOT, SECRET

HEAVY = ("sqlalchemy", "pydantic", "fastapi", "uvicorn", "app.config", "app.services")
# Megabytes that every process would keep at rest.
IDLE = ("pydantic.v1", "alembic", "mako", "typer", "rich", "jsonschema", "smtplib")
# The log of the one is for machines, the script of the other for a shell.
WITHOUT_JSON = {"completion", "server start"}


def commands(group: Any = None, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every command with the words that lead to it."""
    group = typer.main.get_command(app) if group is None else group
    for name, command in group.commands.items():
        words = f"{path} {name}".strip()
        if hasattr(command, "commands"):
            yield from commands(command, words)
        else:
            yield words, command


ALL = dict(commands())


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> None:
    """Settings as an operator has them in the shell."""
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)


@pytest.mark.parametrize("name", sorted(ALL.keys() - WITHOUT_JSON))
def test_every_command_offers_json_and_says_its_shape(name: str) -> None:
    command = ALL[name]

    options = {option for parameter in command.params for option in parameter.opts}

    assert "--json" in options
    assert "JSON: " in (command.help or "")


def test_help_and_completion_load_no_service() -> None:
    code = (
        "import sys; from app.cli.commands import app; import typer; "
        "typer.main.get_command(app); print(*sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )

    loaded = set(done.stdout.split())
    assert "typer" in loaded, done.stderr
    assert [name for name in HEAVY if name in loaded] == []


def test_a_server_loads_no_typer() -> None:
    code = "import sys; import app.cli.__main__, app.cli.serve; print(*sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )

    assert "uvicorn" in done.stdout.split(), done.stderr
    assert "typer" not in done.stdout.split()


def test_a_started_service_holds_nothing_that_it_never_uses(tmp_path: Path) -> None:
    code = (
        "import sys; import app.cli.serve, app.main; app.main.app; "
        "print(*(name for name, it in sys.modules.items() if it is not None))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )

    loaded = set(done.stdout.split())
    assert "app.api.v1" in loaded, done.stderr
    assert [name for name in IDLE if name in loaded] == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "Usage: auth-serve"),
        ("nothing", "No such command 'nothing'; see auth-serve --help"),
        ("key lst", "Did you mean 'list'?; see auth-serve key --help"),
        ("key list --jsno", "No such option"),
        ("client show", "Missing argument 'client_id'; see auth-serve client show"),
        ("client registration-token --ttl 5", "--ttl"),
        ("user import /nowhere", "does not exist"),
        ("user import . --format csv", "csv"),
        ("client delete x", "this would delete the client x"),
    ],
)
def test_a_wrong_line_is_told_in_one(line: str, said: str) -> None:
    done = run(*line.split())

    assert done.exit_code == base.Exit.USAGE
    assert done.stdout == "" and said in done.stderr
    assert line == "" or len(done.stderr.splitlines()) == 1, done.stderr


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SECRET_KEY", "short", "AUTH_SERVE_SECRET_KEY must have"),
        ("DATABASE_URL", "sqlite:////nowhere/at/all.db", "its folder has to exist"),
        ("DATABASE_URL", "sqlite:////dev/null/auth.db", "its folder has to exist"),
        ("DATABASE_URL", "postgresql://a:b@127.0.0.1:1/x", "nothing listens"),
        ("LOG_LEVEL", "LOUD", "AUTH_SERVE_LOG_LEVEL"),
    ],
)
@pytest.mark.parametrize("line", ["key list --json", "client list", "setup link"])
def test_what_cannot_be_used_is_one_line_and_another_code(
    monkeypatch: pytest.MonkeyPatch, line: str, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"AUTH_SERVE_{name}", value)

    done = run(*line.split())

    assert done.exit_code == base.Exit.UNUSABLE and done.stdout == ""
    [told] = done.stderr.splitlines()
    assert told.startswith("auth-serve: ") and said in told and "a:b" not in told


@pytest.mark.parametrize("folder", ["missing", "auth.db"])
def test_a_folder_without_room_for_the_secret_key_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: str
) -> None:
    url = f"sqlite:///{tmp_path / folder / 'auth.db'}"
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", url)
    monkeypatch.delenv("AUTH_SERVE_SECRET_KEY")

    done = run("key", "list")

    assert done.exit_code == base.Exit.UNUSABLE
    [told] = done.stderr.splitlines()
    assert "secret key" in told and "its folder has to exist" in told


def test_a_refusal_is_one_line_and_no_json() -> None:
    done = run("client", "show", "none", "--json")

    assert done.exit_code == base.Exit.REFUSED and done.stdout == ""
    assert done.stderr == "auth-serve: There is no such client\n"


def test_a_defect_is_one_line_and_says_how_to_see_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.services.clients.client.OAuthClientService.get", None)

    done = run("client", "show", "none")

    assert done.exit_code == base.Exit.REFUSED and done.stdout == ""
    [told] = done.stderr.splitlines()
    assert "TypeError" in told and "AUTH_SERVE_LOG_LEVEL=DEBUG" in told


@pytest.mark.parametrize(
    ("answer", "goes_on"), [("y", True), ("yes", True), ("", False), ("n", False)]
)
def test_at_a_terminal_the_operator_is_asked(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str,
    goes_on: bool,
) -> None:
    for stream in (sys.stdin, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdin.readline", lambda: f"{answer}\n", raising=False)

    refused = False
    try:
        base.confirm("delete everything", yes=False)
    except SystemExit as ended:
        refused = ended.code == base.Exit.REFUSED

    assert refused is not goes_on
    assert "This will delete everything. Go on? [y/N]" in capsys.readouterr().err


async def test_the_trail_names_the_operator(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)

    done = run("client", "create", "--name", "Bot", "--machine", "--resource-server")

    async with runtime.database.session(read_only=True) as db:
        query = select(AuditEvent).where(AuditEvent.name == "oauth_client.registered")
        event = (await db.scalars(query)).one()
    assert done.exit_code == 0, done.output
    assert event.actor_id == OPERATOR_ID and event.ip == ""
    assert event.user_agent.startswith("auth-serve (") and event.correlation_id


def test_output_of_strangers_does_not_move_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [{"name": "a\x1b[2Jb\n\u202ec", "roles": ["x", "y"], "at": None}]

    base.show_rows(rows, ("name", "roles", "at"), as_json=False)
    base.show_rows(rows, (), as_json=True)

    table, _, whole = capsys.readouterr().out.partition("\n")
    assert table == 'a [2Jb; c  ["x", "y"]  -'
    assert json.loads(whole) == rows


@pytest.mark.parametrize("missing", ["typer", "pydantic", "sqlalchemy"])
def test_a_python_without_the_packages_is_told_what_to_use(missing: str) -> None:
    code = (
        f"import sys; sys.modules[{missing!r}] = None; "
        "from app.cli.__main__ import main; main(['key', 'list'])"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )

    assert done.returncode not in (0, -1)
    [line] = done.stderr.splitlines()
    assert f"has no package {missing}" in line and ".venv/bin/auth-serve" in line


def test_an_interrupted_command_ends_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("app.cli.key.in_transaction", interrupted)

    done = CliRunner().invoke(app, ["key", "list"])

    assert done.exit_code == base.Exit.INTERRUPTED and done.output == ""
