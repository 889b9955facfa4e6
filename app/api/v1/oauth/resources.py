"""``/api/v1/resources``: APIs that tokens are asked for by name."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from app.api.answers import etag, json_response, problems
from app.api.dependencies import UNPERMITTED, OnceDep, PageDep, Resources, require
from app.api.if_match import IfMatch
from app.api.strict_json import StrictRoute
from app.core.exceptions import PreconditionFailed
from app.policies.permission import Actor
from app.schemas.base import Page, plain
from app.schemas.resource import Resource, ResourceChange, ResourceCreate
from app.services.clients.resource import (
    KnownResource,
    ResourceDeclared,
    ResourceExists,
    ResourceInUse,
    ResourceNotFound,
)
from app.services.server.idempotency_key import Answer, IdempotencyKeyReused

router = APIRouter(
    prefix="/api/v1/resources", tags=["resources"], route_class=StrictRoute
)
Reader = Annotated[Actor, require("resources:read")]
Writer = Annotated[Actor, require("resources:write")]


@router.get("", responses=problems(*UNPERMITTED))
async def list_resources(
    _actor: Reader, resources: Resources, pages: PageDep
) -> Page[Resource]:
    """List resources by identifier, those of the settings among them."""
    after = pages.after("resources")
    rows = await resources.list_page(after=after, limit=pages.fetch)
    shown, cursor = pages.cut("resources", rows, lambda row: [row.identifier])
    items = [Resource.model_validate(row) for row in shown]
    return Page[Resource](items=items, next_cursor=cursor)


@router.post(
    "",
    status_code=201,
    response_model=Resource,
    responses=problems(*UNPERMITTED, ResourceExists, IdempotencyKeyReused, body=True),
)
async def create_resource(
    body: ResourceCreate, actor: Writer, resources: Resources, once: OnceDep
) -> Response:
    """Register an API; until a client is assigned or it is open, nobody has tokens."""

    async def make() -> Answer:
        choices = plain(body)
        made = await resources.create(choices.pop("identifier"), choices)
        location = f"/api/v1/resources/{made.id}"
        return Answer(201, Resource.model_validate(made).model_dump_json(), location)

    return await once.answer("resources", actor.user_id, make)


@router.get(
    "/{resource_id}",
    response_model=Resource,
    responses=problems(*UNPERMITTED, ResourceNotFound),
)
async def read_resource(
    resource_id: UUID, _actor: Reader, resources: Resources
) -> Response:
    """Return a resource."""
    return _answer(await resources.get(resource_id))


@router.patch(
    "/{resource_id}",
    response_model=Resource,
    responses=problems(
        *UNPERMITTED, ResourceNotFound, ResourceDeclared, PreconditionFailed, body=True
    ),
)
async def update_resource(
    resource_id: UUID,
    body: ResourceChange,
    _actor: Writer,
    resources: Resources,
    if_match: IfMatch,
) -> Response:
    """Change a resource; what is withdrawn is in no new token, whatever was granted."""
    return _answer(await resources.update(resource_id, plain(body), if_match))


@router.delete(
    "/{resource_id}",
    status_code=204,
    responses=problems(
        *UNPERMITTED,
        ResourceNotFound,
        ResourceDeclared,
        ResourceInUse,
        PreconditionFailed,
    ),
)
async def delete_resource(
    resource_id: UUID, _actor: Writer, resources: Resources, if_match: IfMatch
) -> None:
    """Delete a resource; no grant gives a token for it any more."""
    await resources.delete(resource_id, if_match)


def _answer(resource: KnownResource) -> Response:
    return json_response(Resource.model_validate(resource), etag=etag(resource.version))
