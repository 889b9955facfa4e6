"""``client create --snippet``: what one pastes works as it stands."""

import json

import pytest

from tests.cli.test_cli import run
from tests.conftest import SECRET
from tests.oauth.clients.test_client_snippet import HOSTILE, URI


@pytest.fixture
def _shell(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)
    monkeypatch.setenv("AUTH_SERVE_OAUTH__SCOPES", '{"orders:read": "See orders"}')


@pytest.mark.usefixtures("_shell", "runtime")
@pytest.mark.parametrize(
    ("library", "flags"),
    [
        ("flask", ("--redirect-uri", URI)),
        ("spa", ("--spa", "--redirect-uri", URI)),
        ("machine", ("--machine", "--scope", "orders:read")),
    ],
)
async def test_a_client_is_made_and_what_to_paste_is_printed(
    library: str, flags: tuple[str, ...]
) -> None:
    done = run("client", "create", "--name", "x", "--snippet", library, *flags)
    listed = json.loads(run("client", "list", "--json").stdout)

    assert done.exit_code == 0, done.output
    settings, _, code = done.stdout.partition("\n\n")
    told = dict(line.split("  ", 1) for line in settings.splitlines())
    values = {name: value.strip() for name, value in told.items()}
    assert values["issuer"] == "http://localhost:8000"
    assert [values["client_id"]] == [one["client_id"] for one in listed]
    assert ("client_secret" in values) is (library != "spa")
    assert values["client_id"] in code
    if library != "spa":
        assert values["client_secret"] in code


@pytest.mark.usefixtures("_shell", "runtime")
async def test_paste_and_json_do_not_go_together() -> None:
    done = run("client", "create", "--name", "x", "--json", "--snippet", "spa")

    assert done.exit_code != 0 and "--snippet" in done.output
    assert json.loads(run("client", "list", "--json").stdout) == []


@pytest.mark.usefixtures("_shell", "runtime")
@pytest.mark.parametrize("client_id", ["--help", "-x", "--json", HOSTILE])
async def test_an_identifier_that_looks_like_an_option_is_one(client_id: str) -> None:
    machine = ("--machine", "--scope", "orders:read", "--snippet", "machine")
    made = run("client", "create", "--name", "x", f"--client-id={client_id}", *machine)
    shown = run("client", "show", "--json", "--", client_id)

    assert made.exit_code == 0, made.output
    assert f"client_id      {client_id}\n" in made.stdout
    assert json.loads(shown.stdout)["client_id"] == client_id
