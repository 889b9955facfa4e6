"""``client --owner``, and what ``doctor`` says of programs without one."""

import json

import pytest

from app.services.server.runtime import Runtime
from tests.cli.test_cli import run
from tests.conftest import SECRET
from tests.support.api import Api


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """Settings as an operator has them in the shell."""
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)
    monkeypatch.setenv("AUTH_SERVE_OAUTH__SCOPES", '{"orders:read": "See orders"}')


def create(client_id: str, *more: str) -> tuple[int, str]:
    words = "--name", "Backup", "--machine", "--scope", "orders:read"
    done = run("client", "create", *words, "--client-id", client_id, *more)
    return done.exit_code, done.output


def owners() -> dict[str, str]:
    """Return what ``doctor`` says of owners."""
    found = json.loads(run("doctor", "--json").stdout)
    [row] = [each for each in found if each["part"] == "owners"]
    return dict(row)


async def test_an_owner_is_named_by_address_and_found_again(
    api: Api, runtime: Runtime
) -> None:
    ann = await api.person()
    made, _ = create("backup", "--owner", ann.email.upper())
    create("other")
    unknown, said = create("third", "--owner", "nobody@example.com")

    mine = run("client", "list", "--owner", ann.email).stdout
    given = run("client", "update", "other", "--owner", ann.email, "--json")
    taken = run("client", "update", "backup", "--no-owner")
    left = run("client", "list", "--owner", str(ann.id)).stdout
    both = run("client", "update", "other", "--no-owner", "--owner", ann.email)

    assert made == 0 and mine == "backup  active  Backup\n"
    assert unknown != 0 and "no such user" in said, said
    assert run("client", "show", "third").exit_code != 0
    assert json.loads(given.stdout) == {"client_id": "other", "owner_id": str(ann.id)}
    assert taken.exit_code == 0 and left == "other  active  Backup\n"
    assert both.exit_code == 2


async def test_doctor_names_programs_whose_owner_is_gone(api: Api) -> None:
    ann, bob = await api.person(), await api.person()
    create("a", "--owner", ann.email)
    create("b", "--owner", bob.email)
    create("nobodys")
    before = owners()
    run("user", "disable", ann.email)
    run("user", "delete", bob.email, "--yes")

    after = owners()
    run("client", "update", "a", "--no-owner")
    run("client", "delete", "b", "--yes")

    assert (before["status"], after["status"]) == ("ok", "warning")
    assert after["seen"].endswith(": a, b") and "--owner" in after["advice"]
    assert owners()["status"] == "ok"
