"""``protected-host``: programs without a sign-in of their own."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from app.cli.accounts.user_account import judged
from app.cli.base import (
    AsJson,
    Yes,
    confirm,
    every_page,
    in_transaction,
    shape,
    show,
    show_rows,
)
from app.cli.oauth.client import Level
from app.cli.options import option, said

if TYPE_CHECKING:
    from app.repositories.unit_of_work import UnitOfWork
    from app.services.forward_auth.protected_host import ProtectedHostService
    from app.services.server.runtime import Runtime

app = typer.Typer(help="Programs without a sign-in of their own, behind a proxy.")
Result = TypeVar("Result")


Host = Annotated[str, typer.Argument(help="Its name, as browsers send it")]
Name = Annotated[str | None, option("Shown to people; unset: the host", "--name")]
Roles = Annotated[
    list[str] | None,
    option("Who has it may enter; may be repeated", "--role"),
]
Groups = Annotated[
    list[str] | None, option("Who is in it may enter; may be repeated", "--group")
]
Everybody = Annotated[
    bool, option("Let everybody in who is signed in, whoever it is", "--everybody")
]
Open = Annotated[
    list[str] | None,
    option("Needs no sign-in; with / at its end all below it", "--open-path"),
]
MinimumAcr = Annotated[
    Level | None, option("How strongly people sign in at least", "--minimum-acr")
]
Told = Annotated[
    list[str] | None,
    option("A field that the program gets; unset: all of them", "--tell"),
]
Machine = Annotated[
    list[str] | None,
    option("A client that may come with its secret; may be repeated", "--machine"),
]
SignOut = Annotated[
    str | None, option("The path of the host that signs out", "--sign-out-path")
]
Ends = Annotated[
    bool | None,
    option("Whether signing out there ends the session", "--ends-session/--keeps-it"),
]


@app.command(name="list")
def list_hosts(as_json: AsJson = False) -> None:
    """Print every protected host by name.

    JSON: an array of `ProtectedHost`.
    """
    from app.schemas.protected_host import ProtectedHost

    async def work(hosts: "ProtectedHostService") -> list[dict[str, Any]]:
        rows = await every_page(hosts.list_page, lambda row: row.host)
        return [shape(ProtectedHost, row) for row in rows]

    show_rows(
        _with_hosts(work), ("host", "name", "roles", "groups", "minimum_acr"), as_json
    )


@app.command(name="show")
def show_host(host: Host, as_json: AsJson = False) -> None:
    """Print who may enter a host, and what its program is told.

    JSON: `ProtectedHost`.
    """
    from app.schemas.protected_host import ProtectedHost

    async def work(hosts: "ProtectedHostService") -> dict[str, Any]:
        return shape(ProtectedHost, await hosts.get(host))

    show(_with_hosts(work), as_json)


@app.command()
def create(
    host: Host,
    name: Name = None,
    role: Roles = None,
    group: Groups = None,
    open_path: Open = None,
    minimum_acr: MinimumAcr = None,
    tell: Told = None,
    machine: Machine = None,
    sign_out_path: SignOut = None,
    ends_session: Ends = None,
    as_json: AsJson = False,
) -> None:
    """Protect a host: its proxy asks /forward-auth from now on.

    JSON: `ProtectedHost`.
    """
    from app.schemas.protected_host import ProtectedHost, ProtectedHostCreate

    given = _given(
        name,
        role,
        group,
        open_path,
        minimum_acr,
        tell,
        machine,
        sign_out_path,
        ends_session,
    )
    body = judged(ProtectedHostCreate, {"host": host, **given})
    choices = body.model_dump(exclude={"host"})

    async def work(hosts: "ProtectedHostService") -> dict[str, Any]:
        return shape(ProtectedHost, await hosts.create(body.host, choices))

    show(_with_hosts(work), as_json)


@app.command()
def update(
    host: Host,
    name: Name = None,
    role: Roles = None,
    group: Groups = None,
    everybody: Everybody = False,
    open_path: Open = None,
    minimum_acr: MinimumAcr = None,
    tell: Told = None,
    machine: Machine = None,
    sign_out_path: SignOut = None,
    ends_session: Ends = None,
    as_json: AsJson = False,
) -> None:
    """Change a host; what is not named stays, and a list is replaced as a whole.

    JSON: `ProtectedHost`.
    """
    from app.schemas.protected_host import ProtectedHost, ProtectedHostChange

    given = _given(
        name,
        role,
        group,
        open_path,
        minimum_acr,
        tell,
        machine,
        sign_out_path,
        ends_session,
    )
    choices = judged(ProtectedHostChange, given).model_dump(exclude_unset=True)
    if everybody:
        choices |= {"roles": None, "groups": None}

    async def work(hosts: "ProtectedHostService") -> dict[str, Any]:
        return shape(ProtectedHost, await hosts.update(host, choices, None))

    show(_with_hosts(work), as_json)


@app.command()
def delete(host: Host, yes: Yes = False, as_json: AsJson = False) -> None:
    """Forget a host: nobody enters it any more.

    JSON: `host`, `deleted`.
    """

    async def work(hosts: "ProtectedHostService") -> None:
        await hosts.delete(host, None)

    confirm(f"forget the protected host {host}; nobody enters it any more", yes)
    _with_hosts(work)
    show({"host": host, "deleted": True}, as_json, lines=[f"{host} is forgotten."])


def _given(
    name: str | None,
    roles: list[str] | None,
    groups: list[str] | None,
    open_paths: list[str] | None,
    minimum_acr: Level | None,
    told: list[str] | None,
    machines: list[str] | None,
    sign_out_path: str | None,
    ends_session: bool | None,
) -> dict[str, Any]:
    """Return what was named on the line."""
    return said(
        {
            "name": name,
            "roles": roles or None,
            "groups": groups or None,
            "open_paths": open_paths or None,
            "minimum_acr": None if minimum_acr is None else str(minimum_acr),
            "told": told or None,
            "machines": machines or None,
            "sign_out_path": sign_out_path,
            "ends_session": ends_session,
        }
    )


def _with_hosts(
    work: Callable[["ProtectedHostService"], Awaitable[Result]],
) -> Result:
    """Run what needs the service of protected hosts, in one transaction."""
    from app.services.forward_auth.protected_host import ProtectedHostService

    async def run(uow: "UnitOfWork", runtime: "Runtime") -> Result:
        return await work(ProtectedHostService(uow, runtime, runtime.gate.hosts))

    return in_transaction(run)
