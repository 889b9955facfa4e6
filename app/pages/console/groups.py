"""``/admin/groups``: some people, and the roles that they have by belonging there."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.core.exceptions import AppError
from app.core.language import N_, gettext
from app.core.late.route import LateRoute
from app.pages.console.frame import AtConsole, Here
from app.pages.console.sections import GROUPS, USERS
from app.pages.parts.dependencies import Posted
from app.pages.parts.form import Values, judged, refused
from app.pages.parts.form_page import by_field
from app.pages.parts.proof import submit
from app.pages.parts.refusal_texts import NO_OWNER
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.group import GroupChange, GroupCreate
from app.services.access.group import GroupNotFound, GroupService
from app.services.process.paging import Pages
from app.typed_text import canonical_email

router = APIRouter(include_in_schema=False, route_class=LateRoute)
NEW = f"{GROUPS.path}/new"
_ROWS, _MEMBERS = 50, 50
_LABELS = {
    "name": N_("Name"),
    "description": N_("Description"),
    "roles": N_("Roles"),
    "member": N_("Address or ID"),
    "typed": N_("Name of the group"),
}
_DONE = {
    "made": N_("The group is created."),
    "saved": N_("The group is saved."),
    "added": N_("They are in the group."),
    "removed": N_("They are not in the group any more."),
    "deleted": N_("The group is deleted."),
}
Text = Annotated[str, Query(max_length=2_048)]


@router.get(GROUPS.path)
async def list_groups(at: AtConsole, cursor: Text = "", done: Text = "") -> Response:
    """List groups by name, each with what it carries."""
    here = await at.enter(GROUPS)
    if isinstance(here, Response):
        return here
    pages = Pages(here.runtime, cursor or None, _ROWS)
    async with here.runtime.unit_of_work(read_only=True) as uow:
        groups = GroupService(uow)
        rows = await groups.list_page(after=pages.after("groups"), limit=pages.fetch)
        shown, following = pages.cut("groups", rows, lambda row: [row.name])
        carried = await groups.roles_of(shown)
    return here.render(
        "console/groups.html",
        groups=[(row, carried.get(row.id, [])) for row in shown],
        following=following,
        done=_DONE.get(done, ""),
    )


@router.get(NEW)
async def show_new_group(at: AtConsole) -> Response:
    """Show the form for a group."""
    here = await at.enter(GROUPS, shown="new", permission=GROUPS.act)
    if isinstance(here, Response):
        return here
    return await _show_new(here, None, {})


@router.post(NEW)
async def create_group(values: Posted, at: AtConsole) -> Response:
    """Make a group; nobody gives by its roles what they do not hold."""
    here = await at.enter(GROUPS, shown="new", permission=GROUPS.act)
    if isinstance(here, Response):
        return here

    async def work() -> Response:
        await here.demand_presence()
        wanted = _typed(values)
        judged(GroupCreate, wanted)
        async with here.runtime.unit_of_work() as uow:
            group = await GroupService(uow).create(here.actor, **wanted)
        return here.go(f"{GROUPS.path}/{group.id}", "made")

    return await submit(here, values, work, _show_new)


@router.get(f"{GROUPS.path}/{{group_id:uuid}}")
async def show_group(group_id: UUID, at: AtConsole, done: Text = "") -> Response:
    """Show what a group carries, and who is in it."""
    here = await at.enter(GROUPS, shown=str(group_id))
    if isinstance(here, Response):
        return here
    return await _show_one(here, group_id, None, {}, done)


@router.post(f"{GROUPS.path}/{{group_id:uuid}}")
async def update_group(group_id: UUID, values: Posted, at: AtConsole) -> Response:
    """Change name, description and roles."""

    async def work(here: Here, uow: UnitOfWork) -> str:
        wanted, versions = _typed(values), {values.get("version", "")}
        judged(GroupChange, wanted)
        await GroupService(uow).update(here.actor, group_id, wanted, versions)
        return "saved"

    return await _change(at, group_id, values, work)


@router.post(f"{GROUPS.path}/{{group_id:uuid}}/members")
async def change_members(group_id: UUID, values: Posted, at: AtConsole) -> Response:
    """Put somebody into a group, or take somebody out of it."""

    async def work(here: Here, uow: UnitOfWork) -> str:
        groups = GroupService(uow)
        if "remove" in values:
            gone = await _account(here, uow, values["remove"])
            await groups.remove_member(here.actor, group_id, gone)
            return "removed"
        user_id = await _account(here, uow, values.get("member", ""))
        await groups.add_member(here.actor, group_id, user_id)
        return "added"

    return await _change(at, group_id, values, work)


@router.post(f"{GROUPS.path}/{{group_id:uuid}}/delete")
async def delete_group(group_id: UUID, values: Posted, at: AtConsole) -> Response:
    """Delete a group whose name was typed; its members lose what it carries."""

    async def work(here: Here, uow: UnitOfWork) -> str:
        groups = GroupService(uow)
        here.demand_typed(values, (await groups.get(group_id)).name)
        await groups.delete(here.actor, group_id, None)
        return "deleted"

    return await _change(at, group_id, values, work)


async def _change(
    at: AtConsole,
    group_id: UUID,
    values: Values,
    work: Callable[[Here, UnitOfWork], Awaitable[str]],
) -> Response:
    """Do something to a group, by who signed in just now."""
    place = str(group_id)
    here = await at.enter(GROUPS, shown=place, permission=GROUPS.act)
    if isinstance(here, Response):
        return here

    async def do() -> Response:
        await here.demand_presence()
        async with here.runtime.unit_of_work() as uow:
            done = await work(here, uow)
        gone = done == "deleted"
        return here.go(GROUPS.path if gone else f"{GROUPS.path}/{group_id}", done)

    async def show(here: Here, error: AppError | None, values: Values) -> Response:
        if isinstance(error, GroupNotFound):
            raise error
        return await _show_one(here, group_id, error, values)

    return await submit(here, values, do, show)


async def _account(here: Here, uow: UnitOfWork, typed: str) -> UUID:
    """Return whom somebody means; addresses are for who may read accounts.

    Raises:
        Unprocessable: There is nobody, for all that the visitor may know.
    """
    try:
        return UUID(typed.strip())
    except ValueError:
        may_know = here.actor.may(USERS.permission)
        user = may_know and await uow.users.by_email(canonical_email(typed))
    if not user:
        raise refused("member", "user_not_found", NO_OWNER)
    return user.id


async def _show_new(here: Here, error: AppError | None, values: Values) -> Response:
    return here.render(
        "console/group_new.html",
        error,
        values=values,
        wrong=by_field(error),
        labels=_labels(),
    )


async def _show_one(
    here: Here, group_id: UUID, error: AppError | None, values: Values, done: str = ""
) -> Response:
    async with here.runtime.unit_of_work(read_only=True) as uow:
        found = await uow.groups.with_roles(group_id)
        if found is None:
            raise GroupNotFound
        group, roles = found
        members: Any = ()
        if here.actor.may(USERS.permission):
            members = await uow.groups.list_members(
                group_id, after=None, limit=_MEMBERS + 1
            )
    is_typed = error is not None and "version" in values
    known = {"name": group.name, "description": group.description}
    return here.render(
        "console/group.html",
        error,
        group=group,
        values=values if is_typed else {**known, "roles": " ".join(roles)},
        member=values.get("member", ""),
        members=[each.user for each in members[:_MEMBERS]],
        has_more=len(members) > _MEMBERS,
        wrong=by_field(error),
        labels=_labels(),
        done=_DONE.get(done, ""),
    )


def _typed(values: Values) -> dict[str, Any]:
    return {
        "name": values.get("name", "").strip(),
        "description": values.get("description", "").strip(),
        "roles": values.get("roles", "").split(),
    }


def _labels() -> dict[str, str]:
    return {name: gettext(label) for name, label in _LABELS.items()}
