"""``python -m app.cli``: what operators type."""

import socket
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli.__main__ import main
from app.cli.commands import app
from app.config import load_settings
from tests.conftest import SECRET
from tests.servers.ports import free_port
from tests.support.api import Api


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """Settings as an operator has them in the shell."""
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)


def run(*arguments: str, stdin: str | None = None) -> Result:
    """Run a command; in a thread, for it starts a loop of its own."""
    with ThreadPoolExecutor(1) as pool:
        line = list(arguments)
        return pool.submit(CliRunner().invoke, app, line, input=stdin).result()


@pytest.mark.usefixtures("environment")
async def test_the_set_up_link_is_the_same_until_it_is_used(api: Api) -> None:
    first, second = run("setup", "link"), run("setup", "link")

    assert first.exit_code == 0, first.output
    assert first.stdout == second.stdout
    assert first.stdout.startswith("http://localhost:8000/setup?token=as_ot_")
    await api.admin()
    assert "already" in run("setup", "link").stdout


@pytest.mark.usefixtures("environment")
async def test_a_rotated_key_is_announced_before_it_signs(api: Api) -> None:
    before = run("key", "list").stdout.splitlines()

    after = run("key", "rotate").stdout.splitlines()

    published = (await api.client.get("/.well-known/jwks.json")).json()["keys"]
    assert (len(before), len(after)) == (4, 8)
    assert published[0]["kid"] == before[0].split()[0]
    assert (await api.person()).tokens["access_token"]


@pytest.mark.usefixtures("environment")
async def test_the_keys_of_one_algorithm_are_rotated(api: Api) -> None:
    after = run("key", "rotate", "PS256").stdout.splitlines()

    refused = run("key", "rotate", "HS256")

    assert [line.split()[1] for line in after].count("PS256") == 2 and len(after) == 5
    assert refused.exit_code != 0 and "must be one of ES256, RS256" in refused.output
    assert len(run("key", "list").stdout.splitlines()) == 5


def test_an_unsafe_environment_ends_a_command_with_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", "hunter2")

    done = run("setup", "link")

    assert done.exit_code != 0
    assert "SECRET_KEY" in done.output and "hunter2" not in done.output


def test_a_schema_that_may_not_be_changed_ends_a_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'none.db'}"
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)
    monkeypatch.setenv("AUTH_SERVE_DATABASE__MIGRATE", "false")

    done = run("key", "list")

    assert done.exit_code != 0
    assert "alembic upgrade head" in done.output


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Public URLs of the services that were started, in a folder of their own."""
    urls: list[str] = []

    class Served:
        """Stands in for the server that would listen."""

        def __init__(
            self,
            _config: object,
            listening: Sequence[socket.socket],
            announce: Callable[[], None],
        ) -> None:
            self._listening, self._announce = listening, announce

        def run(self) -> None:
            urls.append(load_settings().public_url)  # as the application does
            self._announce()
            for each in self._listening:
                each.close()

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("app.cli.serve.Server", Served)
    monkeypatch.setattr("app.cli.serve.configure_logging", lambda *_, **__: None)
    return urls


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", "http://localhost:{port}"),
        ("AUTH_SERVE_PUBLIC_URL=", "http://localhost:{port}"),
        ("AUTH_SERVE_PUBLIC_URL=http://auth.test", "http://auth.test"),
        ("export AUTH_SERVE_PUBLIC_URL=http://auth.test", "http://auth.test"),
        ("AUTH_SERVE_PUBLIC_URL = http://auth.test", "http://auth.test"),
    ],
)
@pytest.mark.parametrize("source", ["file", "environment"])
def test_links_lead_to_the_port_unless_an_address_is_named(
    served: list[str],
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    line: str,
    expected: str,
) -> None:
    if source == "file":
        Path(".env").write_text(line)
    elif line:
        name, _, value = line.removeprefix("export ").partition("=")
        monkeypatch.setenv(name.strip(), value.strip())

    port = free_port()

    done = run("server", "start", "--port", str(port))

    address = expected.format(port=port)
    assert served == [address], done.output
    assert f"Pages  {address}/" in done.output


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        ({}, True),
        ({"SMTP__URL": "smtp://127.0.0.1:9"}, False),
        (
            {
                "ENVIRONMENT": "production",
                "PUBLIC_URL": "https://auth.example.com",
                "SECRET_KEY": SECRET,
                "SMTP__URL": "smtp://127.0.0.1:9",
                "SMTP__SENDER": "auth@example.com",
                "DOCS": "true",
            },
            False,
        ),
    ],
)
def test_the_mailbox_is_announced_where_it_is_open(
    served: list[str],
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, str],
    shown: bool,
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"AUTH_SERVE_{name}", value)

    done = run("server", "start", "--port", str(free_port()))

    assert len(served) == 1
    assert ("/dev/mailbox" in done.output) == shown
    assert "/docs" in done.output


def test_the_api_is_announced_where_it_is_documented(
    served: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTH_SERVE_DOCS", "false")

    done = run("server", "start", "--port", str(free_port()))

    assert len(served) == 1
    assert "Pages" in done.output and "/docs" not in done.output


def test_a_port_that_is_taken_is_said_before_anything_is_announced(
    served: list[str],
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        done = run("server", "start", "--port", port)

    assert done.exit_code != 0 and served == []
    assert f"cannot listen on 127.0.0.1:{port}" in done.output
    assert "PORT=" in done.output
    assert "Auth Serve listens" not in done.output


@pytest.mark.parametrize("port", ["0", "-1", "65536", "http"])
def test_a_port_that_is_none_is_refused(served: list[str], port: str) -> None:
    done = run("server", "start", f"--port={port}")

    assert done.exit_code == 2 and served == []
    assert "--port" in done.output


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", (["127.0.0.1"], 8000)),
        ("--port 8123", (["127.0.0.1"], 8123)),
        ("--port=8123 --host ::1", (["::1"], 8123)),
    ],
)
def test_a_server_is_started_without_what_reads_commands(
    monkeypatch: pytest.MonkeyPatch, line: str, expected: tuple[list[str], int]
) -> None:
    served: list[tuple[list[str], int]] = []
    monkeypatch.setattr(
        "app.cli.serve.serve", lambda host, port: served.append((host, port))
    )
    monkeypatch.setitem(sys.modules, "app.cli.commands", None)

    main(["server", "start", *line.split()])

    assert served == [expected]


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("--port 0", 2, "--port"),
        ("--port 65536", 2, "--port"),
        ("--port http", 2, "--port"),
        ("--port", 2, "--port"),
        ("--po 8123", 2, "--po"),
        ("8123", 2, "8123"),
        ("--help", 0, "--host"),
    ],
)
def test_typer_answers_every_other_line(
    served: list[str],
    capsys: pytest.CaptureFixture[str],
    line: str,
    code: int,
    told: str,
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["server", "start", *line.split()])

    shown = capsys.readouterr()
    assert ended.value.code == code and served == []
    assert told in shown.out + shown.err
