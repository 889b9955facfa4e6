"""SQL for personal access tokens; what runs on requests is a statement of its own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select

from app.models.access.personal_token import PersonalToken
from app.repositories.base import Order, Repository

_OLDEST_FIRST = Order((PersonalToken.id,))
_LATEST_FIRST = Order((PersonalToken.id,), descending=True)


class PersonalTokenRepository(Repository[PersonalToken]):
    """Personal access tokens of an account: counted, listed, revoked."""

    async def count_live(self, user_id: UUID, now: datetime) -> int:
        """Return how many of an account's tokens did not expire."""
        query = select(func.count()).where(
            PersonalToken.user_id == user_id, PersonalToken.expires_at > now
        )
        return int(await self.db.scalar(query) or 0)

    async def list_page(
        self, user_id: UUID, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[PersonalToken]:
        """Return a page of an account's tokens, expired ones too, the latest first."""
        query = select(PersonalToken).where(PersonalToken.user_id == user_id)
        return await self.page(query, _LATEST_FIRST, after=after, limit=limit)

    async def list_for_user(
        self, user_id: UUID, after: UUID | None, limit: int
    ) -> Sequence[PersonalToken]:
        """Return a page of all that is stored about an account's tokens."""
        query = select(PersonalToken).where(PersonalToken.user_id == user_id)
        key = None if after is None else [after]
        return await self.page(query, _OLDEST_FIRST, after=key, limit=limit)

    async def delete_one(self, user_id: UUID, token_id: UUID) -> str | None:
        """Delete a token of an account; return its name, or None if there is none."""
        query = delete(PersonalToken).where(
            PersonalToken.id == token_id, PersonalToken.user_id == user_id
        )
        found: str | None = await self.db.scalar(query.returning(PersonalToken.name))
        return found

    async def delete_for_user(self, user_id: UUID) -> int:
        """Delete every token of an account; return how many went."""
        query = delete(PersonalToken).where(PersonalToken.user_id == user_id)
        return len((await self.db.scalars(query.returning(PersonalToken.id))).all())

    async def delete_all(self) -> int:
        """Delete everybody's; return how many went."""
        query = delete(PersonalToken).returning(PersonalToken.id)
        return len((await self.db.scalars(query)).all())

    async def delete_expired(self, before: datetime, limit: int) -> int:
        """Delete a batch of tokens that expired before an instant."""
        expired = PersonalToken.expires_at < before
        return await self.delete_batch(PersonalToken, PersonalToken.id, expired, limit)
