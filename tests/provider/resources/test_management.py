"""Resources, as administrators make and manage them under ``/api/v1/resources``."""

from typing import Any

import pytest

from app.oauth.grants.device_code import DeviceCode
from tests.factories.resource import ORDERS, ResourceFactory
from tests.support.api import Api, Person
from tests.support.oauth import Protocol

DECLARED = "https://declared.example.com"
PATH = "/resources"
MACHINE: dict[str, Any] = {
    "client_id": "robot",
    "client_name": "Robot",
    "grant_types": ["client_credentials"],
}


@pytest.fixture
def options() -> dict[str, object]:
    """One API that the settings declare."""
    scopes = {"read": "See it"}
    return {"resources": [{"identifier": DECLARED, "scopes": scopes}]}


@pytest.fixture
async def admin(api: Api) -> Person:
    """Return somebody who may do everything."""
    return await api.admin()


async def _make(api: Api, admin: Person, **members: Any) -> Any:
    usual = {"identifier": ORDERS, "scopes": {"read": "See it"}}
    return await api.post(PATH, usual | members, admin)


async def test_a_resource_is_made_read_changed_and_deleted(
    protocol: Protocol, api: Api, admin: Person
) -> None:
    answer = await _make(api, admin, name="Orders", access_token_ttl=60)
    made = answer.json()
    path = f"{PATH}/{made['id']}"
    read = await api.get(path, admin)
    stale = {"status": "disabled"}
    changed = await api.patch(path, stale, admin)
    late = await api.patch(path, {"name": "x"}, admin, if_match='"1"')
    gone = await api.delete(path, admin)
    told = await protocol.events(
        "oauth_resource.created", "oauth_resource.updated", "oauth_resource.deleted"
    )

    assert (answer.status_code, answer.headers["location"]) == (201, f"/api/v1{path}")
    assert (made["access"], made["typ"], made["source"]) == (
        "assigned",
        "at+jwt",
        "database",
    )
    assert (read.json(), read.headers["etag"]) == (made, '"1"')
    assert (changed.json()["status"], changed.headers["etag"]) == ("disabled", '"2"')
    assert changed.json()["access_token_ttl"] == 60
    assert late.json()["code"] == "precondition_failed"
    assert gone.status_code == 204
    assert (await api.get(path, admin)).json()["code"] == "resource_not_found"
    assert [(each.data["resource"], each.actor_id) for each in told] == [
        (ORDERS, admin.id)
    ] * 3
    assert told[1].data["fields"] == ["status"]


async def test_what_the_settings_declare_is_shown_and_left_alone(
    api: Api, admin: Person
) -> None:
    await _make(api, admin)
    await _make(api, admin, identifier="rabbitmq", scopes={})
    first = (await api.get(f"{PATH}?limit=1", admin)).json()
    rest = await api.get(f"{PATH}?cursor={first['next_cursor']}", admin)
    [declared] = first["items"]
    path = f"{PATH}/{declared['id']}"

    assert (declared["identifier"], declared["source"]) == (DECLARED, "settings")
    assert [each["identifier"] for each in rest.json()["items"]] == [ORDERS, "rabbitmq"]
    assert (await api.get(path, admin)).json() == declared
    for refused in (
        await api.patch(path, {"name": "x"}, admin),
        await api.delete(path, admin),
    ):
        assert (refused.status_code, refused.json()["code"]) == (
            409,
            "resource_declared",
        )
    again = await _make(api, admin, identifier=f"{DECLARED}/")
    assert again.json()["code"] == "resource_exists"


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"identifier": "two words"}, "identifier"),
        ({"identifier": f"{ORDERS}#part"}, "identifier"),
        ({"identifier": ""}, "identifier"),
        ({"identifier": "http://localhost:8000/api/v1"}, "identifier"),
        ({"scopes": {"two words": ""}}, "scopes.two words.[key]"),
        ({"scopes": {"account": ""}}, "scopes"),
        ({"access_token_ttl": 29}, "access_token_ttl"),
        ({"algorithm": "HS256"}, "algorithm"),
        ({"typ": "logout+jwt"}, "typ"),
        ({"claims": [{"claim": "iss", "source": "groups"}]}, "claims"),
    ],
)
async def test_bad_input_is_refused_by_its_field(
    api: Api, admin: Person, members: Any, field: str
) -> None:
    refused = await _make(api, admin, **members)

    assert refused.status_code == 422
    assert [each["field"] for each in refused.json()["errors"]] == [field]
    listed = (await api.get(PATH, admin)).json()["items"]
    assert [each["identifier"] for each in listed] == [DECLARED]


async def test_a_resource_is_no_device_that_people_sign_in_at(
    api: Api, admin: Person
) -> None:
    """RFC 9068 §5, RFC 8628 §3.5: devices are given ID tokens too."""
    television = {
        "client_id": "television",
        "client_name": "Television",
        "grant_types": [DeviceCode.name],
        "token_endpoint_auth_method": "none",
    }
    made = await api.post("/clients", television, admin)

    clash = await _make(api, admin, identifier="television")

    assert made.status_code == 201, made.text
    assert clash.status_code == 422
    assert clash.json()["errors"][0]["code"] == "identifier_is_client_id"


async def test_t041_a_resource_is_no_client_that_signs_people_in(
    protocol: Protocol, api: Api, admin: Person
) -> None:
    """RFC 9068 §5: whom ID tokens and whom access tokens are for is kept apart."""
    app = await protocol.apps()
    shop = {"client_name": "Shop", "redirect_uris": ["https://shop.example/cb"]}

    clash = await _make(api, admin, identifier=app.client_id)
    await _make(api, admin, identifier="broker")
    other = await api.post("/clients", shop | {"client_id": "broker"}, admin)

    assert clash.json()["errors"][0]["code"] == "identifier_is_client_id"
    assert other.json()["errors"][0]["code"] == "client_id_is_audience"


async def test_a_client_is_assigned_what_there_is(
    protocol: Protocol, api: Api, admin: Person
) -> None:
    await _make(api, admin, scopes={"read": "See it", "write": "Change it"})
    wrong = {"https://x.example": None, ORDERS: ["admin"]}
    for identifier, scopes in wrong.items():
        body = MACHINE | {"resources": {identifier: scopes}}
        refused = await api.post("/clients", body, admin)
        assert refused.json()["errors"][0]["field"] == "resources"

    body = MACHINE | {"resources": {ORDERS: ["read"]}}
    made = (await api.post("/clients", body, admin)).json()
    form = {"grant_type": "client_credentials", "resource": ORDERS}
    basic = ("robot", made["client_secret"])
    first = await api.client.post("/oauth2/token", data=form, auth=basic)
    await api.patch("/clients/robot", {"resources": {ORDERS: None}}, admin)
    second = await api.client.post("/oauth2/token", data=form, auth=basic)

    assert made["resources"] == {ORDERS: ["read"]}
    assert first.json()["scope"] == "read"
    assert second.json()["scope"] == "read write"
    nothing = await api.patch("/clients/robot", {"resources": None}, admin)
    assert nothing.json()["errors"][0]["code"] == "no_own_scope"
    own = await protocol.apps(columns={"is_self_registered": True})
    power = {"resources": {ORDERS: None}}
    refused = await api.patch(f"/clients/{own.client_id}", power, admin)
    assert refused.json()["errors"][0]["code"] == "self_registered_client"


async def test_a_resource_that_is_an_audience_stays(
    protocol: Protocol, api: Api, admin: Person
) -> None:
    made = (await _make(api, admin, identifier="rabbitmq")).json()
    server = MACHINE | {"audience": "rabbitmq", "is_resource_server": True}
    unknown = await api.post("/clients", server | {"audience": "rabbit"}, admin)
    await api.post("/clients", server, admin)

    kept = await api.delete(f"{PATH}/{made['id']}", admin)
    await api.patch("/clients/robot", {"audience": None}, admin)
    gone = await api.delete(f"{PATH}/{made['id']}", admin)

    assert unknown.json()["errors"][0]["code"] == "invalid_audience"
    assert (kept.status_code, kept.json()["code"]) == (409, "resource_in_use")
    assert gone.status_code == 204


async def test_a_slash_too_many_takes_no_rule_of_the_default_away(
    protocol: Protocol, api: Api, admin: Person
) -> None:
    """An origin with and without it is one API, also where nobody names it."""
    made = await _make(api, admin, identifier="https://api.test", access_token_ttl=60)
    path = f"{PATH}/{made.json()['id']}"
    app = await protocol.apps(columns={"audience": "https://api.test/"})

    signed_in = await protocol.signed_in(app)
    kept = await api.delete(path, admin)
    await api.patch(path, {"status": "disabled"}, admin)
    over = await protocol.refresh(app, signed_in.refresh_token)

    assert signed_in.tokens["expires_in"] == 60
    assert kept.json()["code"] == "resource_in_use"
    assert (over.status_code, over.json()["error"]) == (400, "invalid_target")


async def test_only_who_may_sees_and_changes_resources(
    protocol: Protocol, api: Api, admin: Person
) -> None:
    await ResourceFactory(protocol.runtime)()
    person = await api.person()

    assert (await api.get(PATH, person)).status_code == 403
    assert (await _make(api, person, identifier="x")).status_code == 403
    assert (await api.get(PATH)).status_code == 401
