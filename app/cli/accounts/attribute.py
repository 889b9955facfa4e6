"""``attribute``: what an operator wants to know of people besides what all ask."""

from typing import TYPE_CHECKING, Annotated, Any

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
from app.cli.options import said

if TYPE_CHECKING:
    from app.repositories.unit_of_work import UnitOfWork
    from app.services.server.runtime import Runtime

app = typer.Typer(help="What is known of people besides what everybody asks.")
Name = Annotated[str, typer.Argument(help="Name of the attribute")]
Label = Annotated[str | None, typer.Option(help="What people read")]
Access = Annotated[
    str | None, typer.Option("--owner-access", help="none, read or write, of oneself")
]
Required = Annotated[
    bool | None, typer.Option("--required/--optional", help="Demanded of new accounts")
]
Pattern = Annotated[
    str | None, typer.Option(help="Regular expression of a whole text; empty: none")
]
MaxLength = Annotated[
    int | None, typer.Option("--max-length", help="Characters of a text; 0: as usual")
]
Allowed = Annotated[
    list[str] | None, typer.Option("--allow", help="May be repeated; empty: anything")
]


@app.command(name="list")
def list_attributes(as_json: AsJson = False) -> None:
    """Print every attribute by name.

    JSON: an array of `Attribute`.
    """
    from app.schemas.attribute import Attribute
    from app.services.attributes.definition import AttributeService

    async def work(uow: "UnitOfWork", _runtime: "Runtime") -> list[dict[str, Any]]:
        read = AttributeService(uow).list_page
        rows = await every_page(read, lambda row: row.name)
        return [shape(Attribute, row) for row in rows]

    columns = ("name", "type", "owner_access", "required", "label")
    show_rows(in_transaction(work), columns, as_json)


@app.command(name="show")
def show_attribute(name: Name, as_json: AsJson = False) -> None:
    """Print an attribute.

    JSON: `Attribute`.
    """
    from app.schemas.attribute import Attribute
    from app.services.attributes.definition import AttributeService

    async def work(uow: "UnitOfWork", _runtime: "Runtime") -> dict[str, Any]:
        return shape(Attribute, await AttributeService(uow).get(name))

    show(in_transaction(work), as_json)


@app.command()
def create(
    name: Name,
    kind: Annotated[
        str, typer.Option("--type", help="string, number, boolean, date or strings")
    ] = "string",
    label: Label = None,
    owner_access: Access = None,
    required: Required = None,
    pattern: Pattern = None,
    max_length: MaxLength = None,
    allow: Allowed = None,
    as_json: AsJson = False,
) -> None:
    """Define an attribute; its name and type stay what they are.

    JSON: `Attribute`.
    """
    from app.schemas.attribute import Attribute, AttributeCreate
    from app.services.attributes.definition import AttributeService

    given = _given(label, owner_access, required, pattern, max_length, allow)
    body = judged(AttributeCreate, {"name": name, "type": kind, **given})

    async def work(uow: "UnitOfWork", _runtime: "Runtime") -> dict[str, Any]:
        row = await AttributeService(uow).create(body.model_dump())
        return shape(Attribute, row)

    show(in_transaction(work), as_json)


@app.command()
def update(
    name: Name,
    label: Label = None,
    owner_access: Access = None,
    required: Required = None,
    pattern: Pattern = None,
    max_length: MaxLength = None,
    allow: Allowed = None,
    as_json: AsJson = False,
) -> None:
    """Change an attribute; what is stored of people stays.

    JSON: `Attribute`.
    """
    from app.schemas.attribute import Attribute, AttributeChange
    from app.schemas.base import plain
    from app.services.attributes.definition import AttributeService

    given = _given(label, owner_access, required, pattern, max_length, allow)
    emptied = {field: None for field, value in given.items() if value in ("", 0, [])}
    emptied.pop("label", None)
    kept = {field: value for field, value in given.items() if field not in emptied}
    change = {**plain(judged(AttributeChange, kept)), **emptied}

    async def work(uow: "UnitOfWork", _runtime: "Runtime") -> dict[str, Any]:
        row = await AttributeService(uow).update(name, change, None)
        return shape(Attribute, row)

    show(in_transaction(work), as_json)


@app.command()
def delete(name: Name, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete an attribute, and what it is of everybody.

    JSON: `name`, `deleted`.
    """
    from app.services.attributes.definition import AttributeService

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> None:
        declared = runtime.resources.declared
        await AttributeService(uow, declared).delete(name, None)

    confirm(f"delete the attribute {name}, and what it is of everybody", yes)
    in_transaction(work)
    done = {"name": name, "deleted": True}
    show(done, as_json, lines=[f"{name} is deleted."])


def _given(
    label: str | None,
    owner_access: str | None,
    required: bool | None,
    pattern: str | None,
    max_length: int | None,
    allow: list[str] | None,
) -> dict[str, Any]:
    """Return the options that were said, as the API calls them."""
    return said(
        {
            "label": label,
            "owner_access": owner_access,
            "required": required,
            "pattern": pattern,
            "max_length": max_length,
            "allowed": None if not allow else [each for each in allow if each],
        }
    )
