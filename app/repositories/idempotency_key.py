"""SQL for answers that are given again."""

from datetime import datetime

from sqlalchemy import delete, select

from app.models.idempotency_key import IdempotencyKey
from app.repositories.base import Repository


class IdempotencyKeyRepository(Repository[IdempotencyKey]):
    """First answers, found by the hash of caller, route and key."""

    async def by_hash(self, key_hash: bytes, now: datetime) -> IdempotencyKey | None:
        """Return the answer given before, if it is still kept."""
        query = select(IdempotencyKey).where(IdempotencyKey.key_hash == key_hash)
        return await self.one_or_none(query.where(IdempotencyKey.expires_at > now))

    async def forget_expired(self, key_hash: bytes, now: datetime) -> None:
        """Make room for a key whose first answer is too old to be given again."""
        old = (IdempotencyKey.key_hash == key_hash) & (IdempotencyKey.expires_at <= now)
        await self.db.execute(delete(IdempotencyKey).where(old))

    async def end_claim(self, key_hash: bytes, owner: str) -> None:
        """Give a claim back together with the answer that it was for."""
        mine = (IdempotencyKey.key_hash == key_hash) & (IdempotencyKey.body == owner)
        await self.db.execute(delete(IdempotencyKey).where(mine))

    async def delete_expired(self, before: datetime, limit: int) -> int:
        """Delete a batch of answers that expired before an instant."""
        expired = IdempotencyKey.expires_at < before
        return await self.delete_batch(
            IdempotencyKey, IdempotencyKey.key_hash, expired, limit
        )
