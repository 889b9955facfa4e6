"""Whose account it is that somebody comes to, and what becomes of it at once.

Where nobody is signed in or connected, the true reason is left in the trail.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.events.sign_in import Refusal
from app.events.upstream import UpstreamPasswordKept, UpstreamRefused
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.change import touch
from app.services.one_time.not_me_link import not_me_link
from app.services.process.process import Process
from app.services.process.rate_limit import by_address
from app.services.upstreams.account import Found
from app.services.upstreams.directory import Way


@dataclass(frozen=True, slots=True)
class Judged:
    """Whose account it is, and what comes of that.

    Attributes:
        policy: What is believed of the other side, as it was when that was judged.
        refusal: Why the account does not sign in.
        link: Secret of a link that waits.
    """

    found: Found
    policy: Mapping[str, Any]
    refusal: Refusal | None = None
    link: str = ""


def keep_password(
    uow: UnitOfWork,
    process: Process,
    way: Way,
    judged: Judged,
    password_hash: str | None,
) -> None:
    """Make a password that was proven elsewhere the account's own, if there is one.

    It is no change that its owner did not make, so devices stay known and sessions
    live on; that it opens the account without the directory, its owner is told.
    """
    user = judged.found.user
    if user is None or judged.refusal is not None or password_hash is None:
        return
    user.password_hash, user.password_mailed = password_hash, False
    touch(user, uow)
    uow.record(
        UpstreamPasswordKept(
            user_id=user.id,
            actor_id=user.id,
            connection=way.name,
            service=way.display_name,
            to=user.email,
            locale=user.locale,
            not_me_id=not_me_link(uow, process, user),
        )
    )


async def leave_evidence(process: Process, name: str, reason: str, detail: str) -> None:
    """Tell the audit trail why nobody was signed in, as far as there is room.

    Args:
        process: Where.
        name: Of the connection.
        reason: One word.
        detail: What was seen.
    """
    limit = process.limits.refusal_address
    if not await process.limiter.admits(*by_address(limit)):
        return
    async with process.unit_of_work() as uow:
        uow.record(
            UpstreamRefused(connection=name, reason=str(reason), detail=detail[:500])
        )
