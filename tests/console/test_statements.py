"""What a page of the console costs: at most four statements, however much there is."""

import re
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.core.late.wing import unfolded
from app.oauth.grants.jwt_bearer import JwtBearer
from app.policies.permission import operator
from app.schemas.connection import ConnectionCreate
from app.schemas.protected_host import ProtectedHostPolicy
from app.schemas.trusted_issuer import TrustedIssuerChange
from app.services.access.group import GroupService
from app.services.clients.resource import OAuthResourceService
from app.services.clients.trusted_issuer import TrustedIssuerService
from app.services.forward_auth.protected_host import ProtectedHostService
from app.services.outgoing.webhook import WebhookService
from app.services.server.runtime import Runtime
from app.services.upstreams.connection import ConnectionService
from tests.connections.support import CONNECTION, DIRECTORY
from tests.factories.oauth import Application, ApplicationFactory
from tests.support.api import Person
from tests.support.browser import Visitor

MOST = 4
_PLANNING = "SELECT set_config("  # of a search on PostgreSQL: no table is read
PAGES = [
    "/admin",
    "/admin?by=day",
    "/admin/start",
    "/admin/palette",
    "/admin/palette?q=shop",
    "/admin/palette?q={email}",
    "/admin/palette?q={user}",
    "/admin/palette?q={request}",
    "/admin/users",
    "/admin/users?q={email}",
    "/admin/users/{user}",
    "/admin/users/{user}/claims",
    "/admin/users/{user}/sessions",
    "/admin/users/{user}/factors",
    "/admin/users/{user}/connections",
    "/admin/users/{user}/applications",
    "/admin/users/{user}/roles",
    "/admin/users/{user}/activity",
    "/admin/users/{user}/actions",
    "/admin/users/new",
    "/admin/users/batch?action=add_role&id={user}",
    "/admin/users/batch?action=disable&scope=filter",
    "/admin/changed-users?number={request}",
    "/admin/clients",
    "/admin/clients?q=shop",
    "/admin/clients?forsaken=true",
    "/admin/clients/new",
    "/admin/clients/new?kind=web",
    "/admin/clients/one?id={client}",
    "/admin/resources",
    "/admin/resources/new",
    "/admin/resources/{resource}",
    "/admin/hosts",
    "/admin/hosts/new",
    "/admin/hosts/{host}",
    "/admin/issuers",
    "/admin/issuers/new",
    "/admin/issuers/new/github",
    "/admin/issuers/one/{issuer}",
    "/admin/connections",
    "/admin/connections/new",
    "/admin/connections/new/oidc",
    "/admin/connections/new/ldap",
    "/admin/connections/{connection}",
    "/admin/connections/{directory}",
    "/admin/groups",
    "/admin/groups/new",
    "/admin/groups/{group}",
    "/admin/roles",
    "/admin/roles/admin",
    "/admin/new-role",
    "/admin/audit",
    "/admin/audit?event=sign_in.succeeded",
    "/admin/audit/{event}",
    "/admin/audit/trace/{request}",
    "/admin/keys",
    "/admin/webhooks",
    "/admin/webhooks/new",
    "/admin/webhooks/{webhook}",
    "/admin/webhooks/{webhook}?state=pending",
    "/admin/outbox",
    "/admin/mails",
    "/admin/mails/invitation",
    "/admin/settings",
]
# An address that only leads on, and a mail as its reader has it.
_NO_PAGES = {"/admin/clients/{client_id}", "/admin/mails/{name}/html"}


def test_every_page_of_the_console_is_counted(app: FastAPI) -> None:
    """A section that is added is added above, or this fails."""
    pages = [
        route
        for route in unfolded(app.routes)
        if isinstance(route, APIRoute) and "GET" in (route.methods or ())
        if route.path.startswith("/admin")
    ]
    named = [re.sub(r"\{\w+\}", str(UUID(int=7)), path) for path in PAGES]
    paths = [path.partition("?")[0] for path in named]

    counted = {
        next((r.path_format for r in pages if r.path_regex.match(path)), path)
        for path in paths
    }

    assert len(pages) > 40
    assert {route.path_format for route in pages} - counted == _NO_PAGES


async def _group(runtime: Runtime, person: Person) -> UUID:
    """Return a group that carries two roles, with somebody in it."""
    async with runtime.unit_of_work() as uow:
        actor = operator(uow.clock.now())
        groups = GroupService(uow)
        group = await groups.create(actor, "team", "", ["admin", "user"])
        await groups.add_member(actor, group.id, person.id)
    return group.id


async def _resource(runtime: Runtime) -> UUID:
    """Return an API."""
    async with runtime.unit_of_work() as uow:
        resources = OAuthResourceService(uow, runtime)
        return (await resources.create("https://api.example.com", {})).id


async def _host(runtime: Runtime) -> str:
    """Return the client of a protected host."""
    async with runtime.unit_of_work() as uow:
        hosts = ProtectedHostService(uow, runtime, runtime.gate.hosts)
        policy = ProtectedHostPolicy(roles=["user"]).model_dump()
        return (await hosts.create("localhost:8080", policy)).client_id


async def _issuer(runtime: Runtime, machine: Application) -> str:
    """Return the name of a trusted issuer."""
    conditions = [{"claim": "sub", "equals": "system:serviceaccount:ci:push"}]
    rule = {"conditions": conditions, "client_id": machine.client_id}
    members = TrustedIssuerChange.model_validate({"rules": [rule]})
    async with runtime.unit_of_work() as uow:
        issuers = TrustedIssuerService(uow, runtime)
        issuer = "https://cluster.example.com"
        await issuers.create("cluster", issuer, members.model_dump(mode="json"))
    return "cluster"


async def _connection(runtime: Runtime, kind: str) -> UUID:
    """Return a connection of a kind that is on."""
    wanted = CONNECTION if kind == "oidc" else DIRECTORY
    form = ConnectionCreate.model_validate({**wanted, "name": f"acme-{kind}"})
    async with runtime.unit_of_work() as uow:
        service = ConnectionService(uow, runtime, runtime.connections.forget)
        actor, members = operator(uow.clock.now()), form.model_dump(mode="json")
        return (await service.create(actor, form.name, members)).id


async def _webhook(runtime: Runtime) -> UUID:
    """Return a webhook that is being sent something."""
    async with runtime.unit_of_work() as uow:
        actor = operator(uow.clock.now())
        webhooks = WebhookService(uow, runtime)
        row, _ = await webhooks.create(actor, "https://hooks.example.com/", "", ["*"])
        await webhooks.test(actor, row.id)
    return row.id


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_costs_at_most_four_statements(
    visitor: Visitor, admin: Person, asked: list[str], runtime: Runtime, path: str
) -> None:
    grants = ["authorization_code", JwtBearer.name]
    shop = await ApplicationFactory(runtime)(
        columns={"owner_id": admin.id}, grant_types=grants
    )
    async with runtime.unit_of_work(read_only=True) as uow:
        rows = await uow.audit_events.list_page(user_id=admin.id, after=None, limit=1)
    path = path.format(
        group=await _group(runtime, admin),
        client=shop.client_id,
        email=admin.email,
        event=rows[0].id,
        request=rows[0].correlation_id,
        connection=await _connection(runtime, "oidc"),
        directory=await _connection(runtime, "ldap"),
        host=await _host(runtime),
        issuer=await _issuer(runtime, shop),
        resource=await _resource(runtime),
        user=admin.id,
        webhook=await _webhook(runtime),
    )
    asked.clear()

    page = await visitor.get(path)

    assert page.status_code == 200
    reading = [each for each in asked if not each.startswith(_PLANNING)]
    assert 2 <= len(reading) <= MOST, "\n".join(asked)
