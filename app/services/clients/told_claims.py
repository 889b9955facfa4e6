"""What an administrator chooses that clients are told, judged before it is stored."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.core.exceptions import FieldError, Unprocessable
from app.oauth.mappings.mapping import PROTECTED, read_mappings


def check_claims(choices: Mapping[str, Any]) -> None:
    """Refuse what would replace a claim of the protocol, or is no mapping.

    Raises:
        Unprocessable: It is said which, and why.
    """
    for name in choices.get("id_token_claims") or ():
        if name in PROTECTED:
            message = f"cannot hold {name}, which the protocol says itself"
            raise _refused("id_token_claims", "protected_claim", message)
    check_mappings("claim_mappings", choices.get("claim_mappings"))


def check_mappings(field: str, mappings: Sequence[Any] | None) -> None:
    """Refuse what is no mapping, of a client or of an API.

    Raises:
        Unprocessable: It is said which, and why.
    """
    try:
        read_mappings(mappings or ())
    except ValueError as error:
        raise _refused(field, "invalid_claim_mapping", str(error)) from error


def _refused(field: str, code: str, message: str) -> Unprocessable:
    return Unprocessable([FieldError(field, code, message)])
