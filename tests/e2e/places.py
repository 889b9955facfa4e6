"""Pages that open by their address: what axe, scales and rulers look at."""

from collections.abc import Sequence
from zlib import crc32

from app.pages.console.sections import GROUPS, HOSTS, RESOURCES, SECTIONS, WEBHOOKS
from app.policies.permission import operator
from app.schemas.protected_host import ProtectedHostPolicy
from app.services.access.group import GroupService
from app.services.clients.resource import OAuthResourceService
from app.services.forward_auth.protected_host import ProtectedHostService
from app.services.outgoing.webhook import WebhookService
from app.services.server.runtime import Runtime

VISITORS = (
    *("/signin", "/signup", "/signin/code", "/forgot-password", "/reset-password"),
    *("/verify-email", "/resend-verification", "/setup", "/demo", "/language"),
    *("/done/setup", "/done/mail-sent", "/done/registered", "/nothing/here"),
)
PORTAL = (
    *("/account", "/account/profile", "/account/email", "/account/security"),
    *("/account/password", "/account/passkeys", "/account/factors"),
    *("/account/sessions", "/applications", "/account/activity"),
    *("/account/data", "/account/delete"),
    *("/account/tokens", "/account/new-token"),
    *("/", "/signout"),
)
CONSOLE = tuple(section.path for section in SECTIONS)
_MADE = GROUPS, RESOURCES, HOSTS, WEBHOOKS
CONSOLE_NEW = tuple(f"{section.path}/new" for section in _MADE)
CONSOLE_ONE = (  # as the report names them
    *(f"{GROUPS.path}/…", f"{RESOURCES.path}/…"),
    *(f"{HOSTS.path}/client-…", f"{WEBHOOKS.path}/…"),
)


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
    ids = group.id, resource.id, host.client_id, webhook.id
    return [f"{section.path}/{each}" for section, each in zip(_MADE, ids, strict=True)]
