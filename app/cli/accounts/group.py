"""``group``: some people, and the roles that they have by belonging there."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from app.cli.accounts.user_account import Who, judged
from app.cli.base import (
    AsJson,
    Yes,
    as_operator,
    confirm,
    every_page,
    in_transaction,
    operator_now,
    show,
    show_rows,
)

if TYPE_CHECKING:
    from app.models.access.group import Group
    from app.policies.permission import Actor
    from app.repositories.unit_of_work import UnitOfWork
    from app.services.access.group import GroupService
    from app.services.server.runtime import Runtime

app = typer.Typer(help="Some people, and the roles that they have by belonging there.")
Name = Annotated[str, typer.Argument(help="Name of the group")]
Role = Annotated[str, typer.Argument(help="Name of a role")]
Roles = Annotated[list[str] | None, typer.Option("--role", help="May be repeated")]
About = Annotated[str | None, typer.Option("--description", help="What it is for")]
Work = Callable[["GroupService", "Actor", "Group"], Awaitable[object]]


@app.command(name="list")
def list_groups(as_json: AsJson = False) -> None:
    """Print every group by name.

    JSON: an array of `Group`.
    """

    async def work(uow: "UnitOfWork", _runtime: "Runtime") -> list[dict[str, Any]]:
        from app.services.access.group import GroupService

        groups = GroupService(uow)
        rows = await every_page(groups.list_page, lambda group: group.name)
        roles = await groups.roles_of(rows)
        return [_shape(row, roles.get(row.id, [])) for row in rows]

    columns = ("name", "roles", "description")
    show_rows(in_transaction(work), columns, as_json)


@app.command(name="show")
def show_group(name: Name, as_json: AsJson = False) -> None:
    """Print a group.

    JSON: `Group`.
    """

    _change(name, None, as_json)


@app.command()
def members(name: Name, as_json: AsJson = False) -> None:
    """Print who is in a group.

    JSON: an array of `GroupMember`.
    """
    from functools import partial

    async def work(uow: "UnitOfWork", _runtime: "Runtime") -> list[dict[str, Any]]:
        from app.schemas.group import GroupMember
        from app.services.access.group import GroupService

        groups = GroupService(uow)
        read = partial(groups.list_members, (await groups.find(name)).id)
        rows = await every_page(read, lambda row: row.user.id)
        names = [each for each in GroupMember.model_fields if each != "added_at"]
        return [
            GroupMember(
                **{each: getattr(row.user, each) for each in names},
                added_at=row.added_at,
            ).model_dump(mode="json")
            for row in rows
        ]

    columns = ("id", "email", "status", "name")
    show_rows(in_transaction(work), columns, as_json)


@app.command()
def create(
    name: Name, role: Roles = None, description: About = None, as_json: AsJson = False
) -> None:
    """Make a group.

    JSON: `Group`.
    """
    from app.schemas.group import GroupCreate

    given = {"name": name, "description": description, "roles": role}
    body = judged(GroupCreate, given)

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> dict[str, Any]:
        from app.services.access.group import GroupService

        groups = GroupService(uow)
        group = await groups.create(
            operator_now(runtime), body.name, body.description, body.roles
        )
        return await _shown(groups, group)

    show(in_transaction(work), as_json)


@app.command()
def update(
    name: Name,
    new_name: Annotated[str | None, typer.Option("--name", help="Another name")] = None,
    description: About = None,
    as_json: AsJson = False,
) -> None:
    """Rename a group, or say what it is for; applications see the name.

    JSON: `Group`.
    """
    from app.schemas.base import plain
    from app.schemas.group import GroupChange

    body = judged(GroupChange, {"name": new_name, "description": description})

    async def work(groups: "GroupService", actor: "Actor", group: "Group") -> None:
        await groups.update(actor, group.id, plain(body), None)

    _change(name, work, as_json)


@app.command()
def delete(name: Name, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete a group; whoever had a role through it has it no more.

    JSON: `name`, `deleted`.
    """

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> None:
        from app.services.access.group import GroupService

        groups = GroupService(uow)
        group = await groups.find(name)
        await groups.delete(operator_now(runtime), group.id, None)

    confirm(f"delete the group {name}; its members lose the roles that it carries", yes)
    in_transaction(work)
    done = {"name": name, "deleted": True}
    show(done, as_json, lines=[f"{name} is deleted."])


@app.command()
def grant(name: Name, role: Role, as_json: AsJson = False) -> None:
    """Have a group carry a role.

    JSON: `Group`.
    """
    _change_roles(name, {role}, set(), as_json)


@app.command()
def revoke(name: Name, role: Role, as_json: AsJson = False) -> None:
    """Have a group carry a role no more.

    JSON: `Group`.
    """
    _change_roles(name, set(), {role}, as_json)


@app.command()
def add(name: Name, who: Who, as_json: AsJson = False) -> None:
    """Put somebody into a group.

    JSON: `Group`.
    """

    async def work(
        groups: "GroupService", actor: "Actor", group_id: UUID, user_id: UUID
    ) -> None:
        await groups.add_member(actor, group_id, user_id)

    _change_member(name, who, work, as_json)


@app.command()
def remove(name: Name, who: Who, as_json: AsJson = False) -> None:
    """Take somebody out of a group.

    JSON: `Group`.
    """

    async def work(
        groups: "GroupService", actor: "Actor", group_id: UUID, user_id: UUID
    ) -> None:
        await groups.remove_member(actor, group_id, user_id)

    _change_member(name, who, work, as_json)


def _change_roles(name: str, add: set[str], remove: set[str], as_json: bool) -> None:
    async def work(groups: "GroupService", actor: "Actor", group: "Group") -> None:
        await groups.change_roles(actor, group.id, add=add, remove=remove)

    _change(name, work, as_json)


def _change_member(
    name: str,
    who: str,
    work: Callable[["GroupService", "Actor", UUID, UUID], Awaitable[None]],
    as_json: bool,
) -> None:
    async def run(uow: "UnitOfWork", runtime: "Runtime") -> dict[str, Any]:
        from app.services.access.group import GroupService

        users, actor = as_operator(uow, runtime)
        groups = GroupService(uow)
        group, user = await groups.find(name), await users.find(who)
        await work(groups, actor, group.id, user.id)
        return await _shown(groups, group)

    show(in_transaction(run), as_json)


def _change(name: str, work: Work | None, as_json: bool) -> None:
    async def run(uow: "UnitOfWork", runtime: "Runtime") -> dict[str, Any]:
        from app.services.access.group import GroupService

        groups = GroupService(uow)
        group = await groups.find(name)
        if work is not None:
            await work(groups, operator_now(runtime), group)
        return await _shown(groups, group)

    show(in_transaction(run), as_json)


async def _shown(groups: "GroupService", group: "Group") -> dict[str, Any]:
    return _shape(group, (await groups.roles_of([group])).get(group.id, []))


def _shape(group: "Group", roles: Iterable[str]) -> dict[str, Any]:
    from app.schemas.group import Group as Shape

    names = (name for name in Shape.model_fields if name != "roles")
    members = {name: getattr(group, name) for name in names}
    return Shape(**members, roles=sorted(roles)).model_dump(mode="json")
