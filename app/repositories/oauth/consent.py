"""SQL for what people agreed to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select

from app.models.oauth.client import OAuthClient
from app.models.oauth.consent import OAuthConsent
from app.models.oauth.grant import OAuthGrant
from app.repositories.base import Order, Repository, paged, upserting

_OLDEST_FIRST = Order((OAuthConsent.id,))


class OAuthConsentRepository(Repository[OAuthConsent]):
    """Consents, one for each person and client."""

    async def of(
        self, user_id: UUID, client_id: str, *, lock: bool = False
    ) -> OAuthConsent | None:
        """Return what a person agreed to for a client, or None."""
        query = select(OAuthConsent).where(
            OAuthConsent.user_id == user_id, OAuthConsent.client_id == client_id
        )
        return await self.one_or_none(query.with_for_update() if lock else query)

    async def add_once(self, values: dict[str, Any]) -> None:
        """Store a consent unless there is one of this person and client already."""
        insert = upserting(self.db.get_bind().dialect.name)
        await self.db.execute(
            insert(OAuthConsent).values(values).on_conflict_do_nothing()
        )

    async def list_for_user(
        self, user_id: UUID, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[OAuthConsent]:
        """Return a page of a person's consents."""
        query = select(OAuthConsent).where(OAuthConsent.user_id == user_id)
        return await self.page(query, _OLDEST_FIRST, after=after, limit=limit)

    async def list_named(
        self, user_id: UUID, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[Any]:
        """Return a page of a person's consents, the oldest first.

        Each with the name of its client, and when that last got tokens, if it is kept.
        """
        used = select(func.max(OAuthGrant.refreshed_at)).where(
            OAuthGrant.user_id == OAuthConsent.user_id,
            OAuthGrant.client_id == OAuthConsent.client_id,
            OAuthGrant.redeemed_at.is_not(None),
        )
        query = select(OAuthConsent, OAuthClient.client_name, used.scalar_subquery())
        query = query.join(
            OAuthClient, OAuthClient.client_id == OAuthConsent.client_id
        ).where(OAuthConsent.user_id == user_id)
        rows = await self.db.execute(paged(query, _OLDEST_FIRST, after, limit))
        return rows.all()

    async def delete_for_user(
        self, user_id: UUID, *, since: datetime | None = None
    ) -> None:
        """Forget all that a person agreed to, or what was touched since."""
        query = delete(OAuthConsent).where(OAuthConsent.user_id == user_id)
        if since is not None:
            query = query.where(OAuthConsent.updated_at >= since)
        await self.db.execute(query)

    async def delete(self, user_id: UUID, client_id: str) -> bool:
        """Forget a consent; False if there is none."""
        query = delete(OAuthConsent).where(
            OAuthConsent.user_id == user_id, OAuthConsent.client_id == client_id
        )
        rows = await self.db.scalars(query.returning(OAuthConsent.id))
        return rows.one_or_none() is not None
