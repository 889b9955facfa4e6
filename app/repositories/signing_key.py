"""SQL for signing keys."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update

from app.models.signing_key import SigningKey
from app.repositories.base import Order, Repository, upserting

_LATEST_FIRST = Order((SigningKey.sequence, SigningKey.kid), descending=True)


class SigningKeyRepository(Repository[SigningKey]):
    """Signing keys, oldest first within their algorithm."""

    async def list_published(self, now: datetime) -> Sequence[SigningKey]:
        """Return every key that others may still need."""
        query = select(SigningKey).where(_published(now))
        in_order = query.order_by(SigningKey.sequence, SigningKey.kid)
        return (await self.db.scalars(in_order)).all()

    async def list_page(
        self, now: datetime, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[SigningKey]:
        """Return a page of the published keys, the latest first."""
        query = select(SigningKey).where(_published(now))
        return await self.page(query, _LATEST_FIRST, after=after, limit=limit)

    async def latest(self) -> SigningKey | None:
        """Return the key that was sealed last, whether or not it is of use still."""
        newest = select(SigningKey).order_by(SigningKey.created_at.desc()).limit(1)
        return await self.one_or_none(newest)

    async def add_once(self, rows: Sequence[Mapping[str, Any]]) -> set[str]:
        """Store keys, but none whose sequence another process stored first.

        Returns:
            The ids of the stored ones.
        """
        insert = upserting(self.db.get_bind().dialect.name)
        query = insert(SigningKey).on_conflict_do_nothing()
        # Given apart, they are no part of the statement, which is compiled once.
        stored = await self.db.scalars(query.returning(SigningKey.kid), rows)
        return set(stored)

    async def expire_others(
        self, algorithms: Sequence[str], expires_at: datetime
    ) -> None:
        """Set the end of all keys of other algorithms that have none."""
        others = SigningKey.algorithm.not_in(algorithms)
        query = update(SigningKey).where(others, SigningKey.expires_at.is_(None))
        await self.db.execute(query.values(expires_at=expires_at))

    async def set_end(self, kids: Sequence[str], expires_at: datetime | None) -> None:
        """Set or take away the end of keys."""
        query = update(SigningKey).where(SigningKey.kid.in_(kids))
        await self.db.execute(query.values(expires_at=expires_at))

    async def activate(self, kids: Sequence[str], at: datetime) -> None:
        """Let keys sign from an instant on, if they would do so later."""
        query = update(SigningKey).where(
            SigningKey.kid.in_(kids), SigningKey.activates_at > at
        )
        await self.db.execute(query.values(activates_at=at))

    async def last_sequences(self) -> dict[str, int]:
        """Return the highest sequence of each algorithm, expired keys included."""
        query = select(SigningKey.algorithm, func.max(SigningKey.sequence))
        found = await self.db.execute(query.group_by(SigningKey.algorithm))
        return {algorithm: sequence for algorithm, sequence in found}

    async def list_expired_elsewhere(self, before: datetime) -> Sequence[SigningKey]:
        """Return the keys whose last token is dead, and that are not with us."""
        query = select(SigningKey).where(
            SigningKey.expires_at < before, SigningKey.store != "database"
        )
        return (await self.db.scalars(query)).all()

    async def delete_expired(self, before: datetime, kept: Sequence[str] = ()) -> None:
        """Delete the keys whose last token is dead, but not ``kept`` ones."""
        query = delete(SigningKey).where(SigningKey.expires_at < before)
        await self.db.execute(query.where(SigningKey.kid.not_in(kept)))


def _published(now: datetime) -> ColumnElement[bool]:
    return SigningKey.expires_at.is_(None) | (SigningKey.expires_at > now)
