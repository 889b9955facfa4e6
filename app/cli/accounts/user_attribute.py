"""``user attributes``: what is known of somebody besides what everybody asks."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.accounts.user_account import Who, read_pairs
from app.cli.base import AsJson, as_operator, in_transaction, show_rows

if TYPE_CHECKING:
    from app.repositories.unit_of_work import UnitOfWork
    from app.services.server.runtime import Runtime

Given = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Repeated: a list, or several"),
]
Gone = Annotated[
    list[str] | None, typer.Option("--unset", metavar="NAME", help="May be repeated")
]


def attributes(
    who: Who, given: Given = None, unset: Gone = None, as_json: AsJson = False
) -> None:
    """Print the attributes of somebody, after setting some.

    JSON: an array of `HeldAttribute`.
    """
    texts = read_pairs(given)
    wanted: dict[str, Any] = dict.fromkeys(unset or ())

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> list[dict[str, Any]]:
        from app.schemas.attribute import HeldAttributes
        from app.services.attributes.values import AttributeValues

        service, actor = as_operator(uow, runtime)
        values, user = AttributeValues(uow), await service.find(who)
        change = wanted | await values.read(texts)
        if change:
            await service.update(actor, user.id, {"attributes": change}, None)
        members = [each.members for each in await values.of(user.id)]
        held = HeldAttributes.model_validate({"attributes": members})
        rows: list[dict[str, Any]] = held.model_dump(mode="json")["attributes"]
        return rows

    show_rows(in_transaction(work), ("name", "value", "type", "label"), as_json)
