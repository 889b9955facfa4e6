"""Pages that open by their address: what axe, scales and rulers look at."""

from collections.abc import Sequence

from app.pages.console.sections import GROUPS, SECTIONS, WEBHOOKS
from app.policies.permission import operator
from app.services.access.group import GroupService
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
CONSOLE_NEW = (f"{GROUPS.path}/new", f"{WEBHOOKS.path}/new")
CONSOLE_ONE = (f"{GROUPS.path}/…", f"{WEBHOOKS.path}/…")  # as the report names them


async def made(runtime: Runtime, name: str) -> Sequence[str]:
    """Make one of each thing that has a page; return their pages.

    Args:
        runtime: Where.
        name: Of the group.
    """
    async with runtime.unit_of_work() as uow:
        actor = operator(uow.clock.now())
        group = await GroupService(uow).create(actor, name, "", ["user"])
        webhooks = WebhookService(uow, runtime)
        url = "https://hooks.example.com/in"
        webhook, _ = await webhooks.create(actor, url, "Ledger", ["group.deleted"])
        sent = await webhooks.test(actor, webhook.id)
        await uow.db.flush()
        said = "the endpoint answered 500"
        now, deliveries = uow.clock.now(), uow.webhook_deliveries
        await deliveries.mark_failed(sent.id, sent.claims, now, said)
    return f"{GROUPS.path}/{group.id}", f"{WEBHOOKS.path}/{webhook.id}"
