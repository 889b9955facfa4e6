"""SQL for standard claims beyond the columns of an account."""

from uuid import UUID

from sqlalchemy import select

from app.models.user_claims import UserClaims
from app.repositories.base import Repository


class UserClaimsRepository(Repository[UserClaims]):
    """One row for each account that has such claims."""

    async def of(self, user_id: UUID) -> UserClaims | None:
        """Return the claims of an account, or None if it has none."""
        query = select(UserClaims).where(UserClaims.user_id == user_id)
        return await self.one_or_none(query)
