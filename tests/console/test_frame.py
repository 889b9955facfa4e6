"""The console's frame: who may come in, what they see of it, and where they are led."""

from typing import Any

import pytest

from app.oauth.grants.jwt_bearer import JwtBearer
from app.policies.permission import PERMISSIONS, operator
from app.schemas.connection import ConnectionCreate
from app.schemas.trusted_issuer import TrustedIssuerChange
from app.services.clients.trusted_issuer import TrustedIssuerService
from app.services.server.runtime import Runtime
from app.services.upstreams.connection import ConnectionService
from tests.connections.support import CONNECTION
from tests.console.conftest import Holder
from tests.factories.factor import FactorFactory
from tests.factories.oauth import ApplicationFactory
from tests.support.api import PASSWORD, Api, Person
from tests.support.browser import Visitor
from tests.support.page import Page

OPENED = {
    "/admin/start": "settings:read",
    "/admin/users": "users:read",
    "/admin/clients": "clients:read",
    "/admin/resources": "resources:read",
    "/admin/hosts": "clients:read",
    "/admin/issuers": "trusted-issuers:read",
    "/admin/connections": "connections:read",
    "/admin/groups": "groups:read",
    "/admin/roles": "roles:read",
    "/admin/audit": "audit:read",
    "/admin/keys": "keys:read",
    "/admin/webhooks": "webhooks:read",
    "/admin/outbox": "outbox:read",
    "/admin/mails": "settings:read",
    "/admin/settings": "settings:read",
}


@pytest.mark.parametrize("path", ["/admin", "/admin/palette", *OPENED])
async def test_a_stranger_signs_in_first_and_comes_back(
    api: Api, visitor: Visitor, path: str
) -> None:
    admin = await api.admin()

    asked = await visitor.get(path)
    entered = await visitor.submit(
        asked.headers["location"], {"email": admin.email, "password": PASSWORD}
    )

    assert asked.status_code == 303
    assert asked.headers["location"].startswith("/signin?to=console")
    assert entered.headers["location"] == path.replace("/palette", "")


@pytest.mark.parametrize("path", ["/admin", "/admin/palette", *OPENED])
async def test_a_person_without_any_permission_is_refused_by_a_page(
    api: Api, visitor: Visitor, path: str
) -> None:
    person = await api.person()
    await visitor.sign_in(person.email)

    answer = await visitor.get(path)

    assert answer.status_code == 403
    assert "You do not have permission to do this" in answer.text
    assert "/admin/users" not in answer.text


async def test_whoever_is_in_is_refused_in_the_frame_and_finds_the_way_around(
    visitor: Visitor, holder: Holder
) -> None:
    await holder("users:read")

    lost = await visitor.get("/admin/users/xyz")
    closed = await visitor.get("/admin/audit")

    for answer, status, said in (
        (lost, 404, "There is no such user"),
        (closed, 403, "You do not have permission to do this"),
    ):
        page = Page(answer.text)
        assert answer.status_code == status and said in answer.text
        links = {each.get("href") for each in page.all("a")}
        assert {"/admin", "/admin/users", "/signout"} <= links
        assert "/admin/audit" not in links
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("permission", PERMISSIONS)
async def test_each_permission_opens_its_sections_and_no_others(
    visitor: Visitor, holder: Holder, permission: str
) -> None:
    await holder(permission)

    page = Page((await visitor.get("/admin")).text)
    links = {each.get("href") for each in page.all("a")}

    for path, wanted in OPENED.items():
        is_open = permission == wanted
        assert (path in links) == is_open
        assert (await visitor.get(path)).status_code == (200 if is_open else 403)


async def test_a_role_that_demands_two_factors_is_worth_nothing_with_one(
    api: Api, visitor: Visitor, holder: Holder, runtime: Runtime
) -> None:
    person = await holder("users:read")
    phone = await FactorFactory(runtime).totp(person.id)
    async with runtime.unit_of_work() as uow:
        role = await uow.roles.by_name("held")
        assert role is not None
        role.mfa_required = True

    asked = await visitor.get("/admin/users")
    entered = await visitor.submit(asked.headers["location"], {"code": phone.code})

    assert asked.headers["location"] == "/signin/verify?to=console.users"
    assert entered.headers["location"] == "/admin/users"
    assert (await visitor.get("/admin/users")).status_code == 200


async def test_htmx_is_told_to_leave_the_page_for_the_sign_in(visitor: Visitor) -> None:
    answer = await visitor.get("/admin/users", HX_Request="true")

    assert answer.headers["hx-redirect"] == "/signin?to=console.users"
    assert "location" not in answer.headers


@pytest.mark.parametrize("path", ["/admin", "/admin/palette", *OPENED])
async def test_a_page_runs_what_carries_its_own_nonce_and_nothing_else(
    visitor: Visitor, admin: Person, path: str
) -> None:
    first, second = await visitor.get(path), await visitor.get(path)

    policy = first.headers["content-security-policy"]
    nonces = {each["nonce"] for each in Page(first.text).all("script")}
    assert len(nonces) == 1
    assert f"script-src 'nonce-{nonces.pop()}';" in policy
    assert "require-trusted-types-for 'script'; trusted-types htmx" in policy
    assert "unsafe" not in policy
    assert policy != second.headers["content-security-policy"]
    assert first.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "to", ["console/..", "console.users.a/b", "console.users..", "console.USERS"]
)
async def test_where_a_sign_in_leads_in_the_console_is_no_address(
    api: Api, visitor: Visitor, to: str
) -> None:
    person = await api.person()
    fields = {"email": person.email, "password": PASSWORD, "to": to}

    entered = await visitor.submit(f"/signin?to={to}", fields)

    assert entered.headers["location"] == "/"


async def test_the_front_door_leads_to_the_console_who_may_come_in(
    api: Api, visitor: Visitor, holder: Holder
) -> None:
    person = await api.person()
    await visitor.sign_in(person.email)
    before = await visitor.get("/")
    await holder("audit:read")

    after = await visitor.get("/")

    assert 'href="/admin"' not in before.text
    assert 'href="/admin"' in after.text


@pytest.mark.parametrize(
    ("typed", "to"),
    [
        ("rotate", "/admin/keys"),
        ("add role", "/admin/new-role"),
        ("trust an issuer", "/admin/issuers/new"),
        ("add connection", "/admin/connections/new"),
        ("add webhook", "/admin/webhooks/new"),
        ("test email", "/admin/mails"),
        ("secret", "/admin/clients"),
        ("language", "/language"),
    ],
)
async def test_what_is_done_in_the_console_is_found_by_its_words(
    visitor: Visitor, admin: Person, typed: str, to: str
) -> None:
    found = await _palette(visitor, typed)

    assert to in [each["to"] for each in found if each["kind"] == "Actions"]


async def test_nobody_is_offered_what_they_may_not_do(
    visitor: Visitor, holder: Holder
) -> None:
    await holder("users:read")

    found = await _palette(visitor, "")

    offered = {each["to"] for each in found if each["kind"] == "Actions"}
    assert offered == {"/account", "/account/password", "/language", "/signout"}


@pytest.fixture
async def programs(runtime: Runtime) -> dict[str, str]:
    """A client, a connection and an issuer; where each is found."""
    client = await ApplicationFactory(runtime)(
        client_name="Corner shop", grant_types=["authorization_code", JwtBearer.name]
    )
    form = ConnectionCreate.model_validate(CONNECTION | {"name": "corner-office"})
    conditions = [{"claim": "sub", "equals": "job"}]
    rule = {"conditions": conditions, "client_id": client.client_id}
    members = TrustedIssuerChange.model_validate({"rules": [rule]})
    async with runtime.unit_of_work() as uow:
        service = ConnectionService(uow, runtime, runtime.connections.forget)
        actor = operator(uow.clock.now())
        settings = form.model_dump(mode="json")
        connection = await service.create(actor, form.name, settings)
        issuers = TrustedIssuerService(uow, runtime)
        issuer = "https://corner.example.com"
        await issuers.create("cluster", issuer, members.model_dump(mode="json"))
    return {
        "Clients": f"/admin/clients/one?id={client.client_id}",
        "Connections": f"/admin/connections/{connection.id}",
        "Trusted issuers": "/admin/issuers/one/cluster",
    }


async def test_programs_are_found_by_name_and_by_what_tells_them_apart(
    visitor: Visitor, admin: Person, programs: dict[str, str]
) -> None:
    for typed, kinds in (
        ("CORNER", ["Clients", "Connections", "Trusted issuers"]),
        ("elsewh", ["Connections"]),
        ("cluster", ["Trusted issuers"]),
        ("c%25r", []),
    ):
        found = await _palette(visitor, typed)

        expected = [(kind, programs[kind]) for kind in kinds]
        shown = [(each["kind"], each["to"]) for each in found]
        assert [each for each in shown if each[0] in programs] == expected, typed


async def test_programs_are_found_only_by_who_may_see_them(
    visitor: Visitor, holder: Holder, programs: dict[str, str]
) -> None:
    await holder("trusted-issuers:read")

    found = await _palette(visitor, "corner")

    assert [each["to"] for each in found] == [programs["Trusted issuers"]]


async def _palette(visitor: Visitor, typed: str) -> Any:
    accepted = {"Accept": "application/json"}
    answer = await visitor.http.get(f"/admin/palette?q={typed}", headers=accepted)
    return answer.json()
