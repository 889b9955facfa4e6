"""Steps that every change of an account shares."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from app.models.user import User
from app.policies.permission import ADMIN_ROLE
from app.repositories.unit_of_work import UnitOfWork
from app.services.errors import LastAdministrator, UserNotFound
from app.utils.helpers import canonical_email, fold


def set_password(user: User, password_hash: str | None, now: datetime) -> None:
    """Give an account another password, or none."""
    user.password_hash = password_hash
    user.password_changed_at = now


async def end_everything(
    uow: UnitOfWork, user: User, now: datetime, reason: str, keep: UUID | None = None
) -> int:
    """End a user's sessions and one-time tokens; return how many sessions ended.

    The flush comes first: whoever signs in at this moment waits for this row, and
    either sees the change or is seen by the statements after it.
    """
    await uow.db.flush()
    await uow.one_time_tokens.revoke_for_user(user.id, now)
    return await uow.sessions.revoke_all(user.id, at=now, reason=reason, keep=keep)


async def existing(uow: UnitOfWork, user_id: UUID, *, lock: bool = False) -> User:
    """Return an account.

    Raises:
        UserNotFound: There is none.
    """
    user = await uow.users.by_id(user_id, lock=lock)
    if user is None:
        raise UserNotFound
    return user


def touch(user: User, uow: UnitOfWork) -> None:
    """Count a change that others may see."""
    user.version += 1
    user.updated_at = uow.clock.now()
    user.search_text = fold(f"{user.email_canonical} {user.name or ''}")


def set_email(user: User, email: str) -> None:
    """Give an account an address, as the person wrote it, and its canonical form."""
    user.email = email
    user.email_canonical = canonical_email(email)


def new_user(uow: UnitOfWork, email: str, *, name: str | None = None) -> User:
    """Return an active account without a password; it is not stored yet."""
    now = uow.clock.now()
    user = User(
        id=uow.randomness.uuid7(),
        email_verified=False,
        password_hash=None,
        name=name,
        status="active",
        version=0,
        created_at=now,
    )
    set_email(user, email)
    touch(user, uow)
    return user


@asynccontextmanager
async def keeping_an_administrator(
    uow: UnitOfWork, user_id: UUID
) -> AsyncIterator[None]:
    """Refuse a change of an account that would leave no active administrator.

    The lock on the role makes those who change administrators go one after the other,
    so that two cannot remove each other.

    Raises:
        LastAdministrator: Nobody would be left.
    """
    await uow.roles.by_name(ADMIN_ROLE, lock=True)
    is_administrator = ADMIN_ROLE in (await uow.users.roles_of([user_id])).get(
        user_id, []
    )
    yield
    await uow.db.flush()
    if is_administrator and await uow.users.count_active_members(ADMIN_ROLE) == 0:
        raise LastAdministrator
