"""A password chosen with a link or a code from a mail: what all ways to it share."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from app.models.one_time_token import OneTimeToken
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.change import owner_of, words_of_owner
from app.services.accounts.password import PasswordService
from app.services.one_time.errors import InvalidOneTimeToken
from app.services.one_time.token import OneTimeTokenService, Purpose


@dataclass(frozen=True, slots=True)
class Redeemed:
    """Who chose which password, and with what; nothing was changed but the link."""

    user: User
    row: OneTimeToken
    hash: str


async def redeem(
    uow: UnitOfWork,
    tokens: OneTimeTokenService,
    passwords: PasswordService,
    purpose: Purpose,
    token_id: UUID,
    password: str,
    *,
    said: Iterable[str | None] = (),
    field: str = "password",
) -> Redeemed:
    """Judge and hash a password, then use the link up; who is second gets nothing.

    The policy comes first, so that a link outlives a refused password; the hash comes
    before anything is written, so that no lock waits for it.

    Args:
        uow: The transaction; nothing was written in it yet.
        tokens: Of this transaction.
        passwords: The policy and the hashing.
        purpose: What the link is for.
        token_id: Which link, as ``OneTimeTokenService.find`` found it.
        password: What was typed.
        said: What else the person said; a password must not be made of it.
        field: How the form calls the password, for refusals.

    Raises:
        InvalidOneTimeToken: Somebody used it meanwhile, or the account changed.
        UnacceptablePassword: Refused by the policy.
    """
    words = await words_of_owner(uow, token_id, purpose)
    chosen = await passwords.accept(password, context=(*words, *said), field=field)
    row = await tokens.consume_found(purpose, token_id)
    user = await owner_of(uow, row)
    if user is None:
        raise InvalidOneTimeToken(hint="the account changed since")
    return Redeemed(user, row, chosen.hash)
