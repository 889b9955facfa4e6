"""SQL for connections to identity elsewhere, and for who comes by them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update

from app.models.upstream.connection import Connection, UpstreamIdentity
from app.repositories.base import Order, Repository

_BY_NAME = Order((Connection.name,))
_OLDEST_FIRST = Order((UpstreamIdentity.id,))


class ConnectionRepository(Repository[Connection]):
    """Connections; there are few."""

    async def by_id(
        self, connection_id: UUID, *, lock: bool = False
    ) -> Connection | None:
        """Return a connection, on or off; with ``lock``, others wait in line."""
        query = select(Connection).where(Connection.id == connection_id)
        return await self.one_or_none(query.with_for_update() if lock else query)

    async def with_people(self, connection_id: UUID) -> tuple[Connection, int] | None:
        """Return a connection, on or off, and how many people are known by it."""
        mine = UpstreamIdentity.connection_id == Connection.id
        people = select(func.count()).where(mine).scalar_subquery()
        query = select(Connection, people).where(Connection.id == connection_id)
        row = (await self.db.execute(query)).one_or_none()
        return None if row is None else (row[0], row[1])

    async def by_name(self, name: str) -> Connection | None:
        """Return a connection, on or off."""
        query = select(Connection).where(Connection.name == name)
        return await self.one_or_none(query)

    async def shared(self, connection_id: UUID) -> Connection | None:
        """Return a connection that is on; it stays what it is for this transaction."""
        query = select(Connection).where(
            Connection.id == connection_id, Connection.enabled
        )
        return await self.one_or_none(query.with_for_update(read=True))

    async def list_enabled(self) -> Sequence[Connection]:
        """Return every connection that is on, by name."""
        query = select(Connection).where(Connection.enabled).order_by(Connection.name)
        return (await self.db.scalars(query)).all()

    async def list_page(
        self, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[Connection]:
        """Return a page of connections by name."""
        return await self.page(select(Connection), _BY_NAME, after=after, limit=limit)

    async def count(self) -> int:
        """Return how many there are."""
        query = select(func.count()).select_from(Connection)
        return await self.db.scalar(query) or 0

    async def delete(self, row: Connection) -> None:
        """Delete a connection; nobody is known by it any more (foreign keys)."""
        await self.db.execute(delete(Connection).where(Connection.id == row.id))
        self.db.expunge(row)


class UpstreamIdentityRepository(Repository[UpstreamIdentity]):
    """Who is known elsewhere as whom: (connection, subject) is the identity."""

    async def by_subject(
        self, connection_id: UUID, subject: str
    ) -> UpstreamIdentity | None:
        """Return whom a connection means by a subject."""
        query = select(UpstreamIdentity).where(
            UpstreamIdentity.connection_id == connection_id,
            UpstreamIdentity.subject == subject,
        )
        return await self.one_or_none(query)

    async def is_there(self, identity_id: UUID) -> bool:
        """Tell whether an identity was not ended; it is not in this transaction."""
        query = select(UpstreamIdentity.id).where(UpstreamIdentity.id == identity_id)
        found = await self.db.scalars(query.with_for_update(read=True))
        return found.one_or_none() is not None

    async def note_use(
        self, identity_id: UUID, at: datetime, claims: dict[str, Any]
    ) -> bool:
        """Note that somebody came by an identity; False if it was ended meanwhile."""
        query = update(UpstreamIdentity).where(UpstreamIdentity.id == identity_id)
        query = query.values(last_used_at=at, claims=claims)
        done = await self.db.scalars(query.returning(UpstreamIdentity.id))
        return done.one_or_none() is not None

    async def list_with_names(
        self, user_id: UUID, after: UUID | None = None, limit: int | None = None
    ) -> Sequence[Any]:
        """Return somebody's identities, the oldest first, with their connections."""
        query = select(UpstreamIdentity, Connection).where(
            UpstreamIdentity.user_id == user_id,
            UpstreamIdentity.connection_id == Connection.id,
        )
        if after is not None:
            query = query.where(UpstreamIdentity.id > after)
        ordered = query.order_by(UpstreamIdentity.id).limit(limit)
        return (await self.db.execute(ordered)).all()

    async def has_way_in(self, user_id: UUID) -> bool:
        """Tell whether somebody may come by a connection that is on."""
        query = select(UpstreamIdentity.id).where(
            UpstreamIdentity.user_id == user_id,
            UpstreamIdentity.connection_id == Connection.id,
            Connection.enabled,
        )
        return await self.db.scalar(query.limit(1)) is not None

    async def list_for_user(
        self, user_id: UUID, after: UUID | None, limit: int
    ) -> Sequence[UpstreamIdentity]:
        """Return a page of all that is stored about the user's identities."""
        query = select(UpstreamIdentity).where(UpstreamIdentity.user_id == user_id)
        key = None if after is None else [after]
        return await self.page(query, _OLDEST_FIRST, after=key, limit=limit)

    async def count_of(self, connection_id: UUID) -> int:
        """Return how many people are known by a connection."""
        mine = UpstreamIdentity.connection_id == connection_id
        return await self.db.scalar(select(func.count()).where(mine)) or 0

    async def counts_of(self, connection_ids: Collection[UUID]) -> dict[UUID, int]:
        """Return how many people are known by each connection that knows any."""
        of = UpstreamIdentity.connection_id
        query = select(of, func.count()).where(of.in_(connection_ids)).group_by(of)
        return {row[0]: row[1] for row in await self.db.execute(query)}

    async def delete_one(self, user_id: UUID, identity_id: UUID) -> bool:
        """End an identity of somebody; tell whether it was this that ended it."""
        mine = UpstreamIdentity.user_id == user_id
        query = delete(UpstreamIdentity).where(mine, UpstreamIdentity.id == identity_id)
        gone = await self.db.scalars(query.returning(UpstreamIdentity.id))
        return gone.one_or_none() is not None

    async def delete_for_user(
        self, user_id: UUID, *, since: datetime | None = None
    ) -> int:
        """End somebody's identities, perhaps only late ones; return how many."""
        query = delete(UpstreamIdentity).where(UpstreamIdentity.user_id == user_id)
        if since is not None:
            query = query.where(UpstreamIdentity.linked_at >= since)
        gone = await self.db.scalars(query.returning(UpstreamIdentity.id))
        return len(gone.all())
