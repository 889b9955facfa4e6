"""SQL for what must not be taken again; assertions are seen in a hot path's way."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, literal, select

from app.models.oauth.grant import OAuthGrant
from app.models.oauth.jti import OAuthAssertion, OAuthRevokedToken
from app.repositories.base import Repository, upserting

# An access token lives no longer than that, whatever an API wants.
LONGEST_TOKEN = timedelta(days=1)
INSTANT = OAuthRevokedToken.expires_at.type


class OAuthUsedRepository(Repository[OAuthRevokedToken]):
    """Access tokens that were revoked alone, assertions that were seen."""

    async def revoke(self, token_id: UUID, expires_at: datetime) -> bool:
        """Let an access token end; False if it had."""
        insert = upserting(self.db.get_bind().dialect.name)
        query = insert(OAuthRevokedToken).values(id=token_id, expires_at=expires_at)
        stored = await self.db.scalars(
            query.on_conflict_do_nothing().returning(OAuthRevokedToken.id)
        )
        return stored.one_or_none() is not None

    async def revoke_grants(self, user_id: UUID, expires_at: datetime) -> None:
        """Let APIs hear of the grants of an account that is deleted in a moment."""
        insert = upserting(self.db.get_bind().dialect.name)
        theirs = select(OAuthGrant.id, literal(expires_at, INSTANT)).where(
            OAuthGrant.user_id == user_id, OAuthGrant.redeemed_at.is_not(None)
        )
        names = [OAuthRevokedToken.id, OAuthRevokedToken.expires_at]
        query = insert(OAuthRevokedToken).from_select(names, theirs)
        await self.db.execute(query.on_conflict_do_nothing())

    async def restore(self, token_id: UUID) -> None:
        """Have what was ended hold again."""
        table = OAuthRevokedToken
        await self.db.execute(delete(table).where(table.id == token_id))

    async def delete_expired_tokens(self, now: datetime, limit: int) -> int:
        """Delete a batch of revoked tokens that are dead by themselves."""
        table = OAuthRevokedToken
        return await self.delete_batch(table, table.id, table.expires_at <= now, limit)

    async def delete_expired_assertions(self, now: datetime, limit: int) -> int:
        """Delete a batch of assertions that nobody takes any more."""
        table = OAuthAssertion
        expired = table.expires_at <= now
        return await self.delete_batch(table, table.digest, expired, limit)
