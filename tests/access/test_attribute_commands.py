"""``attribute`` and ``user attributes``: from a shell."""

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


async def test_attributes_are_defined_set_and_deleted(api: Api) -> None:
    ann = await api.users()
    rules = ("--pattern", "[a-z]+", "--allow", "ops", "--allow", "dev")
    made = told("attribute", "create", "team", *rules, "--owner-access", "read")
    told("attribute", "create", "grade", "--type", "number", "--required")
    told("attribute", "create", "sites", "--type", "strings")

    changed = told("attribute", "update", "team", "--allow", "", "--label", "Team")
    pairs = ("grade=7", "sites=Rome", "sites=Oslo", "team=hr")
    given = [part for pair in pairs for part in ("--set", pair)]
    held = told("user", "attributes", ann.email, *given)
    unset = told("user", "attributes", ann.email, "--unset", "team")
    refused = run("user", "attributes", ann.email, "--set", "grade=high")
    made_user = told("user", "create", "bob@example.com", "--attribute", "grade=3")
    bob = told("user", "attributes", made_user["id"])
    lacking = run("user", "create", "eve@example.com")
    listed = told("attribute", "list")
    deleted = told("attribute", "delete", "team", "--yes")

    assert made["allowed"] == ["ops", "dev"] and changed["allowed"] is None
    assert (changed["label"], changed["pattern"]) == ("Team", "[a-z]+")
    values = {each["name"]: each["value"] for each in held}
    assert values == {"grade": 7, "sites": ["Rome", "Oslo"], "team": "hr"}
    assert [each["value"] for each in unset] == [7, ["Rome", "Oslo"], None]
    assert refused.exit_code == 1 and "must be a number" in refused.stderr
    assert [each["value"] for each in bob] == [3, None, None]
    assert lacking.exit_code == 1 and "attributes.grade" in lacking.stderr
    assert [each["name"] for each in listed] == ["grade", "sites", "team"]
    assert deleted["deleted"] and run("attribute", "show", "team").exit_code == 1
    assert run("user", "attributes", ann.email, "--set", "grade").exit_code == 2


async def test_an_import_and_an_export_keep_attributes(
    api: Api, tmp_path: Path
) -> None:
    file, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    values = {"grade": 7, "sites": ["Oslo"]}
    people = [
        {"email": "ann@example.com", "attributes": values},
        {"email": "bob@example.com", "attributes": {"grade": "7"}},
        {"email": "eve@example.com", "attributes": {"grade": 7, "size": "M"}},
        {"email": "dan@example.com"},
    ]
    file.write_text("\n".join(map(json.dumps, people)))
    told("attribute", "create", "grade", "--type", "number", "--required")
    told("attribute", "create", "sites", "--type", "strings")

    done = run("user", "import", str(file), "--json")
    told("user", "export", str(out))
    again = told("user", "import", str(out))

    assert json.loads(done.stdout)["imported"] == 1
    for said in (
        "bob@example.com: attributes.grade: must be a number",
        "eve@example.com: attributes.size: there is no attribute size",
        "dan@example.com: attributes.grade: is required",
    ):
        assert said in done.stderr
    [line] = [json.loads(each) for each in out.read_text().splitlines()]
    assert line["attributes"] == values and again["present"] == 1


async def test_a_realm_export_brings_groups_and_attributes_along(
    api: Api, tmp_path: Path
) -> None:
    file = tmp_path / "realm.json"
    user = {
        "email": "ann@example.com",
        "groups": ["/ops/nights", "/Human Resources"],
        "attributes": {"grade": ["7"], "sites": ["Oslo", "Rome"], "LDAP_ID": ["x"]},
    }
    file.write_text(json.dumps({"users": [user], "groups": [{"name": "idle"}]}))
    told("attribute", "create", "grade", "--type", "number")
    told("attribute", "create", "sites", "--type", "strings")
    line = ("user", "import", str(file), "--format", "keycloak")

    without = told(*line, "--dry-run")
    done = told(*line, "--create-groups")
    held = told("user", "attributes", "ann@example.com")
    members = told("group", "members", "/ops/nights")
    groups = told("group", "list")

    assert [each["value"] for each in held] == [7, ["Oslo", "Rome"]]
    assert [each["email"] for each in members] == ["ann@example.com"]
    assert [each["name"] for each in groups] == ["/idle", "/ops/nights"]
    [left, kept] = (each["notes"][0] for each in (without, done))
    assert "without the groups /ops/nights, /Human Resources" in left
    assert "without the groups /Human Resources, which are not here" in kept
    assert "without the attributes LDAP_ID" in kept
