"""One's own account: profile, export, deletion."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from app.events.user import UserDeleted, UserExported, UserUpdated
from app.models.base import Base
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.services.precondition import demand_version
from app.services.user_change import (
    end_everything,
    existing,
    keeping_an_administrator,
    present,
    touch,
)

_SECRET_COLUMNS = frozenset({"password_hash", "search_text", "counter"})


class AccountService:
    """What the owner of an account may do with it."""

    def __init__(self, uow: UnitOfWork) -> None:
        """Work in this transaction."""
        self._uow = uow

    async def update(
        self,
        owner_id: UUID,
        change: Mapping[str, Any],
        versions: Collection[str] | None,
    ) -> User:
        """Change profile fields.

        Args:
            owner_id: Whose profile.
            change: Columns and their new values.
            versions: What the caller read (``If-Match``), when they said so.

        Raises:
            PreconditionFailed: Somebody changed it since.
        """
        user = await existing(self._uow, owner_id, lock=True)
        apply_change(self._uow, user, change, versions)
        return user

    async def delete(
        self, owner_id: UUID, session_id: UUID, versions: Collection[str] | None
    ) -> None:
        """Delete the account and all that belongs to it; say goodbye by mail.

        Raises:
            InvalidAccessToken: The session ended meanwhile.
            LastAdministrator: Nobody would be left to administrate.
            PreconditionFailed: Somebody changed it since.
        """
        async with keeping_an_administrator(self._uow, owner_id):
            user = await present(self._uow, owner_id, session_id)
            demand_version(user.version, versions)
            await delete_user(self._uow, user)

    async def export(self, owner_id: UUID) -> dict[str, Any]:
        """Return everything held about the account, as plain JSON values."""
        user = await existing(self._uow, owner_id)
        roles = await self._uow.users.roles_of([owner_id])
        sessions = await self._uow.sessions.list_for_user(owner_id)
        events = await self._uow.audit_events.list_for_user(owner_id)
        tokens = await self._uow.one_time_tokens.list_for_user(owner_id)
        return {
            "user": _plain(user) | {"roles": roles.get(owner_id, [])},
            "sessions": [_plain(row) for row in sessions],
            "one_time_tokens": [_plain(row) for row in tokens],
            "activity": [_plain(row) for row in events],
        }

    def record_export(self, owner_id: UUID) -> None:
        """Leave evidence that a copy was taken."""
        self._uow.record(UserExported(user_id=owner_id))


def apply_change(
    uow: UnitOfWork,
    user: User,
    change: Mapping[str, Any],
    versions: Collection[str] | None,
) -> None:
    """Change columns of an account that is locked, if it is still what was read.

    Raises:
        PreconditionFailed: Somebody changed it since.
    """
    demand_version(user.version, versions)
    changed = [name for name, value in change.items() if getattr(user, name) != value]
    for name in changed:
        setattr(user, name, change[name])
    if changed:
        touch(user, uow)
        uow.record(UserUpdated(user_id=user.id, fields=tuple(sorted(changed))))


async def delete_user(uow: UnitOfWork, user: User) -> None:
    """Delete an account; the evidence and the mail stay."""
    uow.record(UserDeleted(user_id=user.id, to=user.email, locale=user.locale))
    await end_everything(uow, user, uow.clock.now(), "user_deleted")
    await uow.users.delete(user)


def _plain(row: Base) -> dict[str, Any]:
    names = (column.name for column in row.__table__.columns)
    return {name: getattr(row, name) for name in names if name not in _SECRET_COLUMNS}
