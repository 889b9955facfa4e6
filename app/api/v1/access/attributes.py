"""``/api/v1/attributes``: what an operator wants to know of people besides."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from app.api.answers import etag, json_response, problems
from app.api.dependencies import (
    SIGNED_IN,
    UNPERMITTED,
    Attributes,
    Caller,
    OnceDep,
    PageDep,
    Uow,
    require,
)
from app.api.if_match import IfMatch
from app.api.strict_json import StrictRoute
from app.core.exceptions import PreconditionFailed
from app.policies.permission import Actor
from app.schemas.attribute import (
    ATTRIBUTE_NAME,
    Attribute,
    AttributeChange,
    AttributeCreate,
    HeldAttributes,
)
from app.schemas.base import Page, plain
from app.services.accounts.change import existing
from app.services.accounts.errors import UserNotFound
from app.services.attributes.definition import (
    AttributeExists,
    AttributeInUse,
    AttributeNotFound,
    TooManyAttributes,
)
from app.services.attributes.values import AttributeValues
from app.services.server.idempotency_key import Answer, IdempotencyKeyReused

router = APIRouter(prefix="/api/v1", tags=["attributes"], route_class=StrictRoute)
Reader = Annotated[Actor, require("attributes:read")]
Writer = Annotated[Actor, require("attributes:write")]
UserReader = Annotated[Actor, require("users:read")]
Name = Annotated[str, Path(pattern=ATTRIBUTE_NAME)]


@router.get("/users/me/attributes", responses=problems(*SIGNED_IN))
async def read_my_attributes(caller: Caller, uow: Uow) -> HeldAttributes:
    """Return the attributes of oneself that the operator lets people see."""
    held = await AttributeValues(uow).seen_by_owner(caller.actor.user_id)
    members = [each.members for each in held]
    return HeldAttributes.model_validate({"attributes": members})


@router.get(
    "/users/{user_id}/attributes", responses=problems(*UNPERMITTED, UserNotFound)
)
async def read_attributes(
    user_id: UUID, _actor: UserReader, uow: Uow
) -> HeldAttributes:
    """Return every attribute of a person; they are set with the account."""
    await existing(uow, user_id)
    held = await AttributeValues(uow).of(user_id)
    members = [each.members for each in held]
    return HeldAttributes.model_validate({"attributes": members})


@router.get("/attributes", responses=problems(*UNPERMITTED))
async def list_attributes(
    _actor: Reader, attributes: Attributes, pages: PageDep
) -> Page[Attribute]:
    """List definitions by name."""
    after = pages.after("attributes")
    rows = await attributes.list_page(after=after, limit=pages.fetch)
    shown, cursor = pages.cut("attributes", rows, lambda row: [row.name])
    items = [Attribute.model_validate(row) for row in shown]
    return Page[Attribute](items=items, next_cursor=cursor)


@router.post(
    "/attributes",
    status_code=201,
    response_model=Attribute,
    responses=problems(
        *UNPERMITTED,
        AttributeExists,
        TooManyAttributes,
        IdempotencyKeyReused,
        body=True,
    ),
)
async def create_attribute(
    body: AttributeCreate, actor: Writer, attributes: Attributes, once: OnceDep
) -> Response:
    """Define an attribute; its name and type stay what they are."""

    async def make() -> Answer:
        row = await attributes.create(body.model_dump())
        shown = Attribute.model_validate(row).model_dump_json()
        return Answer(201, shown, f"/api/v1/attributes/{row.name}")

    return await once.answer("attributes", actor.user_id, make)


@router.get(
    "/attributes/{attribute}",
    response_model=Attribute,
    responses=problems(*UNPERMITTED, AttributeNotFound),
)
async def read_attribute(
    attribute: Name, _actor: Reader, attributes: Attributes
) -> Response:
    """Return a definition."""
    row = await attributes.get(attribute)
    return json_response(Attribute.model_validate(row), etag=etag(row.version))


@router.patch(
    "/attributes/{attribute}",
    response_model=Attribute,
    responses=problems(
        *UNPERMITTED,
        AttributeNotFound,
        AttributeInUse,
        PreconditionFailed,
        body=True,
    ),
)
async def update_attribute(
    attribute: Name,
    body: AttributeChange,
    _actor: Writer,
    attributes: Attributes,
    if_match: IfMatch,
) -> Response:
    """Change a definition; values that are stored stay what they are."""
    row = await attributes.update(attribute, plain(body), if_match)
    return json_response(Attribute.model_validate(row), etag=etag(row.version))


@router.delete(
    "/attributes/{attribute}",
    status_code=204,
    responses=problems(
        *UNPERMITTED, AttributeNotFound, AttributeInUse, PreconditionFailed
    ),
)
async def delete_attribute(
    attribute: Name, _actor: Writer, attributes: Attributes, if_match: IfMatch
) -> None:
    """Delete a definition, and what it is of everybody."""
    await attributes.delete(attribute, if_match)
