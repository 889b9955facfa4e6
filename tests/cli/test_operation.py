"""``setup``, ``doctor``, ``settings``, ``mail``, ``completion``: a service is run."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.secret_key import SecretKey
from app.services.server.secret_key.presence import SealingPresence
from app.services.server.startup import start
from tests.cli.test_cli import run
from tests.conftest import ROOT, SECRET
from tests.support.api import PASSWORD, Api
from tests.support.job import Make

pytest_plugins = ["tests.support.job"]
NEW = "another horse battery staple"
PRODUCTION = {
    "environment": "production",
    "public_url": "https://auth.example.com",
    "smtp": {"url": "smtp://127.0.0.1:9", "sender": "auth@example.com"},
    "database": {"migrate": True},
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder of its own, and the settings that every operator gives."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """The test's database, as the shell names it."""
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)


@pytest.mark.usefixtures("database")
async def test_a_locked_out_administrator_comes_back(api: Api) -> None:
    root = await api.admin()
    other = await api.admin()
    run("user", "disable", root.email)

    done = run("setup", "recover", root.email.upper(), "--json")

    assert done.exit_code == 0, done.output
    link = json.loads(done.stdout)["link"]
    token = link.partition("/reset-password?token=")[2]
    assert (await api.login(root.email)).status_code == 401  # its password is over
    body = {"token": token, "new_password": NEW}
    assert (await api.post("/auth/reset-password", body)).status_code == 204
    assert (await api.post("/auth/reset-password", body)).status_code == 400
    assert (await api.login(root.email, NEW)).status_code == 200
    assert (await api.get("/users/me", other)).status_code == 200
    [mail] = [
        m for m in await api.mails() if m["template"] == "administrator_recovered"
    ]
    assert mail["to"] == root.email and token not in json.dumps(mail)
    assert "setup.recovered" in await api.trail(root.id)


@pytest.mark.usefixtures("database")
async def test_recovery_makes_nobody_an_administrator(api: Api) -> None:
    ann = await api.person()

    refused = run("setup", "recover", ann.email)
    unknown = run("setup", "recover", "nobody@example.com")

    assert refused.exit_code == unknown.exit_code == 1
    assert "no administrator's" in refused.stderr
    assert (await api.login(ann.email, PASSWORD)).status_code == 200


async def test_a_start_in_production_prints_no_link(make_runtime: Make) -> None:
    live, trial = make_runtime(**PRODUCTION), make_runtime()

    assert await start(live, serving=True) is None
    assert (await start(trial, serving=True) or "").startswith("http://localhost:8000/")


def _linked(*command: str) -> str:
    """Return what a command prints, and that it says how far the address is known."""
    done = run(*command)
    assert done.exit_code == 0, done.output
    assert ("no AUTH_SERVE_PUBLIC_URL is set" in done.stderr) == (
        "AUTH_SERVE_PUBLIC_URL" not in os.environ
    )
    return done.stdout


@pytest.mark.usefixtures("database")
async def test_every_command_knows_where_the_service_last_started(
    make_runtime: Make, monkeypatch: pytest.MonkeyPatch, api: Api
) -> None:
    first = _linked("setup", "link")
    root = await api.admin()
    commands: list[tuple[str, ...]] = [("setup", "recover", root.email)]
    shop = (
        "--name",
        "x",
        "--redirect-uri",
        "https://a.test/cb",
        "--snippet",
        "express",
    )
    commands += [("client", "create", *shop)]

    for port in (8123, 8124):
        here = f"http://localhost:{port}"
        await start(make_runtime(public_url=here), serving=True)
        assert all(here in _linked(*each) for each in commands)
        assert f"last known at {here}" in run("doctor").stdout
    monkeypatch.setenv("AUTH_SERVE_PUBLIC_URL", "http://auth.test")
    named = [_linked(*each) for each in commands]

    assert first.startswith("http://localhost:8000/setup?token=")
    assert all("http://auth.test" in each and "localhost" not in each for each in named)
    assert "served as http://auth.test" in run("doctor").stdout


@pytest.mark.usefixtures("database")
async def test_the_set_up_link_leads_to_the_start_that_was_last(
    make_runtime: Make,
) -> None:
    links = []
    for port in (8123, 8124):
        here = f"http://localhost:{port}"
        await start(make_runtime(public_url=here), serving=True)
        links.append(_linked("setup", "link"))

    assert links[0].startswith("http://localhost:8123/setup?token=")
    assert links[1] == links[0].replace("8123", "8124")


async def test_production_writes_no_address_down(make_runtime: Make) -> None:
    live = make_runtime(**PRODUCTION)
    await start(live, serving=True)

    async with live.unit_of_work() as uow:
        assert await uow.served_addresses.last() is None


class TestWithoutAnEngine:
    """What no engine decides."""

    @pytest.fixture(autouse=True)
    def database(self, monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> None:
        monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", sqlite_url)

    def findings(self) -> dict[str, dict[str, str]]:
        done = run("doctor", "--json")
        found = {each["part"]: each for each in json.loads(done.stdout)}
        failed = any(each["status"] == "failed" for each in found.values())
        assert done.exit_code == int(failed) and done.stderr == ""
        return found

    def test_settings_say_where_they_come_from_and_no_secret(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Path(".env").write_text(
            "AUTH_SERVE_SMTP__SENDER_NAME=Shop\nAUTH_SERVE_LOG_LEVEL=DEBUG\n"
            "export AUTH_SERVE_SMTP__URL=smtp://a:hunter2@127.0.0.1\n"
        )
        monkeypatch.setenv("AUTH_SERVE_LOG_LEVEL", "WARNING")
        monkeypatch.setenv("AUTH_SERVE_JOBS", "")

        done = run("settings", "show", "--json")
        changed = run("settings", "show", "--changed")

        rows = {row["name"]: row for row in json.loads(done.stdout)}
        told = {name: (row["value"], row["source"]) for name, row in rows.items()}
        assert told["AUTH_SERVE_SMTP__SENDER_NAME"] == ("Shop", ".env")
        assert told["AUTH_SERVE_LOG_LEVEL"] == ("WARNING", "environment")
        assert told["AUTH_SERVE_JOBS"] == (True, "default")
        assert told["AUTH_SERVE_SECRET_KEY"] == ("(set)", "environment")
        assert told["AUTH_SERVE_SMTP__URL"] == ("(set)", ".env")
        assert told["AUTH_SERVE_ADMIN__PASSWORD"] == (None, "default")
        assert "hunter2" not in done.output + changed.output
        assert SECRET not in done.output + changed.output
        assert "AUTH_SERVE_TOKEN__" not in changed.stdout

    def test_a_sound_service_has_nothing_that_failed(self) -> None:
        found = self.findings()

        assert found["database"]["status"] == found["clock"]["status"] == "ok"
        assert set(found) >= {"configuration", "mail", "valkey", "proxy", "keys"}
        assert found["mail"]["status"] == found["proxy"]["status"] == "warning"
        assert found["valkey"]["status"] == "skipped"

    @pytest.mark.parametrize(
        ("name", "value", "part", "told"),
        [
            ("SECRET_KEY", "short", "configuration", "AUTH_SERVE_SECRET_KEY"),
            ("DATABASE_URL", "sqlite:////nowhere/a.db", "database", "folder"),
            (
                "DATABASE_URL",
                "postgresql://a:hunter2@127.0.0.1:1/x",
                "database",
                "listens",
            ),
            ("SMTP__URL", "smtp://a:hunter2@127.0.0.1:1", "mail", "127.0.0.1"),
            ("VALKEY_URL", "redis://:hunter2@127.0.0.1:1/0", "valkey", "VALKEY_URL"),
        ],
    )
    def test_what_is_broken_is_named_with_what_to_do(
        self,
        monkeypatch: pytest.MonkeyPatch,
        name: str,
        value: str,
        part: str,
        told: str,
    ) -> None:
        monkeypatch.setenv(f"AUTH_SERVE_{name}", value)

        found = self.findings()

        assert found[part]["status"] == "failed"
        assert told in found[part]["seen"] + found[part]["advice"]
        assert found[part]["advice"] and "hunter2" not in json.dumps(found)

    def test_an_old_schema_is_told_and_left_alone(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", f"sqlite:///{tmp_path}/new.db")

        found = self.findings()

        assert found["database"]["seen"].endswith("schema none")
        assert "alembic upgrade head" in found["database"]["advice"]

    def test_a_mail_that_nobody_delivers_is_said_so(self) -> None:
        done = run("mail", "test", "ann@example.com", "--wait", "0", "--json")

        assert done.exit_code == 1
        assert json.loads(done.stdout)["delivered"] is False
        assert "is the service running" in done.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("us", "user"),
        ("user dis", "disable"),
        ("user list --js", "--json"),
        ("user import --format fire", "firebase"),
        ("completion z", "zsh"),
    ],
)
def test_bash_completes_what_was_begun(
    tmp_path: Path, words: str, expected: str
) -> None:
    shell = shutil.which("bash")
    assert shell, "bash is how this is tried for real"
    program = tmp_path / "auth-serve"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m app.cli "$@"\n')
    program.chmod(0o755)
    typed = ["auth-serve", *words.split(" ")]
    script = (
        "source <(auth-serve completion bash)\n"
        f"COMP_WORDS=({' '.join(typed)}); COMP_CWORD={len(typed) - 1}\n"
        "_auth_serve_completion auth-serve\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    path = f"{tmp_path}:{os.environ['PATH']}"

    done = subprocess.run(
        [shell, "--norc", "-c", script],
        env={"PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )

    assert expected in done.stdout.split(), done.stderr


_SHELLS = {
    # As fpath has it: the file is called as a function, by a shell that completes.
    "zsh": """
        fpath=($PWD); autoload -Uz _auth-serve
        compdef() { print nothing-at-the-first-try }
        _arguments() { print -r -- "$@" }
        words=(auth-serve user dis); CURRENT=3
        _auth-serve
    """,
    "fish": "source _auth-serve; complete -C 'auth-serve user dis'",
}


def test_looking_at_texts_of_mails_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AUTH_SERVE_SECRET_KEY")
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "reset_password.txt").write_text("Go to {{ lnk }}")

    done = run("mail", "check-templates", str(texts))

    assert done.exit_code == 1 and "'lnk' is undefined" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["texts"]


@pytest.mark.parametrize("shell", _SHELLS)
def test_other_shells_complete_where_there_are_any(tmp_path: Path, shell: str) -> None:
    """What is installed runs it; what zsh calls is looked at everywhere."""
    script = run("completion", shell).stdout
    (tmp_path / "_auth-serve").write_text(script)
    program = tmp_path / "auth-serve"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m app.cli "$@"\n')
    program.chmod(0o755)

    assert (shell == "zsh") == ("loadautofunc" in script)
    if (found := shutil.which(shell)) is not None:
        done = subprocess.run(
            [found, {"zsh": "-f", "fish": "--no-config"}[shell], "-c", _SHELLS[shell]],
            cwd=tmp_path,
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert "disable" in done.stdout, done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script(shell: str) -> None:
    done = run("completion", shell)

    assert done.exit_code == 0 and "auth-serve" in done.stdout
    assert f"_AUTH_SERVE_COMPLETE=complete_{shell}" in done.stdout
    if shutil.which(shell):
        checked = subprocess.run([shell, "-n"], input=done.stdout, text=True)
        assert checked.returncode == 0


@pytest.mark.usefixtures("database")
async def test_it_is_said_what_is_sealed_by_which_secret_key(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY_SECOND", SECRET)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", "new-" + SECRET)

    before = json.loads(run("key", "status", "--json").stdout)
    told = json.loads(run("key", "secret-keys", "--json").stdout)
    here = (await api.get("/keys/secret-keys", await api.admin())).json()["keys"]
    refused = run("key", "reseal")  # the process that is asked seals with the old one
    await SealingPresence(api.runtime).leave()
    sealed = run("key", "reseal", "--progress")
    after = json.loads(run("key", "status", "--json").stdout)
    monkeypatch.delenv("AUTH_SERVE_SECRET_KEY_SECOND")
    alone = run("key", "reseal")

    # The oldest first; the process that is asked was told of the old one alone.
    assert refused.exit_code == 1 and "1 process of the service" in refused.stderr
    assert [each["given"] for each in told] == ["second", "first"]
    assert [each["given"] for each in here] == ["first", "missing"]
    assert [each["mark"] for each in told] == [each["mark"] for each in here]
    kept = {"column": "kept_keys.sealed", "unreadable": 0}
    assert before[0] == kept | {"present": 0, "second": 2}
    assert after[0] == kept | {"present": 2, "second": 0}
    assert sealed.exit_code == 0
    taken = "by AUTH_SERVE_SECRET_KEY_SECOND any more; it can be taken away"
    assert taken in sealed.stderr
    assert (
        f"AUTH_SERVE_SECRET_KEY_SECOND has the mark {SecretKey(SECRET).marks[0]}"
        in (sealed.stderr)
    )
    assert alone.exit_code == 1 and "only one secret key is set" in alone.stderr
