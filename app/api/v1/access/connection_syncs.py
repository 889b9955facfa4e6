"""``/api/v1/connections/{id}/syncs``: directories that are read as a whole."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.api.answers import problems
from app.api.dependencies import UNPERMITTED, OnceDep, PageDep, Uow, require
from app.api.strict_json import StrictRoute
from app.policies.permission import Actor
from app.schemas.base import Page
from app.schemas.connection import ConnectionSync, ConnectionSyncRequest
from app.services.server.idempotency_key import Answer, IdempotencyKeyReused
from app.services.upstreams.errors import (
    ConnectionNotFound,
    SyncNotFound,
    SyncNotPossible,
    SyncRunning,
)
from app.services.upstreams.sync.service import ConnectionSyncService

router = APIRouter(
    prefix="/api/v1/connections/{connection_id}/syncs",
    tags=["connections"],
    route_class=StrictRoute,
)
Reader = Annotated[Actor, require("connections:read")]
Writer = Annotated[Actor, require("connections:write")]


async def _syncs(uow: Uow) -> ConnectionSyncService:
    return ConnectionSyncService(uow)


Syncs = Annotated[ConnectionSyncService, Depends(_syncs)]


@router.get("", responses=problems(*UNPERMITTED, ConnectionNotFound))
async def list_syncs(
    connection_id: UUID, _actor: Reader, syncs: Syncs, pages: PageDep
) -> Page[ConnectionSync]:
    """List when a directory was read, the newest first, and how far it is now."""
    kind = f"syncs:{connection_id}"
    after = pages.after(kind)
    rows = await syncs.list_page(
        connection_id, after=after and [UUID(after[0])], limit=pages.fetch
    )
    shown, cursor = pages.cut(kind, rows, lambda row: [str(row.id)])
    items = [syncs.shown(row) for row in shown]
    return Page[ConnectionSync](items=items, next_cursor=cursor)


@router.post(
    "",
    status_code=202,
    response_model=ConnectionSync,
    responses=problems(
        *UNPERMITTED,
        ConnectionNotFound,
        SyncNotPossible,
        SyncRunning,
        IdempotencyKeyReused,
        body=True,
    ),
)
async def request_sync(
    connection_id: UUID,
    body: ConnectionSyncRequest,
    actor: Writer,
    syncs: Syncs,
    once: OnceDep,
) -> Response:
    """Have a directory read as a whole; it begins within seconds.

    Accounts are made, and connected, by the same rules as when somebody comes; people
    who are not let in there any more are signed out. Nobody gets a mail.
    """

    async def make() -> Answer:
        row = await syncs.request(
            connection_id,
            "api",
            dry_run=body.dry_run,
            accept_missing=body.accept_missing,
        )
        answer = syncs.shown(row).model_dump_json()
        return Answer(
            202, answer, f"/api/v1/connections/{connection_id}/syncs/{row.id}"
        )

    return await once.answer(f"syncs:{connection_id}", actor.user_id, make)


@router.get(
    "/{sync_id}", responses=problems(*UNPERMITTED, ConnectionNotFound, SyncNotFound)
)
async def read_sync(
    connection_id: UUID, sync_id: UUID, _actor: Reader, syncs: Syncs
) -> ConnectionSync:
    """Return a reading of a directory: what came of it, or how far it is."""
    return syncs.shown(await syncs.get(connection_id, sync_id))
