"""SQL for pictures of people."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import delete, select

from app.models.user_picture import UserPicture
from app.repositories.base import Order, Repository

_OLDEST_FIRST = Order((UserPicture.id,))


class UserPictureRepository(Repository[UserPicture]):
    """One row for each account that has a picture of ours."""

    async def by_id(self, picture_id: UUID) -> UserPicture | None:
        """Return a picture, or None."""
        query = select(UserPicture).where(UserPicture.id == picture_id)
        return await self.one_or_none(query)

    async def id_of(self, user_id: UUID) -> UUID | None:
        """Return the id of an account's picture, or None."""
        query = select(UserPicture.id).where(UserPicture.user_id == user_id)
        found: UUID | None = await self.db.scalar(query)
        return found

    async def ids_of(self, user_ids: Collection[UUID]) -> dict[UUID, UUID]:
        """Return the id of each account's picture, without those that have none."""
        query = select(UserPicture.user_id, UserPicture.id)
        rows = await self.db.execute(query.where(UserPicture.user_id.in_(user_ids)))
        return {row.user_id: row.id for row in rows}

    async def list_for_user(
        self, user_id: UUID, after: UUID | None, limit: int
    ) -> Sequence[UserPicture]:
        """Return a page of all that is stored about an account's pictures."""
        query = select(UserPicture).where(UserPicture.user_id == user_id)
        key = None if after is None else [after]
        return await self.page(query, _OLDEST_FIRST, after=key, limit=limit)

    async def delete_for_user(self, user_id: UUID) -> None:
        """Forget the picture of an account."""
        query = delete(UserPicture).where(UserPicture.user_id == user_id)
        await self.db.execute(query)
