"""``user factors``: what an account can prove besides its password."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from app.cli.accounts.user_account import Who
from app.cli.base import (
    AsJson,
    Yes,
    as_operator,
    confirm,
    in_transaction,
    operator_now,
    show,
)

if TYPE_CHECKING:
    from uuid import UUID

    from app.repositories.unit_of_work import UnitOfWork
    from app.services.server.runtime import Runtime

app = typer.Typer(help="What an account can prove besides its password.")
Kind = Annotated[Literal["totp", "passkey", "recovery_code"], typer.Argument()]


@app.command(name="list")
def list_factors(who: Who, as_json: AsJson = False) -> None:
    """Print the factors of an account, and how many recovery codes are left.

    JSON: `Factors`.
    """

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> dict[str, Any]:
        user = await as_operator(uow, runtime)[0].find(who)
        return await _shape(uow, runtime, user.id)

    held = in_transaction(work)
    show(held, as_json, lines=None if any(held.values()) else ["none"])


@app.command()
def remove(who: Who, factor: Kind, yes: Yes = False, as_json: AsJson = False) -> None:
    """Take a kind of factor from somebody who lost it; they are told by mail.

    JSON: `Factors`, as they are then.
    """

    async def work(uow: "UnitOfWork", runtime: "Runtime") -> dict[str, Any]:
        from app.services.factors.factor import FactorService

        user = await as_operator(uow, runtime)[0].find(who)
        actor = operator_now(runtime)
        await FactorService(uow, runtime).remove(actor, user.id, factor)
        return await _shape(uow, runtime, user.id)

    confirm(f"take {factor} from the account {who}", yes)
    show(in_transaction(work), as_json)


async def _shape(
    uow: "UnitOfWork", runtime: "Runtime", user_id: "UUID"
) -> dict[str, Any]:
    from app.schemas.factor import Factors
    from app.services.factors.factor import FactorService

    held = await FactorService(uow, runtime).list_all(user_id)
    return Factors.model_validate(held).model_dump(mode="json")
