"""Links to say "this wasn't me" in mails that tell of what happened (ADR-0055)."""

from datetime import datetime, timedelta
from uuid import UUID

from app.models.one_time_token import OneTimeToken
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.services.one_time.token import Purpose
from app.services.process.process import Process

SIGN_IN = "sign_in"
CHANGE = "change"


def not_me_link(
    uow: UnitOfWork,
    process: Process,
    user: User,
    *,
    about: str = CHANGE,
    since: datetime | None = None,
) -> UUID | None:
    """Issue a link to the address that the account has at this moment.

    Call it before an address changes: who reads the link gets the account back at the
    address that it was sent to.

    Args:
        uow: The transaction of what is told.
        process: For how long the link lives.
        user: Whose account.
        about: What is told, to count mails by.
        since: What was set up from then on is taken away by the link, if what is told
            began before this transaction. By default all that the transaction does is
            told of: a reading of the clock in it would be later than some of that.

    Returns:
        The id of its token; None where nobody proved to read the address: somebody
        else perhaps does, and must not be able to stop the owner.
    """
    if not user.email_verified:
        return None
    now = uow.clock.now()
    token = OneTimeToken(
        id=uow.randomness.uuid7(),
        purpose=Purpose.NOT_ME,
        user_id=user.id,
        subject=str(user.id),
        data={
            "about": about,
            "email": user.email,
            "since": (since or uow.began_at).isoformat(),
        },
        attempts=0,
        created_at=now,
        expires_at=now + timedelta(seconds=process.settings.one_time.not_me_ttl),
        consumed_at=None,
    )
    return uow.one_time_tokens.add(token).id
