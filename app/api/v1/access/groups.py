"""``/api/v1/groups``: some people, and the roles that they have by belonging there."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response

from app.api.answers import etag, json_response, problems
from app.api.dependencies import UNPERMITTED, Groups, OnceDep, PageDep, require
from app.api.if_match import IfMatch
from app.api.strict_json import StrictRoute
from app.core.exceptions import PreconditionFailed
from app.models.access.group import Group as GroupRow
from app.policies.permission import Actor
from app.repositories.access.group import Member
from app.schemas.base import Page, plain
from app.schemas.group import Group, GroupChange, GroupCreate, GroupMember
from app.services.access.group import (
    GroupExists,
    GroupInUse,
    GroupMemberNotFound,
    GroupNotFound,
    GroupService,
)
from app.services.accounts.errors import LastAdministrator, UserNotFound
from app.services.process.paging import Pages
from app.services.server.idempotency_key import Answer, IdempotencyKeyReused

router = APIRouter(prefix="/api/v1", tags=["groups"], route_class=StrictRoute)
Reader = Annotated[Actor, require("groups:read")]
Writer = Annotated[Actor, require("groups:write")]
UserReader = Annotated[Actor, require("users:read")]


@router.get("/groups", responses=problems(*UNPERMITTED))
async def list_groups(_actor: Reader, groups: Groups, pages: PageDep) -> Page[Group]:
    """List groups by name."""
    return await _by_name("groups", groups.list_page, groups, pages)


@router.get("/users/{user_id}/groups", responses=problems(*UNPERMITTED, UserNotFound))
async def list_groups_of_user(
    user_id: UUID, _actor: UserReader, groups: Groups, pages: PageDep
) -> Page[Group]:
    """List the groups that somebody is in, by name."""
    read = partial(groups.list_of_user, user_id)
    return await _by_name(f"groups:{user_id}", read, groups, pages)


@router.post(
    "/groups",
    status_code=201,
    response_model=Group,
    responses=problems(*UNPERMITTED, GroupExists, IdempotencyKeyReused, body=True),
)
async def create_group(
    body: GroupCreate, actor: Writer, groups: Groups, once: OnceDep
) -> Response:
    """Make a group; the caller has to hold all that its roles allow."""

    async def make() -> Answer:
        group = await groups.create(actor, body.name, body.description, body.roles)
        shown = await _shown(groups, group)
        return Answer(201, shown.model_dump_json(), f"/api/v1/groups/{group.id}")

    return await once.answer("groups", actor.user_id, make)


@router.get(
    "/groups/{group_id}",
    response_model=Group,
    responses=problems(*UNPERMITTED, GroupNotFound),
)
async def read_group(group_id: UUID, _actor: Reader, groups: Groups) -> Response:
    """Return a group."""
    group = await groups.get(group_id)
    return json_response(await _shown(groups, group), etag=etag(group.version))


@router.patch(
    "/groups/{group_id}",
    response_model=Group,
    responses=problems(
        *UNPERMITTED,
        GroupNotFound,
        GroupExists,
        GroupInUse,
        LastAdministrator,
        PreconditionFailed,
        body=True,
    ),
)
async def update_group(
    group_id: UUID, body: GroupChange, actor: Writer, groups: Groups, if_match: IfMatch
) -> Response:
    """Change a group; the caller has to hold all that a role gained or lost allows."""
    group = await groups.update(actor, group_id, plain(body), if_match)
    return json_response(await _shown(groups, group), etag=etag(group.version))


@router.delete(
    "/groups/{group_id}",
    status_code=204,
    responses=problems(
        *UNPERMITTED,
        GroupNotFound,
        GroupInUse,
        LastAdministrator,
        PreconditionFailed,
    ),
)
async def delete_group(
    group_id: UUID, actor: Writer, groups: Groups, if_match: IfMatch
) -> None:
    """Delete a group; whoever had a role through it has it no more."""
    await groups.delete(actor, group_id, if_match)


@router.get(
    "/groups/{group_id}/members", responses=problems(*UNPERMITTED, GroupNotFound)
)
async def list_group_members(
    group_id: UUID, _actor: Reader, groups: Groups, pages: PageDep
) -> Page[GroupMember]:
    """List the people in a group, those first whose account is the oldest."""
    listing = f"members:{group_id}"
    after = pages.after(listing)
    rows = await groups.list_members(
        group_id, after=after and [UUID(after[0])], limit=pages.fetch
    )
    shown, cursor = pages.cut(listing, rows, lambda row: [str(row.user.id)])
    return Page[GroupMember](items=[_member(row) for row in shown], next_cursor=cursor)


@router.put(
    "/groups/{group_id}/members/{user_id}",
    status_code=204,
    responses=problems(*UNPERMITTED, GroupNotFound, UserNotFound),
)
async def add_group_member(
    group_id: UUID, user_id: UUID, actor: Writer, groups: Groups
) -> None:
    """Put somebody into a group; it may be done twice."""
    await groups.add_member(actor, group_id, user_id)


@router.delete(
    "/groups/{group_id}/members/{user_id}",
    status_code=204,
    responses=problems(
        *UNPERMITTED, GroupNotFound, GroupMemberNotFound, LastAdministrator
    ),
)
async def remove_group_member(
    group_id: UUID, user_id: UUID, actor: Writer, groups: Groups
) -> None:
    """Take somebody out of a group; its roles count for them no more, at once."""
    await groups.remove_member(actor, group_id, user_id)


async def _by_name(
    listing: str, read: Any, groups: GroupService, pages: Pages
) -> Page[Group]:
    rows = await read(after=pages.after(listing), limit=pages.fetch)
    shown, cursor = pages.cut(listing, rows, lambda row: [row.name])
    roles = await groups.roles_of(shown)
    items = [_group(row, roles.get(row.id, [])) for row in shown]
    return Page[Group](items=items, next_cursor=cursor)


async def _shown(groups: GroupService, group: GroupRow) -> Group:
    return _group(group, (await groups.roles_of([group])).get(group.id, []))


def _group(row: GroupRow, roles: list[str]) -> Group:
    names = (name for name in Group.model_fields if name != "roles")
    return Group(**{name: getattr(row, name) for name in names}, roles=roles)


def _member(row: Member) -> GroupMember:
    names = (name for name in GroupMember.model_fields if name != "added_at")
    members = {name: getattr(row.user, name) for name in names}
    return GroupMember(**members, added_at=row.added_at)
