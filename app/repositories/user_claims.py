"""SQL for standard claims beyond the columns of an account."""

from uuid import UUID

from sqlalchemy import delete, select

from app.models.user_claims import UserClaims
from app.repositories.base import Repository


class UserClaimsRepository(Repository[UserClaims]):
    """One row for each account that has such claims."""

    async def of(self, user_id: UUID) -> UserClaims | None:
        """Return the claims of an account, or None if it has none."""
        query = select(UserClaims).where(UserClaims.user_id == user_id)
        return await self.one_or_none(query)

    async def delete_for_user(self, user_id: UUID) -> None:
        """Forget the claims of an account."""
        query = delete(UserClaims).where(UserClaims.user_id == user_id)
        await self.db.execute(query)
