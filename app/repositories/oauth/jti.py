"""SQL for what must not be taken again; assertions are seen in a hot path's way."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, literal, select

from app.models.oauth.grant import OAuthGrant
from app.models.oauth.jti import OAuthAssertion, OAuthRevokedToken
from app.repositories.base import Repository, upserting

# An access token lives no longer than that, whatever an API wants.
LONGEST_TOKEN = timedelta(days=1)
# By then each process has noticed that a client ended, and issues nothing to it.
_NOTICED = timedelta(seconds=5)
INSTANT = OAuthRevokedToken.expires_at.type


class OAuthUsedRepository(Repository[OAuthRevokedToken]):
    """Access tokens that were revoked alone, assertions that were seen."""

    async def revoke(
        self,
        entry: UUID,
        expires_at: datetime,
        *,
        at: datetime,
        client_entry: UUID | None = None,
    ) -> bool:
        """Let an access token, or all of a client, end; False if it had.

        Args:
            entry: The token's id, or the client's entry.
            expires_at: When nothing of it is left anyway.
            at: The present.
            client_entry: Of whom a token was issued to.
        """
        insert = upserting(self.db.get_bind().dialect.name)
        query = insert(OAuthRevokedToken).values(
            id=entry, expires_at=expires_at, ended_at=at, client_entry=client_entry
        )
        stored = await self.db.scalars(
            query.on_conflict_do_nothing().returning(OAuthRevokedToken.id)
        )
        return stored.one_or_none() is not None

    async def revoke_grants(
        self, user_id: UUID, expires_at: datetime, at: datetime
    ) -> None:
        """Let APIs hear of the grants of an account that is deleted in a moment."""
        insert = upserting(self.db.get_bind().dialect.name)
        theirs = select(
            OAuthGrant.id, literal(expires_at, INSTANT), literal(at, INSTANT)
        ).where(OAuthGrant.user_id == user_id, OAuthGrant.redeemed_at.is_not(None))
        table = OAuthRevokedToken
        names = [table.id, table.expires_at, table.ended_at]
        query = insert(table).from_select(names, theirs)
        await self.db.execute(query.on_conflict_do_nothing())

    async def restore_client(self, entry: UUID, past: UUID, at: datetime) -> None:
        """Let a client have tokens again; what it had until now stays over.

        Args:
            entry: What was ended; if it was not, nothing is done.
            past: The entry that says so from now on, by when it expires.
            at: The present.
        """
        table = OAuthRevokedToken
        ended = await self.db.scalars(
            delete(table).where(table.id == entry).returning(table.expires_at)
        )
        if (expires_at := ended.one_or_none()) is None:
            return
        until = min(expires_at + _NOTICED, at + LONGEST_TOKEN)
        insert = upserting(self.db.get_bind().dialect.name)
        noted = {"expires_at": until, "ended_at": at}
        query = insert(table).values(id=past, **noted)
        await self.db.execute(
            query.on_conflict_do_update(index_elements=[table.id], set_=noted)
        )

    async def delete_expired_tokens(self, now: datetime, limit: int) -> int:
        """Delete a batch of revoked tokens that are dead by themselves."""
        table = OAuthRevokedToken
        return await self.delete_batch(table, table.id, table.expires_at <= now, limit)

    async def delete_expired_assertions(self, now: datetime, limit: int) -> int:
        """Delete a batch of assertions that nobody takes any more."""
        table = OAuthAssertion
        expired = table.expires_at <= now
        return await self.delete_batch(table, table.digest, expired, limit)
