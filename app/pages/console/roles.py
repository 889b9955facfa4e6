"""``/admin/roles``: named sets of permissions, and who has them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from app.core.exceptions import AppError
from app.core.language import N_, gettext
from app.core.late.route import LateRoute
from app.models.role import Role
from app.pages.console.frame import AtConsole, Here
from app.pages.console.sections import ROLES, USERS
from app.pages.parts.dependencies import Posted
from app.pages.parts.form import Values, refused, validated
from app.pages.parts.form_page import by_field
from app.pages.parts.proof import submit
from app.policies.permission import ALL, MEANINGS, covers
from app.repositories.statements.user_directory import UserFilter
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.role import RoleChange, RoleCreate
from app.schemas.user import ROLE_NAME
from app.services.access.role import RoleService
from app.services.console.user_directory import UserDirectoryService
from app.services.process.paging import Pages

router = APIRouter(include_in_schema=False, route_class=LateRoute)
# Apart from the roles themselves, of which one may be called "new".
NEW = "/admin/new-role"
_ROWS, _MEMBERS = 50, 50
_GRANTED = "may."  # begins the names of the boxes: a field stands in a form once
_LABELS = {"name": N_("Name"), "description": N_("Description")}
_DONE = {
    "made": N_("The role is created."),
    "saved": N_("The role is saved."),
    "deleted": N_("The role is deleted."),
}
# What the first migration says of the roles that it made.
BUILT_IN = (N_("May do everything"), N_("Own account only"))
Name = Annotated[str, Path(pattern=ROLE_NAME)]
Text = Annotated[str, Query(max_length=2_048)]


@router.get(ROLES.path)
async def list_roles(at: AtConsole, cursor: Text = "", done: Text = "") -> Response:
    """List roles by name."""
    here = await at.enter(ROLES)
    if isinstance(here, Response):
        return here
    pages = Pages(here.runtime, cursor or None, _ROWS)
    async with here.runtime.unit_of_work(read_only=True) as uow:
        roles = RoleService(uow)
        rows = await roles.list_page(after=pages.after("roles"), limit=pages.fetch)
    shown, following = pages.cut("roles", rows, lambda row: [row.name])
    return here.render(
        "console/roles.html",
        roles=shown,
        description_of=description_of,
        following=following,
        every=ALL,
        done=_DONE.get(done, ""),
    )


@router.get(NEW)
async def show_new_role(at: AtConsole) -> Response:
    """Show the form for a role."""
    here = await at.enter(ROLES, permission=ROLES.act)
    if isinstance(here, Response):
        return here
    return await _show_new(here, None, {})


@router.post(NEW)
async def create_role(values: Posted, at: AtConsole) -> Response:
    """Make a role of permissions that the visitor holds."""
    here = await at.enter(ROLES, permission=ROLES.act)
    if isinstance(here, Response):
        return here

    async def work() -> Response:
        await here.demand_presence()
        form = validated(RoleCreate, _texts(values))
        async with here.runtime.unit_of_work() as uow:
            await RoleService(uow).create(
                here.actor,
                form.name,
                form.description,
                _granted(values),
                mfa_required="mfa_required" in values,
            )
        return here.go(f"{ROLES.path}/{form.name}", "made")

    return await submit(here, values, work, _show_new)


@router.get(f"{ROLES.path}/{{name}}")
async def show_role(name: Name, at: AtConsole, done: Text = "") -> Response:
    """Show what a role may do, and who has it."""
    here = await at.enter(ROLES, shown=name)
    if isinstance(here, Response):
        return here
    return await _show_one(here, name, None, {}, done)


@router.post(f"{ROLES.path}/{{name}}")
async def update_role(name: Name, values: Posted, at: AtConsole) -> Response:
    """Change a role; of one that is built in, whether it wants a second factor."""

    async def work(here: Here) -> Response:
        form = validated(RoleChange, _texts(values, "description"))
        async with here.runtime.unit_of_work() as uow:
            roles = RoleService(uow)
            is_built_in = (await roles.get(name)).built_in
            await roles.update(
                here.actor,
                name,
                description=None if is_built_in else form.description or "",
                permissions=None if is_built_in else _granted(values),
                versions={values.get("version", "")},
                mfa_required="mfa_required" in values,
            )
        return here.go(f"{ROLES.path}/{name}", "saved")

    return await _change(at, name, values, work)


@router.post(f"{ROLES.path}/{{name}}/delete")
async def delete_role(name: Name, values: Posted, at: AtConsole) -> Response:
    """Delete a role whose name was typed; whoever had it loses it."""

    async def work(here: Here) -> Response:
        here.demand_typed(values, name)
        async with here.runtime.unit_of_work() as uow:
            await RoleService(uow).delete(here.actor, name, None)
        return here.go(ROLES.path, "deleted")

    return await _change(at, name, values, work)


def description_of(role: Role) -> str:
    """Return what a role is for: of a built-in one in the reader's language."""
    return gettext(role.description) if role.built_in else role.description


async def offered_roles(
    uow: UnitOfWork, here: Here, most: int
) -> Sequence[Role] | None:
    """Return what to choose a role from; None where its name has to be typed.

    That is where there are too many to choose from, and for whoever may give roles
    and may not look at them.
    """
    if not here.actor.may(ROLES.permission):
        return None
    known = await RoleService(uow).list_page(after=None, limit=most + 1)
    return known if len(known) <= most else None


async def _change(
    at: AtConsole,
    name: str,
    values: Values,
    work: Callable[[Here], Awaitable[Response]],
) -> Response:
    here = await at.enter(ROLES, shown=name, permission=ROLES.act)
    if isinstance(here, Response):
        return here

    async def do() -> Response:
        await here.demand_presence()
        return await work(here)

    async def show(here: Here, error: AppError | None, values: Values) -> Response:
        return await _show_one(here, name, error, values)

    return await submit(here, values, do, show)


async def _show_new(here: Here, error: AppError | None, values: Values) -> Response:
    return here.render(
        "console/role_new.html",
        error,
        values=values,
        boxes=_boxes(here, set(_chosen(values))),
        wrong=by_field(error),
        labels={name: gettext(label) for name, label in _LABELS.items()},
    )


async def _show_one(
    here: Here, name: str, error: AppError | None, values: Values, done: str = ""
) -> Response:
    async with here.runtime.unit_of_work(read_only=True) as uow:
        role = await RoleService(uow).get(name)
        members: Any = ()
        if here.actor.may(USERS.permission):
            rows = await UserDirectoryService(uow).list_page(
                UserFilter(role=name),
                sort="-created_at",
                after=None,
                limit=_MEMBERS + 1,
            )
            members = [row.user for row in rows]
    is_typed = error is not None and "version" in values
    held = set(_chosen(values)) if is_typed else set(role.permissions)
    return here.render(
        "console/role.html",
        error,
        role=role,
        values=values if is_typed else {"description": role.description},
        wants_second="mfa_required" in values if is_typed else role.mfa_required,
        boxes=_boxes(here, held),
        may_change=_may_change(here, role),
        members=members[:_MEMBERS],
        has_more=len(members) > _MEMBERS,
        wrong=by_field(error),
        labels={"typed": gettext("Name of the role")},
        done=_DONE.get(done, ""),
    )


def _may_change(here: Here, role: Role) -> bool:
    """Tell whether the visitor holds all that the role does."""
    may_write = here.actor.may(ROLES.act)
    return may_write and covers(here.actor.permissions, role.permissions)


def _boxes(here: Here, held: set[str]) -> list[dict[str, Any]]:
    """Return each permission: nobody gives what they do not hold."""
    return [
        {
            "name": _GRANTED + name,
            "permission": name,
            "meaning": meaning,
            "is_held": covers(held, (name,)),
            "may_give": here.actor.may(name),
        }
        for name, meaning in MEANINGS.items()
    ]


def _chosen(values: Values) -> list[str]:
    return [name.removeprefix(_GRANTED) for name in values if name.startswith(_GRANTED)]


def _granted(values: Values) -> list[str]:
    """Return the chosen permissions.

    Raises:
        Unprocessable: There is none of such a name.
    """
    chosen = _chosen(values)
    if not MEANINGS.keys() >= set(chosen):
        said = gettext("There is no such permission.")
        raise refused("permissions", "unknown_permission", said)
    return chosen


def _texts(values: Values, *names: str) -> Mapping[str, str]:
    wanted = names or ("name", "description")
    return {name: values[name] for name in wanted if name in values}
