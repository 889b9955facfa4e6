"""All pages of the console, which few processes are ever asked for."""

from starlette.routing import BaseRoute

from app.pages.console import (
    assets,
    audit,
    client_new,
    clients,
    groups,
    keys,
    mails,
    outbox,
    overview,
    palette,
    roles,
    settings,
    start,
    user,
    user_batch,
    users,
)
from app.pages.console.programs import connections, hosts, issuers, resources, webhooks

routes: list[BaseRoute] = [
    route
    for page in (
        assets,
        overview,
        start,
        palette,
        users,
        client_new,
        clients,
        resources,
        hosts,
        issuers,
        connections,
        groups,
        roles,
        audit,
        keys,
        webhooks,
        outbox,
        mails,
        settings,
        user_batch,
        user,
    )
    for route in page.router.routes
]
