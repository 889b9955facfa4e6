"""``/api/v1/connections``: who else may say who people are."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.api.answers import etag, json_response, problems
from app.api.dependencies import (
    UNPERMITTED,
    OnceDep,
    PageDep,
    RuntimeDep,
    Uow,
    require,
)
from app.api.if_match import IfMatch
from app.api.strict_json import StrictRoute
from app.core.exceptions import PreconditionFailed
from app.policies.permission import Actor
from app.schemas.base import Page
from app.schemas.connection import (
    Connection,
    ConnectionChange,
    ConnectionCreate,
    ConnectionTest,
)
from app.services.server.idempotency_key import Answer, IdempotencyKeyReused
from app.services.upstreams.connection import ConnectionService
from app.services.upstreams.errors import (
    ConnectionExists,
    ConnectionNotFound,
    TooManyConnections,
)

router = APIRouter(
    prefix="/api/v1/connections", tags=["connections"], route_class=StrictRoute
)
Reader = Annotated[Actor, require("connections:read")]
Writer = Annotated[Actor, require("connections:write")]


async def _connections(uow: Uow, runtime: RuntimeDep) -> ConnectionService:
    return ConnectionService(uow, runtime, runtime.connections.forget)


Connections = Annotated[ConnectionService, Depends(_connections)]


@router.get("", responses=problems(*UNPERMITTED))
async def list_connections(
    _actor: Reader, connections: Connections, pages: PageDep
) -> Page[Connection]:
    """List connections by name."""
    kind = "connections"
    rows = await connections.list_page(after=pages.after(kind), limit=pages.fetch)
    shown, cursor = pages.cut(kind, rows, lambda row: [row.name])
    items = [connections.shown(row) for row in shown]
    return Page[Connection](items=items, next_cursor=cursor)


@router.post(
    "",
    status_code=201,
    response_model=Connection,
    responses=problems(
        *UNPERMITTED,
        ConnectionExists,
        TooManyConnections,
        IdempotencyKeyReused,
        body=True,
    ),
)
async def create_connection(
    body: ConnectionCreate, actor: Writer, connections: Connections, once: OnceDep
) -> Response:
    """Let people come who are known elsewhere, as far as its rules say.

    Secrets of `settings` are never shown again. Whoever maps groups has to hold all
    that their roles allow.
    """

    async def make() -> Answer:
        members = body.model_dump(mode="json", exclude={"name"})
        row = await connections.create(actor, body.name, members)
        answer = connections.shown(row).model_dump_json()
        return Answer(201, answer, f"/api/v1/connections/{row.id}")

    return await once.answer("connections", actor.user_id, make)


@router.get(
    "/{connection_id}",
    response_model=Connection,
    responses=problems(*UNPERMITTED, ConnectionNotFound),
)
async def read_connection(
    connection_id: UUID, _actor: Reader, connections: Connections
) -> Response:
    """Return a connection, without its secrets."""
    row = await connections.get(connection_id)
    return json_response(connections.shown(row), etag=etag(row.version))


@router.patch(
    "/{connection_id}",
    response_model=Connection,
    responses=problems(*UNPERMITTED, ConnectionNotFound, PreconditionFailed, body=True),
)
async def update_connection(
    connection_id: UUID,
    body: ConnectionChange,
    actor: Writer,
    connections: Connections,
    if_match: IfMatch,
) -> Response:
    """Change a connection; `settings` are replaced, but for secrets that are absent."""
    row = await connections.update(actor, connection_id, body.change(), if_match)
    return json_response(connections.shown(row), etag=etag(row.version))


@router.delete(
    "/{connection_id}",
    status_code=204,
    responses=problems(*UNPERMITTED, ConnectionNotFound, PreconditionFailed),
)
async def delete_connection(
    connection_id: UUID, _actor: Writer, connections: Connections, if_match: IfMatch
) -> None:
    """Delete a connection; nobody is known by it any more."""
    await connections.delete(connection_id, if_match)


@router.post(
    "/{connection_id}/test",
    responses=problems(*UNPERMITTED, ConnectionNotFound),
)
async def check_connection(
    connection_id: UUID, _actor: Writer, connections: Connections
) -> ConnectionTest:
    """Look whether it would work, and say step by step what was seen.

    Nobody is signed in; it may be tested while it is off.
    """
    return await connections.test(connection_id)
