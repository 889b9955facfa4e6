"""Attributes in tokens, userinfo, introspection and previews, and what keeps them."""

from typing import Any

import pytest
from httpx2 import Response

from app.core import jose
from app.database import Database
from app.models import User
from app.oauth.clients.resource import Resource
from app.services.server.runtime import Runtime
from tests.access.test_attributes import define
from tests.factories.resource import ResourceFactory
from tests.support.api import Person
from tests.support.oauth import Protocol

SCOPE = "openid profile"
API = "https://api.example.com/"
NAMED = Resource(identifier=API)
VALUES = {"cost": 4711, "sites": ["oslo", "rome"], "team": "ops"}
KINDS = {"cost": "number", "sites": "strings", "team": "string"}


def mapping(claim: str, name: str, **more: Any) -> dict[str, Any]:
    return {"claim": claim, "source": f"attribute:{name}", **more}


def read(token: str) -> dict[str, Any]:
    return jose.unverified_claims(token)


@pytest.fixture
async def admin(protocol: Protocol) -> Person:
    """Somebody who may do everything."""
    return await protocol.api.admin()


@pytest.fixture
async def ann(protocol: Protocol, admin: Person) -> User:
    """Somebody of whom three things are known."""
    api, user = protocol.api, await protocol.api.users(email="ann@example.com")
    for name, kind in KINDS.items():
        await define(api, admin, name, type=kind)
    path, body = f"/users/{user.id}", {"attributes": VALUES}
    assert (await api.patch(path, body, admin)).status_code == 200
    return user


async def test_a_client_is_told_in_its_type_where_profile_was_granted(
    protocol: Protocol, ann: User
) -> None:
    """OIDC Core §5.4: what scopes stand for; §2: an ID token may have other claims."""
    mappings = [
        mapping("org.cost", "cost", format="nested"),
        mapping("sites", "sites", prefix="site-", values=["r*"]),
        mapping("nothing", "gone"),
    ]
    columns = {"claim_mappings": mappings, "id_token_claims": ["org"]}
    app = await protocol.apps(scope=SCOPE, columns=columns)

    signed_in = await protocol.signed_in(app, SCOPE, user=ann)
    told = (await protocol.userinfo(signed_in.access)).json()
    less = await protocol.signed_in(app, "openid", user=ann)
    hidden = (await protocol.userinfo(less.access)).json()

    assert (told["org"], told["sites"]) == ({"cost": 4711}, ["site-rome"])
    assert "nothing" not in told
    identity = read(signed_in.tokens["id_token"])
    assert identity["org"] == {"cost": 4711} and "sites" not in identity
    assert not {"org", "sites"} & (hidden.keys() | read(less.tokens["id_token"]).keys())


async def test_an_api_is_told_in_its_token_and_at_introspection_as_it_is_then(
    protocol: Protocol, runtime: Runtime, ann: User, admin: Person
) -> None:
    """RFC 9068 §2.2.2: further claims, where the API needs them (RFC 7662 §2.2)."""
    claims = [mapping("team", "team")]
    scopes = {"read": "Read"}
    await ResourceFactory(runtime)(API, scopes=scopes, access="any", claims=claims)
    api = await protocol.apps(columns={"is_resource_server": True, "audience": API})
    app = await protocol.apps(scope=SCOPE)
    scope = f"{SCOPE} read"

    signed_in = await protocol.signed_in(app, scope, user=ann, resources=(NAMED,))
    less = await protocol.signed_in(app, "openid read", user=ann, resources=(NAMED,))
    known = (await protocol.introspect(api, signed_in.access)).json()
    body = {"attributes": {"team": None}}
    await protocol.api.patch(f"/users/{ann.id}", body, admin)
    later = (await protocol.introspect(api, signed_in.access)).json()
    after = await protocol.refresh(app, signed_in.refresh_token)

    assert read(signed_in.access)["team"] == known["team"] == "ops"
    assert later["active"] and "team" not in later
    assert "team" not in read(less.access)
    assert "team" not in read(after.json()["access_token"])


async def test_a_preview_tells_it_and_a_mapping_that_names_none_is_refused(
    protocol: Protocol, ann: User, admin: Person
) -> None:
    api, app = protocol.api, await protocol.apps(scope=SCOPE)
    path = f"/clients/{app.client_id}"

    async def mapped(name: str) -> Response:
        return await api.patch(path, {"claim_mappings": [mapping("x", name)]}, admin)

    unknown = await mapped("teem")
    malformed = await mapped("te am")
    posing = {"claim_mappings": [mapping("email", "team")]}
    posed = await api.patch(path, posing, admin)
    taken = await mapped("team")
    shown = await api.get(f"{path}/preview?user_id={ann.id}", admin)
    resource = {"identifier": API, "claims": [mapping("x", "teem")]}
    of_api = await api.post("/resources", resource, admin)

    for refused, field in ((unknown, "claim_mappings"), (of_api, "claims")):
        [error] = refused.json()["errors"]
        assert (error["field"], error["code"]) == (field, "unknown_attribute")
        assert error["message"] == "name teem, which is no attribute; define it first"
    for refused in (malformed, posed):
        assert refused.json()["errors"][0]["code"] == "invalid_claim_mapping"
    assert taken.status_code == 200
    assert shown.json()["userinfo"]["x"] == "ops"


async def test_what_a_mapping_tells_is_not_deleted(
    protocol: Protocol, admin: Person, ann: User
) -> None:
    api = protocol.api
    resource = {"identifier": API, "claims": [mapping("x", "team")]}
    made = (await api.post("/resources", resource, admin)).json()
    app = await protocol.apps(columns={"claim_mappings": [mapping("y", "cost")]})

    of_api = await api.delete("/attributes/team", admin)
    of_client = await api.delete("/attributes/cost", admin)
    await api.patch(f"/resources/{made['id']}", {"claims": []}, admin)
    freed = await api.delete("/attributes/team", admin)
    other = await api.delete("/attributes/sites", admin)

    for refused, told_by in ((of_api, API), (of_client, app.client_id)):
        assert refused.json()["code"] == "attribute_in_use"
        assert told_by in refused.json()["detail"]
    assert (freed.status_code, other.status_code) == (204, 204)


async def test_what_a_mapping_tells_does_not_become_the_word_of_people(
    protocol: Protocol, admin: Person, ann: User
) -> None:
    api = protocol.api
    resource = {"identifier": API, "claims": [mapping("roles", "team")]}
    made = (await api.post("/resources", resource, admin)).json()
    path, opened = "/attributes/team", {"owner_access": "write"}

    refused = await api.patch(path, opened, admin)
    kept = await api.get(path, admin)
    seen = await api.patch(path, {"owner_access": "read", "label": "Team"}, admin)
    await api.patch(f"/resources/{made['id']}", {"claims": []}, admin)
    freed = await api.patch(path, opened, admin)

    assert (refused.status_code, refused.json()["code"]) == (409, "attribute_in_use")
    assert kept.json()["owner_access"] != "write"
    assert (seen.status_code, freed.status_code) == (200, 200)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"allowed": ["ops", "dev", "admin"]}, 409),
        ({"allowed": None}, 409),
        ({"pattern": None}, 409),
        ({"pattern": ".*"}, 409),
        ({"max_length": None}, 409),
        ({"allowed": ["ops"], "max_length": 5, "label": "Team"}, 200),
    ],
)
async def test_what_people_write_and_a_mapping_tells_gets_no_looser(
    protocol: Protocol, admin: Person, change: dict[str, Any], expected: int
) -> None:
    """Who mapped it reckoned with what people could choose from then."""
    api, path = protocol.api, "/attributes/chosen"
    rules = {"allowed": ["ops", "dev"], "pattern": "[a-z]+", "max_length": 8}
    body = {"name": "chosen", "owner_access": "write", **rules}
    assert (await api.post("/attributes", body, admin)).status_code == 201
    await protocol.apps(columns={"claim_mappings": [mapping("roles", "chosen")]})

    answer = await api.patch(path, change, admin)
    await api.patch(path, {"owner_access": "read"}, admin)
    by_administrators = await api.patch(path, change, admin)
    back = await api.patch(path, {"owner_access": "write"}, admin)

    assert answer.status_code == expected
    assert by_administrators.status_code == 200
    assert back.json()["code"] == "attribute_in_use"


async def test_who_maps_none_costs_no_statement(
    protocol: Protocol, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = await protocol.apps(scope=SCOPE)
    columns = {"claim_mappings": [mapping("x", "team")]}
    mapped = await protocol.apps(scope=SCOPE, columns=columns)
    signed_in = [
        await protocol.signed_in(app, SCOPE, user=ann) for app in (plain, mapped)
    ]
    asked, fetch = [], Database.fetch_all

    async def noted(self: Database, statement: Any, values: Any) -> Any:
        asked.append("statement")
        return await fetch(self, statement, values)

    monkeypatch.setattr(Database, "fetch_all", noted)
    counts = []
    for each in signed_in:
        asked.clear()
        assert (await protocol.userinfo(each.access)).status_code == 200
        counts.append(len(asked))

    assert counts[1] == counts[0] + 1
