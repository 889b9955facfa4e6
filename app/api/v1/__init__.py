"""The JSON API, version 1: the explicit list of its routers."""

from fastapi import APIRouter

from app.api.v1 import (
    audit_events,
    auth,
    claims,
    clients,
    consents,
    keys,
    me,
    outbox,
    roles,
    settings,
    users,
)

router = APIRouter(prefix="/api/v1")
for part in (
    auth,
    me,
    claims,
    consents,
    users,
    roles,
    clients,
    audit_events,
    keys,
    settings,
    outbox,
):
    router.include_router(part.router)
