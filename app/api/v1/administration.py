"""The parts of the API that operators ask for, and most processes are never asked."""

from starlette.routing import BaseRoute

from app.api.known_query import knowing_their_query
from app.api.v1 import (
    audit_events,
    audit_stream,
    keys,
    outbox,
    permissions,
    roles,
    settings,
    statistics,
    users,
    webhooks,
)
from app.api.v1.access import (
    account_links,
    attributes,
    connection_domains,
    connection_syncs,
    connections,
    groups,
)
from app.api.v1.oauth import (
    client_preview,
    clients,
    protected_hosts,
    resources,
    trusted_issuers,
)

routes: list[BaseRoute] = knowing_their_query(
    route
    for part in (
        users,
        account_links,
        attributes,
        groups,
        roles,
        permissions,
        clients,
        client_preview,
        protected_hosts,
        trusted_issuers,
        connections,
        connection_domains,
        connection_syncs,
        resources,
        audit_events,
        audit_stream,
        webhooks,
        statistics,
        keys,
        settings,
        outbox,
    )
    for route in part.router.routes
)
