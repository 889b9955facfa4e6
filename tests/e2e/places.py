"""Pages that open by their address: what axe, scales and rulers look at."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID
from zlib import crc32

from app.config import Settings
from app.models.upstream.connection import UpstreamIdentity
from app.oauth.grants.jwt_bearer import JwtBearer
from app.pages.console.programs.issuer_form import PLATFORMS
from app.pages.console.sections import (
    CONNECTIONS,
    GROUPS,
    HOSTS,
    ISSUERS,
    RESOURCES,
    SECTIONS,
    WEBHOOKS,
)
from app.pages.parts.texts import DONE
from app.policies.permission import operator
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.attribute import AttributeCreate
from app.schemas.connection import ConnectionCreate
from app.schemas.protected_host import ProtectedHostPolicy
from app.schemas.trusted_issuer import TrustedIssuerChange
from app.services.access.group import GroupService
from app.services.attributes.definition import AttributeService
from app.services.clients.client import OAuthClientService
from app.services.clients.resource import OAuthResourceService
from app.services.clients.trusted_issuer import TrustedIssuerService
from app.services.forward_auth.protected_host import ProtectedHostService
from app.services.outgoing.webhook import WebhookService
from app.services.server.runtime import Runtime, build_runtime
from app.services.upstreams.connection import ConnectionService
from app.services.upstreams.realm_domain import RealmDomainService
from app.services.upstreams.sync.run import add_sync
from tests.conftest import SECRET
from tests.connections.support import CONNECTION, DIRECTORY
from tests.factories.oauth import ApplicationFactory

VISITORS = (
    *("/signin", "/signup", "/signin/code", "/forgot-password", "/reset-password"),
    *("/verify-email", "/resend-verification", "/setup", "/demo", "/language"),
    *(f"/done/{what}" for what in DONE),
    "/nothing/here",
)
OF_WAYS_IN = ("/upstreams/ldap",)  # there once `add_ways_in` was called
ON_THE_WAY = ("/signin/verify", "/consent", "/select-account", "/device")
PORTAL = (
    *("/account", "/account/profile", "/account/email", "/account/security"),
    *("/account/password", "/account/passkeys", "/account/factors"),
    *("/account/connections", "/account/sessions"),
    *("/applications", "/account/activity"),
    *("/account/data", "/account/delete"),
    *("/account/tokens", "/account/new-token"),
    *("/", "/signout"),
)
CONSOLE = tuple(section.path for section in SECTIONS)
_MADE = GROUPS, RESOURCES, HOSTS, WEBHOOKS
CONSOLE_NEW = (
    *(f"{section.path}/new" for section in (*_MADE, ISSUERS, CONNECTIONS)),
    *(f"{ISSUERS.path}/new/{platform}" for platform in PLATFORMS),
    *(f"{CONNECTIONS.path}/new/{kind}" for kind in ("oidc", "ldap")),
)
CONSOLE_BESIDE = (
    *("/admin?by=day", "/admin/users/new", "/admin/new-role", "/admin/clients/new"),
    *("/admin/clients/new?kind=web", "/admin/roles/admin", "/admin/mails/invitation"),
    *("/admin/outbox?state=delivered", "/admin/palette?q=shop"),
)
SIDES = (  # of an account; the last is the one on which it ends
    *("", "/claims", "/sessions", "/factors", "/connections", "/applications"),
    *("/roles", "/activity", "/actions"),
)
CONSOLE_ONE = (  # as the report names them; what it is of, it says itself
    *(f"/admin/users/…{side}" for side in SIDES if side != "/connections"),
    *("/admin/users/batch", "/admin/clients/one"),
    *("/admin/audit/…", "/admin/audit/trace/…"),
    *(f"{GROUPS.path}/…", f"{RESOURCES.path}/…"),
    *(f"{HOSTS.path}/client-…", f"{WEBHOOKS.path}/…", f"{ISSUERS.path}/one/…"),
    f"{CONNECTIONS.path}/…",
)
_CREDENTIALS = {"client_id": "here", "client_secret": "a-secret-of-both-sides"}
_WAYS_IN: Sequence[tuple[str, str, Mapping[str, object]]] = (
    ("google", "Google", _CREDENTIALS),
    ("github", "GitHub", _CREDENTIALS),
    ("ldap", DIRECTORY["display_name"], DIRECTORY["settings"]),
)
LED = "led.example"  # whose people the directory asks for their password in place


async def add_ways_in(database_file: str, *, leads: bool = False) -> None:
    """Let people come from elsewhere: before a service starts, which keeps a list.

    Args:
        database_file: Of the service.
        leads: Whether the directory has a domain: pages ask for addresses first.
    """
    values = {"database_url": database_file, "secret_key": SECRET, "jobs": False}
    runtime = build_runtime(Settings.model_validate(values))
    async with runtime.unit_of_work() as uow:
        service = ConnectionService(uow, runtime, runtime.connections.forget)
        for kind, shown, settings in _WAYS_IN:
            own = {"name": kind, "kind": kind, "display_name": shown}
            form = ConnectionCreate.model_validate(own | {"settings": settings})
            actor, members = operator(uow.clock.now()), form.model_dump(mode="json")
            row = await service.create(actor, form.name, members)
        if leads:
            await uow.db.flush()
            domains = RealmDomainService(uow, runtime, runtime.connections.forget)
            await domains.add(row.id, LED, verified=True)
    await runtime.close()


async def add_attribute(database_file: str) -> None:
    """Let people be asked for their team, which they say themselves."""
    values = {"database_url": database_file, "secret_key": SECRET, "jobs": False}
    runtime = build_runtime(Settings.model_validate(values))
    team = {"name": "team", "label": "Team", "owner_access": "write"}
    members = AttributeCreate.model_validate(team).model_dump()
    async with runtime.unit_of_work() as uow:
        await AttributeService(uow).create(members)
    await runtime.close()


async def made(runtime: Runtime, name: str) -> Sequence[str]:
    """Make one of each thing that has a page; return their pages.

    Args:
        runtime: Where.
        name: Of what has a name of its own.
    """
    async with runtime.unit_of_work() as uow:
        actor = operator(uow.clock.now())
        group = await GroupService(uow).create(actor, name, "", ["user"])
        resources = OAuthResourceService(uow, runtime)
        identifier = f"https://{name}.example.com"
        resource = await resources.create(identifier, {"scopes": {"read": "See"}})
        hosts = ProtectedHostService(uow, runtime, runtime.gate.hosts)
        port = 10_000 + crc32(name.encode()) % 50_000  # a host of its own each time
        policy = ProtectedHostPolicy(groups=[name]).model_dump()
        host = await hosts.create(f"localhost:{port}", policy)
        webhooks = WebhookService(uow, runtime)
        url = "https://hooks.example.com/in"
        webhook, _ = await webhooks.create(actor, url, "Ledger", ["group.deleted"])
        sent = await webhooks.test(actor, webhook.id)
        await uow.db.flush()
        said = "the endpoint answered 500"
        now, deliveries = uow.clock.now(), uow.webhook_deliveries
        await deliveries.mark_failed(sent.id, sent.claims, now, said)
        issuer = await _issuer(uow, runtime, name)
        service = ConnectionService(uow, runtime, runtime.connections.forget)
        own = {"name": name.lower(), "enabled": False}
        form = ConnectionCreate.model_validate(CONNECTION | own)
        members = form.model_dump(mode="json")
        connection = await service.create(actor, form.name, members)
        directory = await _directory(uow, runtime, f"{name.lower()}-directory")
    ids = group.id, resource.id, host.client_id, webhook.id
    pages = [f"{each.path}/{its}" for each, its in zip(_MADE, ids, strict=True)]
    pages += [f"{ISSUERS.path}/one/{issuer}", f"{CONNECTIONS.path}/{connection.id}"]
    return [*pages, f"{CONNECTIONS.path}/{directory}"]


async def seen(runtime: Runtime, email: str) -> Sequence[str]:
    """Return the console's pages of somebody who signed in, and of an application.

    Args:
        runtime: Where.
        email: Theirs.
    """
    async with runtime.unit_of_work() as uow:
        found = await uow.users.by_email(email.lower())
        assert found is not None
        await link(uow, found.id)
        [event] = await uow.audit_events.list_page(
            user_id=found.id, after=None, limit=1
        )
    shop = await ApplicationFactory(runtime)(client_name="Corner Shop")
    return [
        *(f"/admin/users/{found.id}{side}" for side in SIDES),
        f"/admin/users/batch?action=disable&id={found.id}",
        f"/admin/clients/one?id={shop.client_id}",
        f"/admin/audit/{event.id}",
        f"/admin/audit/trace/{event.correlation_id}",
    ]


async def _directory(uow: UnitOfWork, runtime: Runtime, name: str) -> UUID:
    """Connect with a directory that was read: all well, cut off, and people missing."""
    service = ConnectionService(uow, runtime, runtime.connections.forget)
    form = ConnectionCreate.model_validate(DIRECTORY | {"name": name})
    actor, members = operator(uow.clock.now()), form.model_dump(mode="json")
    row = await service.create(actor, name, members)
    await uow.db.flush()
    left_out = {"no_address": 12, "address_shared": 2, "not_active": 140}
    ends: Sequence[tuple[str, str | None, str, dict[str, Any]]] = (
        ("complete", None, "", {"made": 2_148, "linked": 12, "left_out": left_out}),
        (
            "cut_off",
            "cut_off",
            "the server tells no more than some; nobody is withdrawn",
            {},
        ),
        ("complete", "too_many", "320 are missing", {"missing": 320, "kept": 320}),
    )
    for at, (outcome, reason, detail, counts) in enumerate(ends):
        via = "command" if at == 1 else "schedule"
        sync = add_sync(uow, row.id, via, dry_run=at == 0)
        sync.started_at = sync.ended_at = uow.clock.now()
        sync.outcome, sync.reason, sync.detail = outcome, reason, detail
        sync.counts = {**sync.counts, "entries": 2_314, **counts}
        await uow.db.flush()
    return row.id


async def link(uow: UnitOfWork, user_id: UUID) -> None:
    """Have somebody known elsewhere, if anybody is by anything here."""
    for row in (await uow.connections.list_enabled())[:2]:
        identity = UpstreamIdentity(
            id=uow.randomness.uuid7(),
            connection_id=row.id,
            user_id=user_id,
            subject=f"{user_id}",
            claims={},
            linked_at=uow.clock.now(),
        )
        uow.db.add(identity)


async def _issuer(uow: UnitOfWork, runtime: Runtime, name: str) -> str:
    """Trust an issuer, which has to have a URL of its own; return its name."""
    metadata = {
        "grant_types": [JwtBearer.name],
        "redirect_uris": [],
        "token_endpoint_auth_method": "none",
    }
    resources = {f"https://{name}.example.com": ["read"]}
    clients = OAuthClientService(uow, runtime)
    row, _ = await clients.create(metadata, {"resources": resources})
    conditions = [{"claim": "sub", "glob": "system:serviceaccount:ci:*"}]
    rule = {"conditions": conditions, "client_id": row.client_id}
    members = TrustedIssuerChange.model_validate({"rules": [rule]})
    issuers = TrustedIssuerService(uow, runtime)
    issuer = f"a{runtime.randomness.uuid7().hex[1:]}"
    url, document = f"https://{name.lower()}.example.com", members.model_dump(
        mode="json"
    )
    return (await issuers.create(issuer, url, document)).name
