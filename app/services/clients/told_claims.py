"""What an administrator chooses that clients are told, judged before it is stored."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.core.exceptions import Unprocessable
from app.oauth.mappings.mapping import PROTECTED, attributes_in, read_mappings
from app.repositories.unit_of_work import UnitOfWork


async def check_claims(uow: UnitOfWork, choices: Mapping[str, Any]) -> None:
    """Refuse what would replace a claim of the protocol, or is no mapping.

    Raises:
        Unprocessable: It is said which, and why.
    """
    for name in choices.get("id_token_claims") or ():
        if name in PROTECTED:
            message = f"cannot hold {name}, which the protocol says itself"
            raise Unprocessable.of("id_token_claims", "protected_claim", message)
    await check_mappings(uow, "claim_mappings", choices.get("claim_mappings"))


async def check_mappings(
    uow: UnitOfWork, field: str, mappings: Sequence[Any] | None
) -> None:
    """Refuse what is no mapping, of a client or of an API.

    The attributes that they name cannot be deleted until the transaction is over.

    Raises:
        Unprocessable: It is said which, and why.
    """
    try:
        read = read_mappings(mappings or ())
    except ValueError as error:
        raise Unprocessable.of(field, "invalid_claim_mapping", str(error)) from error
    names = attributes_in(read)
    known = {row.name for row in await uow.attributes.by_names(names)} if names else ()
    for name in sorted(names.difference(known)):
        message = f"name {name}, which is no attribute; define it first"
        raise Unprocessable.of(field, "unknown_attribute", message)
