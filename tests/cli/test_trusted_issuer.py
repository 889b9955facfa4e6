"""``python -m app.cli trusted-issuer``: workloads, from the shell."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.services.server.runtime import Runtime
from tests.cli.test_cli import run
from tests.conftest import SECRET
from tests.factories.oauth import ApplicationFactory
from tests.support.oauth import Protocol
from tests.workloads.issuers import GitHubActions
from tests.workloads.support import OPTIONS, deployer

RULE = ("--equals", "repository=octo-org/octo-repo", "--glob", "ref=refs/heads/*")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough: the service is tested on both."""
    return sqlite_url


@pytest.fixture
def options() -> dict[str, object]:
    return OPTIONS


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """Settings as an operator has them in the shell."""
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)
    monkeypatch.setenv("AUTH_SERVE_OUTBOUND__ALLOWED_HOSTS", "127.0.0.1")
    scopes = {"orders:read": "See orders", "orders:write": "Change them"}
    monkeypatch.setenv("AUTH_SERVE_OAUTH__SCOPES", json.dumps(scopes))


@pytest.fixture
def github() -> Iterator[GitHubActions]:
    with GitHubActions() as server:
        yield server


async def test_an_issuer_is_trusted_shown_changed_and_deleted(
    protocol: Protocol, tmp_path: Path, github: GitHubActions
) -> None:
    app = await deployer(protocol)
    issuer = ("--issuer", "https://ci.example", "--client", app.client_id)
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps(github.jwks))

    made = run("trusted-issuer", "create", "ci", *issuer, *RULE, "--reusable", "--json")
    again = run("trusted-issuer", "create", "ci", *issuer, *RULE)
    open_ = run("trusted-issuer", "create", "open", *issuer)
    listed = run("trusted-issuer", "list").stdout
    more = run(
        *("trusted-issuer", "rule", "add", "ci", "--client", app.client_id),
        *("--equals", "sub=x", "--scope", "orders:read", "--json"),
    )
    fewer = run("trusted-issuer", "rule", "remove", "ci", "1", "--yes", "--json")
    last = run("trusted-issuer", "rule", "remove", "ci", "1", "--yes")
    none = run("trusted-issuer", "rule", "remove", "ci", "9", "--yes")
    changed = run(
        *("trusted-issuer", "update", "ci", "--status", "disabled"),
        *("--jwks", str(jwks), "--single", "--max-lifetime", "600", "--json"),
    )
    back = run("trusted-issuer", "update", "ci", "--discovery", "--json")
    shown = json.loads(run("trusted-issuer", "show", "ci", "--json").stdout)
    unsure = run("trusted-issuer", "delete", "ci")
    gone = run("trusted-issuer", "delete", "ci", "--yes")

    assert made.exit_code == 0, made.output
    told = json.loads(made.stdout)
    assert not told["single_use"] and len(told["rules"][0]["conditions"]) == 2
    assert again.exit_code == 1 and "exists" in again.output
    assert open_.exit_code == 1 and "everybody would be meant" in open_.output
    assert listed == "ci  active  https://ci.example\n"
    assert len(json.loads(more.stdout)["rules"]) == 2
    assert json.loads(fewer.stdout)["rules"][0]["scope"] == "orders:read"
    assert last.exit_code == 1 and "speak for" in last.output
    assert none.exit_code == 1 and "has 1 rules" in none.output
    told = json.loads(changed.stdout)
    assert (told["status"], told["max_lifetime"]) == ("disabled", 600)
    assert told["jwks"] == github.jwks and told["single_use"]
    assert json.loads(back.stdout)["jwks"] is None
    assert shown == json.loads(back.stdout)
    assert unsure.exit_code == 2 and gone.exit_code == 0, gone.output


async def test_a_token_is_tried_without_using_it_up(
    protocol: Protocol,
    applications: ApplicationFactory,
    runtime: Runtime,
    github: GitHubActions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from datetime import UTC, datetime

    app = await deployer(protocol)
    issuer = ("--issuer", github.url, "--client", app.client_id)
    run("trusted-issuer", "create", "ci", *issuer, *RULE)
    now = int(datetime.now(UTC).timestamp())
    right = github.token(runtime.settings.public_url, now)
    wrong = github.token("https://github.com/octo-org", now)

    tried = [run("trusted-issuer", "test", "--json", stdin=right) for _ in range(2)]
    refused = run("trusted-issuer", "test", stdin=wrong)
    found = run("trusted-issuer", "check", "ci")
    github.said = {"jwks_uri": None}
    missing = run("trusted-issuer", "check", "ci", "--json")

    for each in tried:
        assert each.exit_code == 0, each.output
        assert json.loads(each.stdout)["client_id"] == app.client_id
    assert refused.exit_code == 1 and "refused: aud is" in refused.output
    assert found.exit_code == 0 and "ok      keys: 1 keys" in found.stdout
    assert missing.exit_code == 1 and not json.loads(missing.stdout)["ok"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (("--equals", "repository"), "CLAIM=VALUE"),
        (("--equals", "a=b", "--max-lifetime", "5"), "max_lifetime"),
        (("--equals", "a=b", "--jwks", "/nowhere"), "/nowhere"),
    ],
)
def test_a_line_that_is_wrong_says_how(line: tuple[str, ...], reason: str) -> None:
    made = run(
        *("trusted-issuer", "create", "ci", "--issuer", "https://ci.example"),
        *("--client", "x", *line),
    )

    assert made.exit_code == 2 and reason in made.output
