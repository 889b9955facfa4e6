"""``/api/v1/trusted-issuers``: whose tokens are believed, and what never can be."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from app.models.oauth.trusted_issuer import MAX_ISSUERS
from app.oauth.grants.jwt_bearer import JwtBearer
from app.oauth.trust.issuer import DISCOVERY
from app.services.clients import trusted_issuer
from tests.support.api import Api, Person
from tests.support.oauth import Protocol
from tests.support.tables import contents
from tests.workloads.issuers import GitHubActions
from tests.workloads.support import ON_GITHUB, OPTIONS, deployer

GITHUB = "https://token.actions.githubusercontent.com"
PATH = "/trusted-issuers"


@pytest.fixture
def options() -> dict[str, object]:
    return OPTIONS


@pytest.fixture
def github() -> Iterator[GitHubActions]:
    with GitHubActions() as server:
        yield server


def _body(client_id: str, **changed: Any) -> dict[str, Any]:
    rule = {"conditions": ON_GITHUB, "client_id": client_id, "scope": "orders:read"}
    return {"name": "github", "issuer": GITHUB, "rules": [rule]} | changed


async def test_an_issuer_is_made_read_listed_changed_and_deleted(
    api: Api, protocol: Protocol
) -> None:
    admin, app = await api.admin(), await deployer(protocol)

    made = await api.post(PATH, _body(app.client_id), admin)
    read = await api.get(f"{PATH}/github", admin)
    listed = (await api.get(PATH, admin)).json()
    change = {"max_lifetime": 600, "audiences": ["auth-serve"], "status": "disabled"}
    etag = read.headers["etag"]
    changed = await api.patch(f"{PATH}/github", change, admin, if_match=etag)
    stale = await api.patch(f"{PATH}/github", change, admin, if_match=etag)
    again = await api.patch(f"{PATH}/github", change, admin)
    gone = await api.delete(f"{PATH}/github", admin)

    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/api/v1{PATH}/github"
    told = made.json()
    assert told == read.json() and listed["items"] == [told]
    assert told["algorithms"] == ["RS256", "ES256"] and told["single_use"]
    assert told["rules"][0]["conditions"][1] == {
        "claim": "ref",
        "equals": None,
        "glob": "refs/heads/*",
    }
    assert changed.json().items() >= change.items()
    assert changed.json()["rules"] == told["rules"]
    assert stale.status_code == 412
    assert again.headers["etag"] == changed.headers["etag"]  # nothing changed
    assert gone.status_code == 204
    assert (await api.get(f"{PATH}/github", admin)).status_code == 404
    names = ("created", "updated", "deleted")
    events = await protocol.events(*(f"trusted_issuer.{name}" for name in names))
    assert [event.name.partition(".")[2] for event in events] == list(names)
    assert {event.actor_id for event in events} == {admin.id}
    assert events[1].data["fields"] == ["audiences", "max_lifetime", "status"]


async def test_a_post_that_is_repeated_is_one_and_names_are_one_each(
    api: Api, protocol: Protocol, client: AsyncClient
) -> None:
    admin, app = await api.admin(), await deployer(protocol)
    body = _body(app.client_id)
    headers = admin.headers | {"Idempotency-Key": "once"}

    twice = [
        await client.post(f"/api/v1{PATH}", json=body, headers=headers)
        for _ in range(2)
    ]
    same_name = await api.post(PATH, body | {"issuer": "https://a.example"}, admin)
    same_url = await api.post(PATH, body | {"name": "other"}, admin)

    assert [answer.status_code for answer in twice] == [201, 201]
    for answer in (same_name, same_url):
        assert answer.status_code == 409
        assert answer.json()["code"] == "trusted_issuer_exists"


def _rules(**changed: Any) -> dict[str, Any]:
    return {"rules": [{"conditions": ON_GITHUB, "client_id": "CLIENT"} | changed]}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"rules": []}, "rules"),
        (_rules(conditions=[]), "rules.0.conditions"),
        (
            _rules(conditions=[{"claim": "ref", "equals": "refs/heads/main"}]),
            "rules.0.conditions",
        ),
        (
            _rules(conditions=[{"claim": "sub", "glob": "repo:**"}]),
            "rules.0.conditions",
        ),
        (
            _rules(conditions=[*ON_GITHUB, {"claim": "aud", "equals": "x"}]),
            "rules.0.conditions.2",
        ),
        (_rules(client_id="nobody"), "rules.0.client_id"),
        (_rules(client_id="OTHER"), "rules.0.client_id"),
        (_rules(client_id="SELF"), "rules.0.client_id"),
        (_rules(authenticates_client=True), "rules.0.client_id"),
        (_rules(user_id=f"{UUID(int=7)}"), "rules.0.user_id"),
        (_rules(scope="openid"), "rules.0.scope"),
        (_rules(scope="account orders:read"), "rules.0.scope"),
        (_rules(scope="unknown"), "rules.0.scope"),
        (_rules(scope=""), "rules.0.scope"),
        (_rules(resources=[]), "rules.0.resources"),
        (_rules(resources=["https://unknown.example"]), "rules.0.resources"),
        ({"issuer": "http://issuer.example"}, "issuer"),
        ({"issuer": "https://127.0.0.2"}, "issuer"),
        ({"issuer": "http://localhost:8000"}, "issuer"),
        ({"jwks_uri": "https://[::1]/"}, "jwks_uri"),
        ({"jwks_uri": "https://10.0.0.1/"}, "jwks_uri"),
        ({"jwks": {"keys": []}}, "jwks"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "x"}]}}, "jwks"),
        ({"jwks": {"keys": [{"kty": "EC", "d": "x"}]}}, "jwks"),
        ({"algorithms": ["HS256"]}, "algorithms"),
        ({"algorithms": []}, "algorithms"),
        ({"max_lifetime": 86_401}, "max_lifetime"),
        ({"name": "Not A Name"}, "name"),
        ({"unknown": 1}, "unknown"),
    ],
    ids=lambda given: str(given)[-60:],
)
async def test_what_cannot_be_believed_safely_is_refused_and_changes_nothing(
    api: Api, protocol: Protocol, changed: dict[str, Any], field: str
) -> None:
    admin = await api.admin()
    app, other = await deployer(protocol), await protocol.apps()
    columns = {"is_self_registered": True}
    grants = ["authorization_code", JwtBearer.name]
    itself = await protocol.apps(columns=columns, grant_types=grants)
    known = {"CLIENT": app, "OTHER": other, "SELF": itself}
    body = _body(app.client_id) | deepcopy(changed)
    for rule in body["rules"]:
        name = rule["client_id"]
        rule["client_id"] = known[name].client_id if name in known else name
    before = await contents(protocol.runtime)

    answer = await api.post(PATH, body, admin)

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field
    assert await contents(protocol.runtime) == before


async def test_a_change_is_judged_as_a_whole(api: Api, protocol: Protocol) -> None:
    admin, app = await api.admin(), await deployer(protocol)
    await api.post(PATH, _body(app.client_id), admin)
    changes: list[dict[str, Any]] = [{"rules": []}, {"algorithms": ["none"]}]
    open_to_all = _rules(conditions=[], client_id=app.client_id)
    for change in (*changes, open_to_all):
        answer = await api.patch(f"{PATH}/github", change, admin)
        assert answer.status_code == 422, change
    assert (await api.get(f"{PATH}/github", admin)).headers["etag"] == '"1"'


async def test_there_are_no_more_than_a_process_holds(
    api: Api, protocol: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, app = await api.admin(), await deployer(protocol)
    monkeypatch.setattr(trusted_issuer, "MAX_ISSUERS", 1)
    await api.post(PATH, _body(app.client_id), admin)

    more = _body(app.client_id, name="b", issuer="https://b.example")
    answer = await api.post(PATH, more, admin)

    assert (answer.status_code, answer.json()["code"]) == (
        409,
        "too_many_trusted_issuers",
    )
    assert MAX_ISSUERS == 100


async def test_nobody_without_the_permission_may_look(api: Api) -> None:
    person: Person = await api.person()

    assert (await api.get(PATH, person)).status_code == 403
    assert (await api.post(PATH, _body("x"), person)).status_code == 403


async def test_a_test_asks_for_the_keys_now_and_says_what_it_saw(
    api: Api, protocol: Protocol, github: GitHubActions
) -> None:
    admin, app = await api.admin(), await deployer(protocol)
    await api.post(PATH, _body(app.client_id, issuer=github.url), admin)

    tried = [await api.post(f"{PATH}/github/test", None, admin) for _ in range(2)]
    github.status = 503
    down = await api.post(f"{PATH}/github/test", None, admin)
    keys = {"jwks": github.jwks, "algorithms": ["ES256"]}
    await api.patch(f"{PATH}/github", keys, admin)
    unfit = await api.post(f"{PATH}/github/test", None, admin)
    unknown = await api.post(f"{PATH}/gitlab/test", None, admin)

    assert [each.json()["ok"] for each in tried] == [True, True]
    assert [each["name"] for each in tried[0].json()["steps"]] == ["discovery", "keys"]
    assert github.asked.count(DISCOVERY) == 3  # whatever was kept
    saw = f"127.0.0.1:{github.port}: server error"
    assert down.json()["steps"] == [{"name": "discovery", "ok": False, "saw": saw}]
    [step] = unfit.json()["steps"]
    assert step == {"name": "keys", "ok": False, "saw": "1 keys, 0 of them for ES256"}
    assert unknown.json()["code"] == "trusted_issuer_not_found"
    assert (await api.trail(None))[-1] == "trusted_issuer.tested"
