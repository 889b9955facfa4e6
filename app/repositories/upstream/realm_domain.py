"""SQL for the domains whose people a connection leads."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update

from app.models.upstream.connection import Connection
from app.models.upstream.realm_domain import BY_DNS, RealmDomain
from app.repositories.base import Order, Repository

_BY_DOMAIN = Order((RealmDomain.domain,))


class RealmDomainRepository(Repository[RealmDomain]):
    """Domains; each is one connection's."""

    async def by_id(self, connection_id: UUID, domain_id: UUID) -> RealmDomain | None:
        """Return a domain of a connection; others wait in line."""
        query = select(RealmDomain).where(
            RealmDomain.connection_id == connection_id, RealmDomain.id == domain_id
        )
        return await self.one_or_none(query.with_for_update())

    async def by_domain(self, connection_id: UUID, domain: str) -> RealmDomain | None:
        """Return the same by its name."""
        query = select(RealmDomain).where(
            RealmDomain.connection_id == connection_id, RealmDomain.domain == domain
        )
        return await self.one_or_none(query.with_for_update())

    async def list_page(
        self, connection_id: UUID, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[RealmDomain]:
        """Return a page of a connection's domains by name."""
        query = select(RealmDomain).where(RealmDomain.connection_id == connection_id)
        return await self.page(query, _BY_DOMAIN, after=after, limit=limit)

    async def count(self) -> int:
        """Return how many there are."""
        query = select(func.count()).select_from(RealmDomain)
        return await self.db.scalar(query) or 0

    async def list_leading(self) -> Sequence[Any]:
        """Return each verified domain, and which connection that is on leads it."""
        query = select(RealmDomain.domain, RealmDomain.connection_id).where(
            RealmDomain.verified_at.is_not(None),
            RealmDomain.connection_id == Connection.id,
            Connection.enabled,
        )
        return (await self.db.execute(query)).all()

    async def list_due(self, before: datetime, limit: int) -> Sequence[Any]:
        """Return domains whose record was looked for before an instant, and by whom."""
        query = select(RealmDomain, Connection.name).where(
            RealmDomain.verified_by == BY_DNS,
            RealmDomain.checked_at < before,
            RealmDomain.connection_id == Connection.id,
        )
        query = query.order_by(RealmDomain.checked_at).limit(limit)
        return (await self.db.execute(query)).all()

    async def note_check(
        self, row: RealmDomain, now: datetime, missing_since: datetime | None
    ) -> bool:
        """Note what a look-up found; False if somebody else has noted one meanwhile."""
        query = update(RealmDomain).where(
            RealmDomain.id == row.id, RealmDomain.checked_at == row.checked_at
        )
        query = query.values(checked_at=now, missing_since=missing_since)
        done = await self.db.scalars(query.returning(RealmDomain.id))
        return done.one_or_none() is not None

    async def delete(self, row: RealmDomain) -> None:
        """Delete a domain; nobody is led by it any more."""
        await self.db.execute(delete(RealmDomain).where(RealmDomain.id == row.id))
        self.db.expunge(row)
