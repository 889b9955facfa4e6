"""The JSON API, version 1: the explicit list of its parts."""

from starlette.routing import BaseRoute

from app.api.known_query import knowing_their_query
from app.api.v1 import (
    audit_events,
    audit_stream,
    auth,
    claims,
    devices,
    factor_recovery,
    factors,
    keys,
    me,
    outbox,
    passkey_sign_in,
    passkeys,
    permissions,
    pictures,
    roles,
    settings,
    statistics,
    users,
    webhooks,
)
from app.api.v1.access import attributes, connections, groups, personal_tokens
from app.api.v1.oauth import (
    client_preview,
    clients,
    consents,
    protected_hosts,
    resources,
    trusted_issuers,
)

# Each part names its whole prefix, so that its routes need not be built anew.
routes: list[BaseRoute] = knowing_their_query(
    route
    for part in (
        auth,
        passkey_sign_in,
        factor_recovery,
        me,
        claims,
        pictures,
        consents,
        devices,
        factors,
        passkeys,
        personal_tokens,
        users,
        attributes,
        groups,
        roles,
        permissions,
        clients,
        client_preview,
        protected_hosts,
        trusted_issuers,
        connections,
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
