"""``/api/v1/connections`` and ``connection``: who else may say who people are."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.services.server.runtime import Runtime
from tests.cli.test_account import told
from tests.cli.test_cli import run
from tests.conftest import SECRET
from tests.connections.support import CONNECTION, add_connection
from tests.factories.role import RoleFactory
from tests.support.api import Api, Person

HIDDEN: str = CONNECTION["settings"]["client_secret"]
PLAIN = {n: v for n, v in CONNECTION["settings"].items() if n != "client_secret"}
WITH_SECRET = PLAIN | {"client_secret": HIDDEN}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """Settings as an operator has them in the shell."""
    monkeypatch.setenv("AUTH_SERVE_DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_SERVE_SECRET_KEY", SECRET)


async def _made(api: Api, who: Person, **members: Any) -> dict[str, Any]:
    body = CONNECTION | {"name": "firm"} | members
    answer = await api.post("/connections", body, who)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_connection_is_made_changed_and_gone(api: Api) -> None:
    root = await api.admin()

    made = await _made(api, root, settings=WITH_SECRET)
    path = f"/connections/{made['id']}"
    seen = await api.get(path, root)
    listed = (await api.get("/connections", root)).json()["items"]
    change = {"account_rule": "domain", "account_domains": ["Example.ORG"]}
    changed = await api.patch(path, {**change, "enabled": False}, root)
    again = await api.post("/connections", CONNECTION | {"name": "firm"}, root)
    gone = await api.delete(path, root)

    assert made["account_rule"] == "closed" and made["trusted_domains"] == []
    assert made["redirect_uri"].endswith("/upstreams/firm/callback")
    assert listed == [seen.json()] == [made]
    assert changed.json()["account_domains"] == ["example.org"]
    assert again.json()["code"] == "connection_exists"
    assert gone.status_code == 204
    assert (await api.get(path, root)).json()["code"] == "connection_not_found"
    names = await api.trail(None)
    assert [name for name in names if name.startswith("connection.")] == [
        "connection.created",
        "connection.updated",
        "connection.deleted",
    ]


async def test_who_lost_the_secret_key_sees_a_connection_and_gives_its_secrets_again(
    api: Api, runtime: Runtime
) -> None:
    root = await api.admin()
    made = await _made(api, root, settings=WITH_SECRET)
    path = f"/connections/{made['id']}"
    async with runtime.unit_of_work() as uow:
        row = await uow.connections.by_id(UUID(made["id"]))
        assert row is not None
        row.sealed_secrets = b"of another key" * 4

    listed = await api.get("/connections", root)
    seen, tested = await api.get(path, root), await api.post(f"{path}/test", {}, root)
    renamed = await api.patch(path, {"display_name": "Firm"}, root)
    without = await api.patch(path, {"settings": PLAIN}, root)
    told_to_operators = run("connection", "show", "firm", "--json")
    again = await api.patch(path, {"settings": WITH_SECRET}, root)

    assert [each["secrets"] for each in listed.json()["items"]] == [[]]
    assert seen.json()["secrets"] == [] and renamed.status_code == 200
    assert (tested.status_code, without.status_code) == (422, 422)
    assert told_to_operators.exit_code == 0, told_to_operators.output
    assert again.json()["secrets"] == ["client_secret"]
    assert (await api.post(f"{path}/test", {}, root)).status_code == 200


async def test_secrets_go_in_and_never_out(api: Api, runtime: Runtime) -> None:
    root = await api.admin()

    made = await api.post(
        "/connections", CONNECTION | {"name": "firm", "settings": WITH_SECRET}, root
    )
    path = f"/connections/{made.json()['id']}"
    kept = await api.patch(path, {"settings": PLAIN}, root)
    seen = await api.get(path, root)
    taken = await api.patch(
        path, {"settings": WITH_SECRET | {"client_secret": None}}, root
    )

    answers = [made, kept, seen, taken, await api.get("/connections", root)]
    assert not any(HIDDEN in each.text for each in answers)
    assert kept.json()["secrets"] == ["client_secret"] == seen.json()["secrets"]
    assert taken.status_code == 422  # this kind has nothing to prove itself by then
    async with runtime.database.session(read_only=True) as db:
        raw = await db.connection()
        rows = (await raw.exec_driver_sql("SELECT * FROM connections")).all()
        trail = (await raw.exec_driver_sql("SELECT data FROM audit_events")).all()
    assert HIDDEN not in repr(rows) and HIDDEN not in repr(trail)


async def test_a_secret_is_not_sent_elsewhere_by_whoever_does_not_know_it(
    api: Api,
) -> None:
    root = await api.admin()
    path = f"/connections/{(await _made(api, root))['id']}"
    elsewhere = PLAIN | {"issuer": "https://evil.example"}

    stolen = await api.patch(path, {"settings": elsewhere}, root)
    same = await api.patch(path, {"settings": PLAIN | {"client_id": "new"}}, root)
    given = {"settings": elsewhere | {"client_secret": HIDDEN}}
    moved = await api.patch(path, given, root)

    assert stolen.status_code == 422 and HIDDEN not in stolen.text
    assert [each["field"] for each in stolen.json()["errors"]] == [
        "settings.client_secret"
    ]
    assert same.status_code == 200
    assert moved.json()["settings"]["issuer"] == elsewhere["issuer"]


@pytest.mark.parametrize(
    ("members", "field", "code"),
    [
        ({"kind": "nothing"}, "kind", "unknown_kind"),
        ({"settings": {"client_id": "x"}}, "settings.issuer", "missing"),
        ({"settings": WITH_SECRET | {"x": 1}}, "settings.x", "extra_forbidden"),
        (
            {"settings": WITH_SECRET | {"issuer": "https://169.254.169.254"}},
            "settings.issuer",
            "url_refused",
        ),
        ({"trusted_domains": ["com"]}, "trusted_domains.0", "value_error"),
        (
            {"follow": {"groups": {"groups": {"staff": "nobody"}}}},
            "follow.groups.groups",
            "unknown_group",
        ),
    ],
)
async def test_t160_what_could_not_work_is_refused_and_nothing_is_made(
    api: Api, members: dict[str, Any], field: str, code: str
) -> None:
    root = await api.admin()

    answer = await api.post("/connections", CONNECTION | {"name": "x"} | members, root)

    assert answer.status_code == 422, answer.text
    [error] = answer.json()["errors"]
    assert (error["field"], error["code"]) == (field, code)
    assert HIDDEN not in answer.text
    assert (await api.get("/connections", root)).json()["items"] == []


async def test_whoever_maps_a_group_has_to_hold_what_its_roles_allow(
    api: Api, runtime: Runtime
) -> None:
    root = await api.admin()
    await api.post("/groups", {"name": "rulers", "roles": ["admin"]}, root)
    path = f"/connections/{(await _made(api, root))['id']}"
    await RoleFactory(runtime)("ways", "connections:read", "connections:write")
    ann = await api.person("ways")
    follow = {"groups": {"groups": {"staff": "rulers"}}}

    answers = [
        await api.post(
            "/connections", CONNECTION | {"name": "mine", "follow": follow}, ann
        ),
        await api.patch(path, {"follow": follow}, ann),
    ]
    mapped = await api.patch(path, {"follow": follow}, root)
    mine = WITH_SECRET | {"issuer": "https://evil.example"}
    answers.append(await api.patch(path, {"settings": mine}, ann))
    renamed = await api.patch(path, {"display_name": "Ours"}, ann)

    assert [each.json()["code"] for each in answers] == ["forbidden"] * 3
    assert renamed.status_code == 200
    assert mapped.json()["follow"]["groups"]["groups"] == {"staff": "rulers"}


async def test_a_test_says_step_by_step_what_it_saw(api: Api) -> None:
    root = await api.admin()
    settings = {**WITH_SECRET, "issuer": "https://nothing.invalid"}
    made = await _made(api, root, settings=settings, enabled=False)

    answer = await api.post(f"/connections/{made['id']}/test", None, root)

    assert answer.status_code == 200 and not answer.json()["ok"]
    first = answer.json()["steps"][0]
    assert first["name"] and first["saw"] and HIDDEN not in answer.text
    assert (await api.trail(None))[-1] == "connection.tested"


async def test_the_commands_do_the_same(
    api: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await api.admin()
    file = tmp_path / "settings.json"
    file.write_text(json.dumps(WITH_SECRET))

    made = told(
        *("connection", "create", "firm", "--kind", "oidc", "--title", "Firm"),
        *("--settings", str(file), "--trust-domain", "example.org"),
    )
    changed = told(
        *("connection", "update", "firm", "--accounts", "anybody", "--disable"),
        "--signs-out",
    )
    listed = told("connection", "list")
    shown = told("connection", "show", "firm")
    tested = run("connection", "test", "firm")
    unknown = run("connection", "show", "home")
    gone = told("connection", "delete", "firm", "--yes")

    assert made["secrets"] == ["client_secret"] and HIDDEN not in json.dumps(made)
    assert (changed["account_rule"], changed["enabled"]) == ("anybody", False)
    assert (made["signs_out"], changed["signs_out"]) == (False, True)
    assert made["signed_out_uri"].endswith("/upstreams/firm/signed-out")
    assert listed == [changed] and shown == changed
    assert shown["trusted_domains"] == ["example.org"]
    assert tested.exit_code == 1 and "FAILED" in tested.stdout
    assert unknown.exit_code == 1 and "no such connection" in unknown.stderr
    assert gone == {"name": "firm", "deleted": True}


async def test_a_connection_of_others_is_none_of_whoever_may_only_look(
    api: Api, runtime: Runtime
) -> None:
    root = await api.admin()
    made = await add_connection(api, root)
    await RoleFactory(runtime)("looks", "connections:read")
    ann = await api.person("looks")

    seen = await api.get(f"/connections/{made}", ann)
    tried = await api.post(f"/connections/{made}/test", None, ann)

    assert seen.status_code == 200 and tried.status_code == 403
