"""``python -m app.cli resource``: APIs that tokens are for, from the shell."""

import json

import pytest

from app.services.server.runtime import Runtime
from tests.cli.test_cli import run
from tests.conftest import SECRET

BROKER = "rabbitmq"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """Settings as an operator has them in the shell."""
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)
    monkeypatch.setenv("AUTH_SERVE_RESOURCES", '[{"identifier": "https://a.example"}]')


async def test_a_resource_is_made_changed_assigned_and_deleted(
    runtime: Runtime,
) -> None:
    scopes = ("--scope", "read:*/*=Read", "--scope", "tag:admin=Administer")
    made = run("resource", "create", BROKER, *scopes, "--typ", "JWT", "--ttl", "60")
    listed = run("resource", "list").stdout
    changed = run("resource", "update", BROKER, "--ttl", "0", "--json").stdout
    robot = ("client", "create", "--name", "Robot", "--machine", "--client-id", "robot")
    client = run(*robot, "--resource", f"{BROKER} read:*/*", "--json")
    all_of_it = run("resource", "assign", BROKER, "robot", "--json")
    taken = run("resource", "assign", BROKER, "robot", "--revoke")
    refused = run("resource", "delete", "https://a.example", "--yes")
    deleted = run("resource", "delete", BROKER, "--yes")

    assert made.exit_code == 0, made.output
    assert listed.splitlines() == [
        "https://a.example  active  assigned  settings  -",
        "rabbitmq           active  assigned  database  -",
    ]
    shown = json.loads(changed)
    assert (shown["access_token_ttl"], shown["typ"]) == (None, "JWT")
    assert shown["scopes"] == {"read:*/*": "Read", "tag:admin": "Administer"}
    assert json.loads(client.stdout)["resources"] == {BROKER: ["read:*/*"]}
    assert json.loads(all_of_it.stdout)["resources"] == {BROKER: None}
    assert taken.exit_code == 1 and "scope" in taken.output
    assert refused.exit_code == 1 and "AUTH_SERVE_RESOURCES" in refused.output
    assert deleted.exit_code == 0, deleted.output
    assert await runtime.resources.find([BROKER]) == {}


async def test_what_is_typed_wrongly_is_told(runtime: Runtime) -> None:
    for line in (
        ("create", "two words"),
        ("create", BROKER, "--scope", "read"),
        ("create", BROKER, "--algorithm", "HS256"),
    ):
        assert run("resource", *line).exit_code == 2, line
    assert run("resource", "show", "nothing").exit_code == 1
    assert await runtime.resources.find([BROKER]) == {}
