"""``group``, and groups in ``user import`` and ``user export``: from a shell."""

import json
from pathlib import Path

import pytest

from tests.cli.test_account import told
from tests.cli.test_cli import run
from tests.conftest import SECRET
from tests.support.api import Api


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """Settings as an operator has them in the shell."""
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)


async def test_a_group_is_made_filled_changed_and_deleted(api: Api) -> None:
    ann = await api.users()
    made = told("group", "create", "ops", "--role", "user", "--description", "Nights")

    granted = told("group", "grant", "ops", "admin")
    told("group", "add", "OPS", ann.email)
    members = told("group", "members", "ops")
    revoked = told("group", "revoke", "ops", "user")
    renamed = told("group", "update", "ops", "--name", "night-ops")
    last = run("group", "remove", "night-ops", ann.email)
    await api.users(roles=["admin"])
    told("group", "remove", "night-ops", ann.email)
    listed = told("group", "list")
    refused = run("group", "delete", "night-ops")
    deleted = told("group", "delete", "night-ops", "--yes")

    assert (made["roles"], granted["roles"]) == (["user"], ["admin", "user"])
    assert [each["id"] for each in members] == [str(ann.id)]
    assert revoked["roles"] == ["admin"] and renamed["description"] == "Nights"
    assert last.exit_code == 1 and "administrator" in last.stderr
    assert [each["name"] for each in listed] == ["night-ops"]
    assert told("group", "list") == [] and deleted["deleted"]
    assert refused.exit_code == 2
    assert run("group", "show", "night-ops").exit_code == 1


async def test_an_import_and_an_export_keep_groups(api: Api, tmp_path: Path) -> None:
    line = {"email": "ann@example.com", "groups": ["ops", "Dev"]}
    file, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    file.write_text(json.dumps(line))
    told("group", "create", "OPS")

    without = run("user", "import", str(file))
    listed = told("group", "list")
    done = told("user", "import", str(file), "--create-groups")
    told("user", "export", str(out))

    assert without.exit_code == 1 and "there is no group Dev" in without.stderr
    assert [each["name"] for each in listed] == ["OPS"]  # nothing of the line stayed
    assert done["imported"] == 1
    exported = json.loads(out.read_text())
    assert (exported["email"], exported["groups"]) == (line["email"], ["Dev", "OPS"])


async def test_what_a_client_is_told_is_chosen_and_looked_at(api: Api) -> None:
    ann = await api.users()
    line = (
        "client",
        "create",
        "--name",
        "Shop",
        "--redirect-uri",
        "https://a.example.com/cb",
    )
    client_id = told(*line, "--scope", "openid email groups")["client_id"]
    mappings = '[{"claim": "teams", "source": "groups"}]'
    told("group", "create", "ops")
    told("group", "add", "ops", ann.email)

    chosen = told(
        "client", "claims", client_id, "--id-token", "email", "--mappings", mappings
    )
    kept = told("client", "claims", client_id)
    seen = told("client", "preview", client_id, ann.email, "--scope", "openid groups")
    whole = told("client", "preview", client_id, ann.email)
    cleared = told("client", "claims", client_id, "--id-token", "", "--mappings", "[]")
    wrong = run("client", "claims", client_id, "--mappings", "{}")
    evil = '[{"claim": "sub", "source": "groups"}]'
    refused = run("client", "claims", client_id, "--mappings", evil)

    assert chosen == kept and kept["id_token_claims"] == ["email"]
    assert seen["userinfo"]["teams"] == ["ops"] and "email" not in seen["id_token"]
    assert whole["id_token"]["email"] == ann.email
    assert cleared["id_token_claims"] is cleared["claim_mappings"] is None
    assert (wrong.exit_code, refused.exit_code) == (2, 1)
    assert "cannot replace sub" in refused.stderr
