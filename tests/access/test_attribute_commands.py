"""``attribute`` and ``user attributes``: from a shell."""

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
