"""``token list`` and ``token revoke``: from a shell."""

import pytest

from tests.cli.test_account import told
from tests.cli.test_cli import run
from tests.conftest import SECRET
from tests.personal_tokens.maker import Tokens
from tests.support.api import Api


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """Settings as an operator has them in the shell."""
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)


async def test_an_operator_sees_and_revokes_what_somebody_made(
    api: Api, tokens: Tokens
) -> None:
    person = await api.person()
    made = await tokens.make(person, "account:read", "account:write")

    listed = told("token", "list", person.email)
    unknown = run("token", "revoke", person.email, person.id.hex)
    wrong = run("token", "revoke", person.email, "backup")
    revoked = told("token", "revoke", person.email, made["id"])

    [item] = listed
    assert (item["id"], item["name"]) == (made["id"], "Backup")
    assert item["scopes"] == ["account:read", "account:write"]
    assert made["token"] not in repr(listed)
    assert unknown.exit_code == 1 and wrong.exit_code == 2
    assert revoked["revoked"] and told("token", "list", person.email) == []
    assert (await tokens.use(made["token"])).status_code == 401
    assert "personal_token.revoked" in await api.trail(person.id)


async def test_ending_everything_ends_them(api: Api, tokens: Tokens) -> None:
    made = await tokens.make(await api.person())

    assert told("token", "end-all", "--yes")["personal_tokens"] == 1
    assert (await tokens.use(made["token"])).status_code == 401
