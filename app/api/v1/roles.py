"""``/api/v1/roles``: named sets of permissions."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.api.answers import etag, json_response, problems
from app.api.dependencies import UNPERMITTED, OnceDep, PageDep, Roles, require
from app.api.if_match import IfMatch
from app.api.strict_json import StrictRoute
from app.api.v1.permissions import listed
from app.core.exceptions import PreconditionFailed
from app.policies.permission import Actor
from app.schemas.base import Page
from app.schemas.role import PermissionList, Role, RoleChange, RoleCreate
from app.schemas.user import ROLE_NAME
from app.services.access.role import RoleExists, RoleInUse, RoleNotFound
from app.services.server.idempotency_key import Answer, IdempotencyKeyReused

router = APIRouter(prefix="/api/v1/roles", tags=["roles"], route_class=StrictRoute)
Reader = Annotated[Actor, require("roles:read")]
Writer = Annotated[Actor, require("roles:write")]
Name = Annotated[str, Path(pattern=ROLE_NAME)]


@router.get("", responses=problems(*UNPERMITTED))
async def list_roles(_actor: Reader, roles: Roles, pages: PageDep) -> Page[Role]:
    """List roles by name."""
    rows = await roles.list_page(after=pages.after("roles"), limit=pages.fetch)
    shown, cursor = pages.cut("roles", rows, lambda row: [row.name])
    items = [Role.model_validate(row) for row in shown]
    return Page[Role](items=items, next_cursor=cursor)


@router.post(
    "",
    status_code=201,
    response_model=Role,
    responses=problems(*UNPERMITTED, RoleExists, IdempotencyKeyReused, body=True),
)
async def create_role(
    body: RoleCreate,
    actor: Writer,
    roles: Roles,
    once: OnceDep,
) -> Response:
    """Make a role out of permissions that the caller holds."""

    async def make() -> Answer:
        role = await roles.create(
            actor,
            body.name,
            body.description,
            list(body.permissions),
            mfa_required=body.mfa_required,
        )
        location = f"/api/v1/roles/{role.name}"
        return Answer(201, Role.model_validate(role).model_dump_json(), location)

    return await once.answer("roles", actor.user_id, make)


@router.get(
    "/{name}", response_model=Role, responses=problems(*UNPERMITTED, RoleNotFound)
)
async def read_role(name: Name, _actor: Reader, roles: Roles) -> Response:
    """Return a role."""
    role = await roles.get(name)
    return json_response(Role.model_validate(role), etag=etag(role.version))


@router.get("/{name}/permissions", responses=problems(*UNPERMITTED, RoleNotFound))
async def list_role_permissions(
    name: Name, _actor: Reader, roles: Roles
) -> PermissionList:
    """List all that a role may do; `*` is spelled out."""
    return listed(await roles.permissions_of(name))


@router.patch(
    "/{name}",
    response_model=Role,
    responses=problems(*UNPERMITTED, RoleNotFound, PreconditionFailed, body=True),
)
async def update_role(
    name: Name, body: RoleChange, actor: Writer, roles: Roles, if_match: IfMatch
) -> Response:
    """Change a role; of one that is built in, whether it wants a second factor."""
    role = await roles.update(
        actor,
        name,
        description=body.description,
        permissions=body.permissions,
        versions=if_match,
        mfa_required=body.mfa_required,
    )
    return json_response(Role.model_validate(role), etag=etag(role.version))


@router.delete(
    "/{name}",
    status_code=204,
    responses=problems(*UNPERMITTED, RoleNotFound, RoleInUse, PreconditionFailed),
)
async def delete_role(
    name: Name, actor: Writer, roles: Roles, if_match: IfMatch
) -> None:
    """Delete a role; whoever had it loses it."""
    await roles.delete(actor, name, if_match)
