"""``user``: accounts, as administrators manage them."""

import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import typer

from app.cli.base import (
    AsJson,
    Exit,
    Yes,
    as_operator,
    confirm,
    every_page,
    fail,
    in_transaction,
    show,
    show_rows,
)

if TYPE_CHECKING:
    from app.models.user import User
    from app.policies.permission import Actor
    from app.repositories.unit_of_work import UnitOfWork
    from app.services.accounts.begun_at import BegunAt
    from app.services.accounts.user import UserService
    from app.services.server.runtime import Runtime

Who = Annotated[str, typer.Argument(metavar="USER", help="Address or id")]
Roles = Annotated[
    list[str] | None, typer.Option("--role", help="May be repeated; unset: user")
]
FromInput = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read a password; unset: invite by mail"),
]
AtClient = Annotated[
    str | None,
    typer.Option("--client", metavar="CLIENT_ID", help="Application to lead back to"),
]
Attributes = Annotated[
    list[str] | None,
    typer.Option("--attribute", metavar="NAME=VALUE", help="May be repeated"),
]
Work = Callable[["_Operator", UUID], Awaitable[None]]
_COLUMNS = ("id", "email", "status", "roles", "name")


@dataclass(frozen=True, slots=True)
class _Operator:
    """What changes accounts, and in whose name."""

    users: "UserService"
    actor: "Actor"
    runtime: "Runtime"


def add_to(app: typer.Typer) -> None:
    """Put the commands under their noun, which the import has made."""
    app.command()(create)
    app.command(name="list")(list_users)
    app.command(name="show")(show_user)
    for verb in (disable, enable, reset, delete):
        app.command()(verb)


def create(
    email: Annotated[str, typer.Argument(help="Address")],
    name: Annotated[str | None, typer.Option(help="Shown to people")] = None,
    role: Roles = None,
    attribute: Attributes = None,
    verified: Annotated[
        bool, typer.Option("--verified", help="The address is known to be theirs")
    ] = False,
    password_stdin: FromInput = False,
    client: AtClient = None,
    as_json: AsJson = False,
) -> None:
    """Make an account; without a password its owner is invited by mail.

    JSON: `User`.
    """
    from app.schemas.user import UserCreate
    from app.services.attributes.values import AttributeValues

    given = {"email": email, "name": name, "email_verified": verified, "roles": role}
    given["client_id"] = client
    if password_stdin:
        given["password"] = sys.stdin.readline().rstrip("\r\n")
    body, texts = judged(UserCreate, given), read_pairs(attribute)

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> dict[str, Any]:
        service, actor = as_operator(uow, runtime)
        user = await service.create(
            actor,
            email=body.email,
            name=body.name,
            password=body.password,
            email_verified=body.email_verified,
            roles=body.roles,
            attributes=await AttributeValues(uow).read(texts),
            begun_at=await _named(body.client_id, runtime),
        )
        return await _shape(service, user)

    show(in_transaction(work), as_json)


def list_users(
    search: Annotated[
        str | None, typer.Option("--search", "-q", help="Part of address or name")
    ] = None,
    status: Annotated[
        Literal["active", "disabled"] | None, typer.Option(help="Only these")
    ] = None,
    role: Annotated[str | None, typer.Option(help="Only who has it")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many")] = None,
    as_json: AsJson = False,
) -> None:
    """Print accounts, the oldest first.

    JSON: an array of `User`.
    """
    from functools import partial

    from app.repositories.statements.user_directory import UserFilter
    from app.services.accounts.user import read_search
    from app.services.console.user_directory import UserDirectoryService

    async def work(uow: "UnitOfWork", _runtime: "Runtime") -> list[dict[str, Any]]:
        read = partial(
            UserDirectoryService(uow).list_page,
            UserFilter(read_search(search), status, role),
            sort="created_at",
        )
        rows = await every_page(read, lambda row: row.user.id, limit)
        return [_row(row.user, row.roles) for row in rows]

    show_rows(in_transaction(work), _COLUMNS, as_json)


def show_user(who: Who, as_json: AsJson = False) -> None:
    """Print an account.

    JSON: `User`.
    """
    _change(who, as_json, _nothing)


def disable(who: Who, as_json: AsJson = False) -> None:
    """Keep somebody out; every session ends.

    JSON: `User`.
    """
    _change(who, as_json, _setting({"status": "disabled"}))


def enable(who: Who, as_json: AsJson = False) -> None:
    """Let somebody in again.

    JSON: `User`.
    """
    _change(who, as_json, _setting({"status": "active"}))


def reset(
    who: Who,
    client: AtClient = None,
    required: Annotated[
        bool, typer.Option("--required", help="Nothing else signs in before")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Mail somebody a link to a new password; every session ends.

    JSON: `User`.
    """

    async def work(by: "_Operator", user_id: UUID) -> None:
        begun_at = await _named(client, by.runtime)
        await by.users.start_password_reset(
            by.actor, user_id, begun_at, required=required
        )

    _change(who, as_json, work)


def delete(who: Who, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete an account and all that belongs to it.

    JSON: `User`, as it was.
    """

    async def work(by: "_Operator", user_id: UUID) -> None:
        await by.users.delete(by.actor, user_id, None)

    confirm(f"delete the account {who} and all that belongs to it", yes)
    _change(who, as_json, work, keeps=False)


def change_roles(who: str, add: set[str], remove: set[str], as_json: bool) -> None:
    """Give and take roles, and print the account."""

    async def work(by: "_Operator", user_id: UUID) -> None:
        await by.users.change_roles(by.actor, user_id, add=add, remove=remove)

    _change(who, as_json, work)


def _setting(change: Mapping[str, Any]) -> Work:
    async def work(by: "_Operator", user_id: UUID) -> None:
        await by.users.update(by.actor, user_id, change, None)

    return work


async def _nothing(_by: "_Operator", _user_id: UUID) -> None:
    return None


async def _named(client_id: str | None, runtime: "Runtime") -> "BegunAt | None":
    """Return the application that the link of a mail leads back to."""
    from app.services.oauth.begun_at import BegunAtService

    return await BegunAtService(runtime).named(client_id)


def _change(who: str, as_json: bool, work: Work, *, keeps: bool = True) -> None:
    """Do something to an account, and print it as it is then, or as it was."""

    async def run(uow: "UnitOfWork", runtime: "Runtime") -> dict[str, Any]:
        service, actor = as_operator(uow, runtime)
        user = await service.find(who)
        user_id, before = user.id, await _shape(service, user)
        # A limit is counted before the transaction of the change begins.
        await uow.db.rollback()
        await work(_Operator(service, actor, runtime), user_id)
        return await _shape(service, await service.get(user_id)) if keeps else before

    show(in_transaction(run), as_json)


async def _shape(service: "UserService", user: "User") -> dict[str, Any]:
    return _row(user, (await service.roles_of([user])).get(user.id, []))


def _row(user: "User", roles: Iterable[str]) -> dict[str, Any]:
    from app.schemas.user import User as Shape

    names = (name for name in Shape.model_fields if name != "roles")
    members = {name: getattr(user, name) for name in names}
    return Shape(**members, roles=sorted(roles)).model_dump(mode="json")


def read_pairs(given: list[str] | None) -> dict[str, list[str]]:
    """Return the texts of each name; what is no pair ends the command."""
    texts: dict[str, list[str]] = {}
    for each in given or ():
        name, is_pair, text = each.partition("=")
        if not (name and is_pair):
            fail(f"{each!r} is no NAME=VALUE", Exit.USAGE)
        texts.setdefault(name, []).append(text)
    return texts


def judged(schema: Any, given: Mapping[str, Any]) -> Any:
    """Read what was typed as the API reads it."""
    from pydantic import ValidationError

    try:
        return schema.model_validate({n: v for n, v in given.items() if v is not None})
    except ValidationError as error:
        flaws = error.errors(include_input=False, include_url=False)
        told = (f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in flaws)
        fail("; ".join(told).replace("Value error, ", ""), Exit.USAGE)
