"""``role``: what people may do."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.accounts.user_account import Who, change_roles, judged
from app.cli.base import (
    AsJson,
    Yes,
    confirm,
    every_page,
    in_transaction,
    note,
    operator_now,
    shape,
    show,
    show_rows,
)

if TYPE_CHECKING:
    from app.repositories.unit_of_work import UnitOfWork
    from app.services.server.runtime import Runtime

app = typer.Typer(help="What people may do.")
Name = Annotated[str, typer.Argument(help="Name of the role")]
Permissions = Annotated[
    list[str] | None, typer.Option("--permission", help="May be repeated")
]


@app.command(name="list")
def list_roles(as_json: AsJson = False) -> None:
    """Print every role by name.

    JSON: an array of `Role`.
    """
    from app.schemas.role import Role
    from app.services.access.role import RoleService

    async def work(uow: "UnitOfWork", _runtime: "Runtime") -> list[dict[str, Any]]:
        rows = await every_page(RoleService(uow).list_page, lambda role: role.name)
        return [shape(Role, row) for row in rows]

    columns = ("name", "built_in", "mfa_required", "permissions", "description")
    show_rows(in_transaction(work), columns, as_json)


@app.command(name="show")
def show_role(name: Name, as_json: AsJson = False) -> None:
    """Print what a role may do, permission by permission.

    A note says if it wants a second factor.

    JSON: an array of `PermissionOut`: `name`, `description`.
    """
    from app.services.access.role import RoleService

    async def work(
        uow: "UnitOfWork", _runtime: "Runtime"
    ) -> tuple[bool, list[dict[str, Any]]]:
        roles = RoleService(uow)
        wants_two = (await roles.get(name)).mfa_required
        return wants_two, _permissions(await roles.permissions_of(name))

    wants_two, rows = in_transaction(work)
    show_rows(rows, ("name", "description"), as_json)
    if wants_two:
        note("without a second factor it allows nothing")


@app.command()
def permissions(as_json: AsJson = False) -> None:
    """Print every permission that a role may have, and what it allows.

    JSON: an array of `PermissionOut`: `name`, `description`.
    """
    from app.policies.permission import PERMISSIONS

    show_rows(_permissions(PERMISSIONS), ("name", "description"), as_json)


@app.command()
def create(
    name: Name,
    permission: Permissions = None,
    description: Annotated[str, typer.Option(help="What it is for")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a role.

    JSON: `Role`.
    """
    from app.schemas.role import Role, RoleCreate
    from app.services.access.role import RoleService

    given = {"name": name, "description": description, "permissions": permission or []}
    body = judged(RoleCreate, given)

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> dict[str, Any]:
        role = await RoleService(uow).create(
            operator_now(runtime), body.name, body.description, list(body.permissions)
        )
        return shape(Role, role)

    show(in_transaction(work), as_json)


@app.command(name="require-mfa")
def require_mfa(
    name: Name,
    required: Annotated[
        bool, typer.Option("--on/--off", help="Whether it is wanted")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Want a second factor of whoever has a role; without, it allows nothing.

    JSON: `Role`.
    """
    from app.schemas.role import Role
    from app.services.access.role import RoleService

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> dict[str, Any]:
        role = await RoleService(uow).update(
            operator_now(runtime),
            name,
            description=None,
            permissions=None,
            versions=None,
            mfa_required=required,
        )
        return shape(Role, role)

    show(in_transaction(work), as_json)


@app.command()
def delete(name: Name, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete a role; whoever had it loses it.

    JSON: `name`, `deleted`.
    """
    from app.services.access.role import RoleService

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> None:
        await RoleService(uow).delete(operator_now(runtime), name, None)

    confirm(f"delete the role {name}; whoever has it loses it", yes)
    in_transaction(work)
    done = {"name": name, "deleted": True}
    show(done, as_json, lines=[f"{name} is deleted."])


@app.command()
def grant(who: Who, name: Name, as_json: AsJson = False) -> None:
    """Give somebody a role.

    JSON: `User`.
    """
    change_roles(who, {name}, set(), as_json)


@app.command()
def revoke(who: Who, name: Name, as_json: AsJson = False) -> None:
    """Take a role from somebody.

    JSON: `User`.
    """
    change_roles(who, set(), {name}, as_json)


def _permissions(names: Any) -> list[dict[str, Any]]:
    from app.schemas.role import PermissionOut
    from app.services.access.role import described

    return [shape(PermissionOut, each) for each in described(names)]
