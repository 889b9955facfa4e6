"""Steps that every change of an account's factors shares."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.core.rate_limit import subject_key
from app.events.factor import FactorAdded, FactorRemoved
from app.factors.base import Ceremony
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.change import end_everything, note_proven, present
from app.services.accounts.unverified import is_unclaimed, owners_proofs
from app.services.factors.errors import AddressNotConfirmed, demand_unfrozen
from app.services.factors.recovery import end_recovery
from app.services.one_time.not_me_link import not_me_link
from app.services.process.process import Process
from app.services.sessions.authentication import InvalidAccessToken

_REASON = "factors_changed"


@dataclass(frozen=True, slots=True)
class Added:
    """A factor that an account just got.

    Attributes:
        factor: Its name.
        amr: What it proved when it was added.
    """

    factor: str
    amr: tuple[str, ...]


def ceremony_of(process: Process, user_id: UUID) -> Ceremony:
    """Return what codes are judged by: the time, and the key of digests."""
    digest = process.secret_key.digest
    return Ceremony(now=process.clock.now(), user_id=user_id, digest=digest)


async def charge_change(process: Process, owner_id: UUID) -> None:
    """Count a change before its transaction begins; each is evidence and a mail.

    Raises:
        TooManyRequests: There were too many.
    """
    key = subject_key("factors", str(owner_id))
    await process.limiter.take((process.limits.profile_account, key))


async def changeable(uow: UnitOfWork, owner_id: UUID, session_id: UUID) -> User:
    """Return the caller's account, locked, if its factors may be changed now.

    Raises:
        InvalidAccessToken: The session ended meanwhile.
        FactorsFrozen: Somebody is looking into a sign-in.
        AddressNotConfirmed: Nobody proved to be the one whose address it is.
    """
    user = await present(uow, owner_id, session_id)
    demand_changeable(user, uow.clock.now())
    return user


def demand_changeable(user: User, now: datetime) -> None:
    """Refuse factors that may not be changed now.

    Raises:
        FactorsFrozen: Somebody is looking into a sign-in.
        AddressNotConfirmed: Nobody proved to be the one whose address it is.
    """
    demand_proven(user)
    demand_unfrozen(user, now)


def demand_proven(user: User) -> None:
    """Refuse factors for an account that anybody may have registered.

    Whoever waits for the owner of an address with an account in their name would keep
    a way in, and a lock on the door: a reset leaves factors as they are.

    Raises:
        AddressNotConfirmed: It was never confirmed.
    """
    if is_unclaimed(user):
        raise AddressNotConfirmed


async def factor_added(
    uow: UnitOfWork,
    process: Process,
    user: User,
    session_id: UUID,
    added: Added,
    counter: int | None = None,
) -> None:
    """Tell the owner, and let the browser of this moment have proven the factor.

    A session becomes no stronger under a secret that it had before: whoever has a copy
    of that would become so too (ASVS 7.2.4). A browser gets a new cookie; a program,
    and an application, stay with what they proved until they sign in with the factor.

    Args:
        uow: The caller's transaction.
        process: For the link in the mail.
        user: Whose, locked.
        session_id: Where it was added: the only session that lives on (ASVS 7.4.3).
        added: What.
        counter: Of a browser's cookie; its next one is one higher.

    Raises:
        InvalidAccessToken: The cookie was renewed meanwhile.
    """
    user.factors_version += 1
    await end_others(uow, user, session_id)
    if counter is not None:
        proven = await uow.sessions.strengthen(session_id, counter, added.amr)
        if not proven:
            raise InvalidAccessToken(hint="the cookie was renewed meanwhile")
        note_proven(user, proven)
    uow.record(
        FactorAdded(
            user_id=user.id,
            to=user.email,
            locale=user.locale,
            factor=added.factor,
            not_me_id=not_me_link(uow, process, user),
        )
    )


async def factor_removed(
    uow: UnitOfWork,
    process: Process,
    user: User,
    factor: str,
    session_id: UUID | None = None,
) -> None:
    """Tell the owner, and take away what stood in for the last factor.

    Args:
        uow: The caller's transaction.
        process: For the link in the mail.
        user: Whose, locked.
        factor: Its name.
        session_id: Where its owner removed it; None is an administrator, who ends
            nothing else.
    """
    user.factors_version += 1
    await uow.db.flush()
    was_last = not await uow.users.has_second_factor(user.id)
    if was_last:
        await uow.recovery_codes.delete_for_user(user.id)
    await uow.devices.delete_for_user(user.id)
    if session_id is None:
        await end_recovery(uow, user.id, "administrator")
    else:
        await end_others(uow, user, session_id)
    uow.record(
        FactorRemoved(
            user_id=user.id,
            to=user.email,
            locale=user.locale,
            factor=factor,
            was_last=was_last,
            not_me_id=not_me_link(uow, process, user),
        )
    )


async def end_others(uow: UnitOfWork, user: User, session_id: UUID) -> None:
    """End every session but this one, with what hangs on them."""
    await end_everything(
        uow,
        user,
        uow.clock.now(),
        _REASON,
        keep=session_id,
        spared=owners_proofs(user),
    )
