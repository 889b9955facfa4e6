"""Accounts as operators look at them, in as few statements as there are questions."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from app.repositories.statements.user_directory import (
    HeldFactor,
    ListedUser,
    UserFilter,
)
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.errors import UserNotFound


class UserDirectoryService:
    """What users with ``users:read`` may look at."""

    def __init__(self, uow: UnitOfWork) -> None:
        """Work in this transaction."""
        self._uow = uow

    async def list_page(
        self,
        wanted: UserFilter,
        *,
        sort: str,
        after: Sequence[Any] | None,
        limit: int,
    ) -> list[ListedUser]:
        """Return a page of accounts with their roles."""
        return await self._uow.user_directory.list_page(
            wanted, sort=sort, after=after, limit=limit
        )

    async def get(self, user_id: UUID) -> ListedUser:
        """Return an account with its roles.

        Raises:
            UserNotFound: There is none.
        """
        found = await self._uow.user_directory.by_ids([user_id])
        if not found:
            raise UserNotFound
        return found[0]

    async def by_ids(self, user_ids: Collection[UUID]) -> list[ListedUser]:
        """Return those of these accounts that there are, the oldest first."""
        return await self._uow.user_directory.by_ids(user_ids) if user_ids else []

    async def factors_of(self, user_id: UUID) -> list[HeldFactor]:
        """Return what an account can prove besides its password."""
        return await self._uow.user_directory.factors_of(user_id)
