"""``/api/v1/audit-events``: the evidence."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.api.answers import problems
from app.api.dependencies import (
    UNPERMITTED,
    AuditEvents,
    PageDep,
    RuntimeDep,
    WhyDep,
    require,
)
from app.api.v1.audit_stream import placed, still_reading
from app.core.late.route import LateRoute
from app.policies.permission import Actor
from app.schemas.audit_event import AuditEvent, Why
from app.schemas.base import GivenInstant, Page
from app.services.outgoing.trail import Form, TrailExport
from app.services.server.why.service import RequestNotKept

NDJSON = "application/x-ndjson"
router = APIRouter(prefix="/api/v1/audit-events", tags=["audit"], route_class=LateRoute)
Text = Annotated[str | None, Query(max_length=128)]
OldName = Annotated[str | None, Query(max_length=128, deprecated=True)]
ClientId = Annotated[str | None, Query(max_length=255)]
CorrelationId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,128}$")]
Instant = Annotated[GivenInstant | None, Query()]


@router.get("", responses=problems(*UNPERMITTED))
async def list_audit_events(
    _actor: Annotated[Actor, require("audit:read")],
    events: AuditEvents,
    pages: PageDep,
    user_id: UUID | None = None,
    actor_id: UUID | None = None,
    event: Text = None,
    name: OldName = None,
    client_id: ClientId = None,
    correlation_id: Text = None,
    since: Instant = None,
    until: Instant = None,
) -> Page[AuditEvent]:
    """List events, newest first: from `since` on, and before `until`."""
    read = partial(
        events.list_page,
        user_id=user_id,
        actor_id=actor_id,
        name=event or name,
        client_id=client_id,
        since=since,
        until=until,
        correlation_id=correlation_id,
    )
    shown, cursor = await pages.by_id("audit_events", read)
    items = [AuditEvent.model_validate(row) for row in shown]
    return Page[AuditEvent](items=items, next_cursor=cursor)


@router.get(
    "/export",
    responses={
        200: {"content": {NDJSON: {"schema": {"type": "string"}}}},
        **problems(*UNPERMITTED),
    },
    response_class=StreamingResponse,
)
async def export_audit_events(
    request: Request,
    actor: Annotated[Actor, require("audit:read")],
    runtime: RuntimeDep,
    form: Annotated[Form, Query(alias="format")] = "jsonl",
    since: Instant = None,
    until: Instant = None,
) -> Response:
    """Return events as lines of JSON, oldest first: from `since`, and before `until`.

    `jsonl` are events as the list has them, `ocsf` are events of OCSF 1.7.0. Whose
    session, account or right ends meanwhile has the connection closed half-way.
    """
    trail = TrailExport(runtime, form, since, until)
    named = {"content-disposition": 'attachment; filename="audit-events.jsonl"'}
    pieces = trail.pieces(still_reading(request, actor, runtime))
    answer = placed(runtime, actor, pieces, NDJSON, named)
    await trail.record()
    return answer


@router.get("/why/{correlation_id}", responses=problems(*UNPERMITTED, RequestNotKept))
async def explain_request(
    correlation_id: CorrelationId,
    _actor: Annotated[Actor, require("audit:read")],
    why: WhyDep,
) -> Why:
    """Tell why a sign-in or a request for tokens was refused."""
    return Why.model_validate(await why.tell(correlation_id))
