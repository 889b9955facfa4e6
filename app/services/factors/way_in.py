"""The last way into an account, which nobody takes away from themselves."""

from app.core.exceptions import Conflict
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork


class LastWayIn(Conflict):
    """Nobody would get into the account any more."""

    code = "last_way_in"
    title = "This is the only way to sign in; set a password first"


async def demand_way_in(uow: UnitOfWork, user: User) -> None:
    """Refuse a change after which nobody would get into an account any more.

    Called when it is made: the refusal takes it back with the transaction. A code by
    mail is no way in: who has lost the mailbox would have lost the account. Nor is a
    connection that is off: nobody comes by it.

    Args:
        uow: The caller's transaction.
        user: Whose account, locked.

    Raises:
        LastWayIn: There is neither a password, a passkey nor a link.
    """
    if user.password_hash is not None:
        return
    if await uow.passkeys.list_for_user(user.id, None, 1):
        return
    if not await uow.upstream_identities.has_way_in(user.id):
        raise LastWayIn
