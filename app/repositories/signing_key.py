"""SQL for signing keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update

from app.models.signing_key import SigningKey
from app.repositories.base import Order, Repository, upserting

_LATEST_FIRST = Order((SigningKey.sequence, SigningKey.kid), descending=True)


class SigningKeyRepository(Repository[SigningKey]):
    """Signing keys, oldest first."""

    async def list_published(self, now: datetime) -> Sequence[SigningKey]:
        """Return every key that others may still need."""
        query = select(SigningKey).where(_published(now))
        return (await self.db.scalars(query.order_by(SigningKey.sequence))).all()

    async def list_page(
        self, now: datetime, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[SigningKey]:
        """Return a page of the published keys, the latest first."""
        query = select(SigningKey).where(_published(now))
        return await self.page(query, _LATEST_FIRST, after=after, limit=limit)

    async def add_once(self, values: dict[str, Any]) -> bool:
        """Store a key unless another process stored one of its sequence first."""
        insert = upserting(self.db.get_bind().dialect.name)
        query = insert(SigningKey).values(values).on_conflict_do_nothing()
        stored = await self.db.scalars(query.returning(SigningKey.kid))
        return stored.one_or_none() is not None

    async def expire_before(
        self, algorithm: str, sequence: int, expires_at: datetime
    ) -> None:
        """Set the end of all keys that come before one."""
        older = (SigningKey.algorithm == algorithm) & (SigningKey.sequence < sequence)
        query = update(SigningKey).where(older, SigningKey.expires_at.is_(None))
        await self.db.execute(query.values(expires_at=expires_at))

    async def expire_others(self, algorithm: str, expires_at: datetime) -> None:
        """Set the end of all keys of other algorithms that have none."""
        others = (SigningKey.algorithm != algorithm) & SigningKey.expires_at.is_(None)
        query = update(SigningKey).where(others)
        await self.db.execute(query.values(expires_at=expires_at))

    async def set_end(self, kid: str, expires_at: datetime | None) -> None:
        """Set or take away the end of one key."""
        query = update(SigningKey).where(SigningKey.kid == kid)
        await self.db.execute(query.values(expires_at=expires_at))

    async def last_sequence(self, algorithm: str) -> int:
        """Return the highest sequence of an algorithm, expired keys included, or 0."""
        query = select(func.max(SigningKey.sequence))
        return await self.db.scalar(query.where(SigningKey.algorithm == algorithm)) or 0

    async def delete_expired(self, before: datetime) -> None:
        """Delete the keys whose last token is dead."""
        await self.db.execute(delete(SigningKey).where(SigningKey.expires_at < before))


def _published(now: datetime) -> ColumnElement[bool]:
    return SigningKey.expires_at.is_(None) | (SigningKey.expires_at > now)
