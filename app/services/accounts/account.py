"""One's own account: profile and deletion."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from app.core.rate_limit import subject_key
from app.events.user import UserDeleted, UserUpdated
from app.models.user import User
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.change import (
    erase,
    existing,
    keeping_an_administrator,
    present,
    touch,
)
from app.services.attributes.values import FIELD, AttributeValues
from app.services.process.precondition import demand_version
from app.services.process.process import Process


class AccountService:
    """What the owner of an account may do with it."""

    def __init__(self, uow: UnitOfWork, process: Process) -> None:
        """Work in this transaction, which begins only after any counting."""
        self._uow = uow
        self._process = process

    async def update(
        self,
        owner_id: UUID,
        change: Mapping[str, Any],
        versions: Collection[str] | None,
    ) -> User:
        """Change profile fields.

        Args:
            owner_id: Whose profile.
            change: Columns and their new values, and ``attributes`` by name.
            versions: What the caller read (``If-Match``), when they said so.

        Raises:
            PreconditionFailed: Somebody changed it since.
            TooManyRequests: It was changed too often; each change is evidence kept.
            Unprocessable: An attribute is not theirs to set, or not acceptable.
        """
        limiter, limits = self._process.limiter, self._process.limits
        await limiter.take((limits.profile_account, subject_key("user", str(owner_id))))
        user = await existing(self._uow, owner_id, lock=True)
        await apply_change(self._uow, user, change, versions, by_owner=True)
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


async def apply_change(
    uow: UnitOfWork,
    user: User,
    change: Mapping[str, Any],
    versions: Collection[str] | None,
    *,
    by_owner: bool = False,
) -> None:
    """Change columns of an account that is locked, if it is still what was read.

    Another address for its picture ends the one that was uploaded.

    Raises:
        PreconditionFailed: Somebody changed it since.
        Unprocessable: An attribute is not acceptable.
    """
    demand_version(user.version, versions)
    columns = {name: value for name, value in change.items() if name != FIELD}
    changed = [name for name, value in columns.items() if getattr(user, name) != value]
    for name in changed:
        setattr(user, name, columns[name])
    if change.get(FIELD):
        values = AttributeValues(uow)
        changed += await values.set(user.id, change[FIELD], by_owner=by_owner)
    if "picture" in changed:
        await uow.user_pictures.delete_for_user(user.id)
    if changed:
        touch(user, uow)
        uow.record(UserUpdated(user_id=user.id, fields=tuple(sorted(changed))))


async def delete_user(uow: UnitOfWork, user: User) -> None:
    """Delete an account; the evidence and the mail stay."""
    uow.record(UserDeleted(user_id=user.id, to=user.email, locale=user.locale))
    await erase(uow, user, uow.clock.now(), "user_deleted")
