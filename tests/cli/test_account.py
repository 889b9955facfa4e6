"""``user``, ``role``, ``session``, ``audit``: what administrators do, from a shell."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli.commands import app
from app.policies.permission import OPERATOR_ID, PERMISSIONS
from tests.cli.test_cli import run
from tests.conftest import SECRET
from tests.factories.factor import FactorFactory
from tests.support.api import PASSWORD, Api


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """Settings as an operator has them in the shell."""
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)


def told(*line: str) -> Any:
    """Run a line with ``--json`` and return what it printed."""
    done = run(*line, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


async def test_an_account_is_made_kept_out_let_in_and_deleted(api: Api) -> None:
    made = told("user", "create", "ann@example.com", "--name", "Ann", "--verified")
    twice = run("user", "create", "Ann@Example.com")
    disabled = told("user", "disable", "ann@example.com")
    enabled = told("user", "enable", made["id"])
    listed = told("user", "list", "--search", "ann", "--status", "active")
    refused = run("user", "delete", "ann@example.com")
    deleted = told("user", "delete", "ann@example.com", "--yes")
    gone = run("user", "show", "ann@example.com")

    assert made["roles"] == ["user"] and made["email_verified"] is True
    assert twice.exit_code == 1 and "exists" in twice.stderr
    assert (disabled["status"], enabled["status"]) == ("disabled", "active")
    assert [user["id"] for user in listed] == [made["id"]]
    assert refused.exit_code == 2 and "say --yes" in refused.stderr
    assert deleted["id"] == made["id"]
    assert gone.exit_code == 1 and gone.stderr == "auth-serve: There is no such user\n"
    assert "invitation" in {mail["template"] for mail in await api.mails()}


async def test_a_password_from_standard_input_signs_in(api: Api) -> None:
    line = ["user", "create", "ann@example.com", "--verified", "--password-stdin"]
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(
            CliRunner().invoke, app, line, input=f"{PASSWORD}\n"
        ).result()

    assert done.exit_code == 0, done.output
    assert (await api.login("ann@example.com")).status_code == 200


async def test_a_list_goes_over_every_page(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.cli.base.PAGE", 2)
    for _ in range(5):
        await api.users()

    assert len(told("user", "list")) == 5
    assert len(told("user", "list", "--limit", "3")) == 3


async def test_a_reset_ends_sessions_and_mails_the_owner_only(api: Api) -> None:
    ann = await api.person()

    done = run("user", "reset", ann.email)

    assert done.exit_code == 0, done.output
    mail = await api.mailed("reset_password")
    assert mail.to == ann.email and mail.token not in done.output
    assert (await api.get("/users/me", ann)).status_code == 401


async def test_a_reset_may_be_required_before_any_sign_in(api: Api) -> None:
    ann = await api.person()

    told("user", "reset", ann.email, "--required")

    refused = await api.login(ann.email)
    assert refused.json()["code"] == "password_reset_required"


async def test_roles_are_made_given_taken_and_spelled_out(api: Api) -> None:
    ann = await api.person()
    made = told("role", "create", "clerk", "--permission", "users:read")
    given = told("role", "grant", ann.email, "clerk")
    seen = (await api.get("/users", ann)).status_code
    taken = told("role", "revoke", ann.email, "clerk")
    unknown = run("role", "create", "boss", "--permission", "users:rule")
    missing = run("role", "grant", ann.email, "nobody")

    assert made["permissions"] == ["users:read"]
    assert "clerk" in given["roles"] and "clerk" not in taken["roles"]
    assert seen == 200
    assert unknown.exit_code == 2 and "permissions" in unknown.stderr
    assert missing.exit_code == 1
    assert "nobody, which is no role here" in missing.stderr
    assert [each["name"] for each in told("role", "show", "admin")] == [*PERMISSIONS]
    assert [each["name"] for each in told("role", "show", "clerk")] == ["users:read"]
    assert all(each["description"] for each in told("role", "permissions"))
    assert {role["name"] for role in told("role", "list")} >= {"admin", "clerk", "user"}


async def test_who_demands_two_factors_is_seen(api: Api) -> None:
    for name in ("clerk", "guard"):
        told("role", "create", name, "--permission", "users:read")
    told("role", "require-mfa", "guard")

    listed = run("role", "list").stdout.splitlines()
    [guard] = [line.split() for line in listed if line.startswith("guard")]
    [clerk] = [line.split() for line in listed if line.startswith("clerk")]
    shown = {name: run("role", "show", name) for name in ("clerk", "guard")}

    assert guard[2] != clerk[2]
    assert "second factor" in shown["guard"].stderr
    assert shown["clerk"].stderr == "" and "users:read" in shown["guard"].stdout


async def test_the_last_administrator_is_kept_from_the_operator_too(api: Api) -> None:
    root = await api.admin()

    lines = [("user", "disable", root.email), ("role", "revoke", root.email, "admin")]
    refused = [run(*line) for line in lines]

    assert [done.exit_code for done in refused] == [1, 1]
    assert all("last active administrator" in done.stderr for done in refused)


async def test_sessions_are_listed_and_ended(api: Api) -> None:
    ann = await api.person()
    other = await api.signed_in(ann)
    sessions = told("session", "list", ann.email)

    one = told("session", "end", ann.email, sessions[0]["id"])
    again = run("session", "end", ann.email, sessions[0]["id"])
    every = told("session", "end", ann.email, "--all")
    unclear = run("session", "end", ann.email)

    assert len(sessions) == 2 and one["ended"] == 1 and every["ended"] == 1
    assert again.exit_code == 1 and "no such session" in again.stderr
    assert unclear.exit_code == 2 and "--all" in unclear.stderr
    for person in (ann, other):
        assert (await api.get("/users/me", person)).status_code == 401


async def test_factors_are_listed_and_taken_away(api: Api) -> None:
    person = await api.person()
    factors = FactorFactory(api.runtime)
    await factors.totp(person.id)
    await factors.recovery_codes(person.id)

    held = told("user", "factors", "list", person.email)
    unasked = run("user", "factors", "remove", person.email, "totp")
    left = told("user", "factors", "remove", person.email, "totp", "--yes")
    gone = run("user", "factors", "remove", str(person.id), "totp", "--yes")

    assert held["totp"]["last_used_at"] is None
    assert held["recovery_codes"]["left"] == 2
    assert unasked.exit_code == 2
    assert left == {"totp": None, "passkeys": [], "recovery_codes": None}
    assert run("user", "factors", "list", person.email).stdout == "none\n"
    assert gone.exit_code == 1
    assert (await api.trail(person.id))[-1] == "factor.removed"
    assert (await api.mails())[-1]["template"] == "factor_removed"


async def test_the_trail_is_found_by_what_when_and_whom(api: Api) -> None:
    root, ann = await api.admin(), await api.person()
    run(
        "client",
        "create",
        "--name",
        "A",
        "--machine",
        "--resource-server",
        "--client-id",
        "shop",
    )
    await api.client.post(
        "/api/v1/auth/login", json={"email": ann.email, "password": "x"}
    )

    def names(*filters: str) -> list[str]:
        return [event["name"] for event in told("audit", "list", *filters)]

    assert names("--user", ann.email) == ["sign_in.failed", "sign_in.succeeded"]
    assert names("--event", "sign_in.failed") == ["sign_in.failed"]
    assert names("--client", "shop") == ["oauth_client.registered"]
    assert names("--client", "b") == []
    [event] = told("audit", "list", "--client", "shop")
    assert event["actor_id"] == str(OPERATOR_ID)
    assert names("--correlation-id", event["correlation_id"]) == [event["name"]]
    assert len(names("--limit", "2")) == 2
    assert run("audit", "list", "--since", "soon").exit_code == 2
    for query, count in (
        ("client_id=shop", 1),
        ("client_id=b", 0),
        ("event=sign_in.failed", 1),
        ("name=sign_in.failed", 1),
        (f"user_id={ann.id}", 2),
        (f"correlation_id={event['correlation_id']}", 1),
    ):
        answer = await api.get(f"/audit-events?{query}", root)
        assert len(answer.json()["items"]) == count, query


async def test_since_and_until_share_no_event(api: Api) -> None:
    root = await api.admin()
    events = (await api.get("/audit-events", root)).json()["items"]
    at = events[0]["created_at"]

    since = (await api.get(f"/audit-events?since={at}", root)).json()["items"]
    until = (await api.get(f"/audit-events?until={at}", root)).json()["items"]
    naive = await api.get(f"/audit-events?since={at.rstrip('Z')}", root)

    assert len(since) + len(until) == len(events)
    assert {e["id"] for e in since} | {e["id"] for e in until} == {
        e["id"] for e in events
    }
    assert naive.status_code == 422


async def test_the_api_lists_what_a_role_may_do(api: Api) -> None:
    root = await api.admin()
    await api.post("/roles", {"name": "clerk", "permissions": ["users:read"]}, root)

    every = (await api.get("/permissions", root)).json()["permissions"]
    admin = (await api.get("/roles/admin/permissions", root)).json()["permissions"]
    clerk = (await api.get("/roles/clerk/permissions", root)).json()["permissions"]
    stranger = await api.get("/permissions", await api.person())

    assert [each["name"] for each in every] == [*PERMISSIONS] and every == admin
    assert [each["name"] for each in clerk] == ["users:read"]
    assert all(each["description"] for each in every)
    assert stranger.status_code == 403
