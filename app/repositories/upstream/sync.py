"""SQL for directories that are read as a whole, and for what was seen of people."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Select,
    exists,
    false,
    func,
    null,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.orm import aliased

from app.models.upstream.connection import UpstreamIdentity
from app.models.upstream.sync import ConnectionSync, UpstreamEntry
from app.models.user import User
from app.repositories.base import Order, Repository, upserting

_NEWEST_FIRST = Order((ConnectionSync.id,), descending=True)


class UpstreamEntryRepository(Repository[UpstreamEntry]):
    """What was seen of people in directories."""

    async def known(
        self, connection_id: UUID, subjects: Sequence[str], emails: Sequence[str]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what is here of a page of a directory, by one statement.

        Args:
            connection_id: Of the directory.
            subjects: Who is on the page.
            emails: Their canonical addresses.

        Returns:
            By subject, rows of ``identity_id``, ``user_id``, ``last_used_at``,
            ``digest`` and ``withdrawn_at``; and by address, rows of ``user_id``,
            ``is_verified``, and ``identity_id`` if the account has a link with the same
            directory.
        """
        linked = select(
            UpstreamIdentity.subject.label("key"),
            true().label("is_subject"),
            UpstreamIdentity.id.label("identity_id"),
            UpstreamIdentity.user_id.label("user_id"),
            UpstreamIdentity.last_used_at.label("last_used_at"),
            UpstreamEntry.digest.label("digest"),
            UpstreamEntry.withdrawn_at.label("withdrawn_at"),
            true().label("is_verified"),
        )
        linked = linked.outerjoin(
            UpstreamEntry, UpstreamEntry.identity_id == UpstreamIdentity.id
        ).where(
            UpstreamIdentity.connection_id == connection_id,
            UpstreamIdentity.subject.in_(subjects),
        )
        query: Any = union_all(linked, _held(connection_id, emails))
        known: dict[str, Any] = {}
        holders: dict[str, Any] = {}
        for row in (await self.db.execute(query)).all():
            (known if row.is_subject else holders)[row.key] = row
        return known, holders

    async def by_identities(self, ids: Collection[UUID]) -> dict[UUID, Any]:
        """Return identities, each with what was seen of it, if anything was.

        Returns:
            By identity, rows of ``identity`` and ``entry``, which may be None.
        """
        query = select(UpstreamIdentity, UpstreamEntry).outerjoin(
            UpstreamEntry, UpstreamEntry.identity_id == UpstreamIdentity.id
        )
        query = query.where(UpstreamIdentity.id.in_(ids))
        return {row[0].id: row for row in (await self.db.execute(query)).all()}

    async def put(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Note what was seen of people; each row has all columns."""
        if not rows:
            return
        insert = upserting(self.db.get_bind().dialect.name)
        query = insert(UpstreamEntry)
        # That an owner was told is never forgotten.
        said = or_(UpstreamEntry.is_told, query.excluded.is_told)
        query = query.on_conflict_do_update(
            index_elements=[UpstreamEntry.identity_id],
            set_={
                "digest": query.excluded.digest,
                "withdrawn_at": query.excluded.withdrawn_at,
                "is_told": said,
            },
        )
        await self.db.execute(query, list(rows))

    async def tell(self, identity_id: UUID) -> bool:
        """Note that an owner is told of a link; False if they were, or need not be."""
        query = update(UpstreamEntry).where(
            UpstreamEntry.identity_id == identity_id, UpstreamEntry.is_told.is_(False)
        )
        told = query.values(is_told=True).returning(UpstreamEntry.identity_id)
        return (await self.db.scalars(told)).one_or_none() is not None

    async def count_let_in(self, connection_id: UUID) -> int:
        """Return how many people are linked, and not withdrawn since they came."""
        query = _let_in(select(func.count()), connection_id)
        return await self.db.scalar(query) or 0

    async def list_let_in(
        self, connection_id: UUID, after: str | None, limit: int
    ) -> Sequence[Any]:
        """Return a batch of those, by subject.

        Returns:
            Rows of ``id``, ``user_id``, ``subject``, ``linked_at`` and
            ``last_used_at``.
        """
        query: Any = select(
            UpstreamIdentity.id,
            UpstreamIdentity.user_id,
            UpstreamIdentity.subject,
            UpstreamIdentity.linked_at,
            UpstreamIdentity.last_used_at,
        )
        query = _let_in(query, connection_id)
        if after is not None:
            query = query.where(UpstreamIdentity.subject > after)
        query = query.order_by(UpstreamIdentity.subject).limit(limit)
        return (await self.db.execute(query)).all()


def _held(connection_id: UUID, emails: Sequence[str]) -> Any:
    """Return what finds accounts by address, in the columns of linked ones."""
    link = select(UpstreamIdentity.id).where(
        UpstreamIdentity.user_id == User.id,
        UpstreamIdentity.connection_id == connection_id,
    )
    return select(
        User.email_canonical,
        false(),
        link.limit(1).scalar_subquery(),
        User.id,
        null(),
        null(),
        null(),
        User.email_verified,
    ).where(User.email_canonical.in_(emails))


def _let_in(query: Select[Any], connection_id: UUID) -> Select[Any]:
    query = query.select_from(UpstreamIdentity).outerjoin(
        UpstreamEntry, UpstreamEntry.identity_id == UpstreamIdentity.id
    )
    return query.where(
        UpstreamIdentity.connection_id == connection_id,
        or_(
            UpstreamEntry.withdrawn_at.is_(None),
            UpstreamIdentity.last_used_at >= UpstreamEntry.withdrawn_at,
        ),
    )


class ConnectionSyncRepository(Repository[ConnectionSync]):
    """Readings of directories; one of each is open at a time."""

    async def list_page(
        self, connection_id: UUID, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[ConnectionSync]:
        """Return a page of a directory's readings, the newest first."""
        query = select(ConnectionSync)
        query = query.where(ConnectionSync.connection_id == connection_id)
        return await self.page(query, _NEWEST_FIRST, after=after, limit=limit)

    async def by_id(self, connection_id: UUID, sync_id: UUID) -> ConnectionSync | None:
        """Return a reading of a directory."""
        query = select(ConnectionSync).where(
            ConnectionSync.connection_id == connection_id, ConnectionSync.id == sync_id
        )
        return await self.one_or_none(query)

    async def open_of(self, connection_id: UUID) -> ConnectionSync | None:
        """Return the reading of a directory that is not over."""
        query = select(ConnectionSync).where(
            ConnectionSync.connection_id == connection_id,
            ConnectionSync.ended_at.is_(None),
        )
        return await self.one_or_none(query)

    async def last_begun(self, connection_ids: Collection[UUID]) -> dict[UUID, Any]:
        """Return when each of these was asked for last, but for dry runs."""
        query = select(
            ConnectionSync.connection_id, func.max(ConnectionSync.requested_at)
        ).where(
            ConnectionSync.connection_id.in_(connection_ids),
            ConnectionSync.dry_run.is_(False),
        )
        query = query.group_by(ConnectionSync.connection_id)
        return {row[0]: row[1] for row in (await self.db.execute(query)).all()}

    async def list_waiting(
        self, connection_ids: Collection[UUID], now: datetime
    ) -> Sequence[ConnectionSync]:
        """Return open readings that nobody is at, the oldest first."""
        query = select(ConnectionSync).where(
            ConnectionSync.connection_id.in_(connection_ids),
            ConnectionSync.ended_at.is_(None),
            ConnectionSync.lease_until <= now,
        )
        return (await self.db.scalars(query.order_by(ConnectionSync.id))).all()

    async def claim(
        self, row: ConnectionSync, now: datetime, until: datetime, mark: str
    ) -> bool:
        """Take an open reading on, from its beginning; False if somebody was first."""
        return await self._change(
            row.id,
            row.claims,
            {
                "claims": row.claims + 1,
                "started_at": now,
                "lease_until": until,
                "mark": mark,
            },
        )

    async def hold(
        self, sync_id: UUID, claims: int, until: datetime, counts: dict[str, Any]
    ) -> bool:
        """Go on with a reading, and tell how far it is; False if it is another's."""
        values = {"lease_until": until, "counts": counts}
        return await self._change(sync_id, claims, values)

    async def end(self, sync_id: UUID, claims: int, values: Mapping[str, Any]) -> bool:
        """Have a reading over; False if it is another's."""
        return await self._change(sync_id, claims, values)

    async def settled_mark(self, connection_id: UUID) -> str | None:
        """Return by which settings a directory was read when all was well last."""
        query = select(ConnectionSync.mark).where(
            ConnectionSync.connection_id == connection_id, ConnectionSync.is_settled
        )
        query = query.order_by(ConnectionSync.id.desc()).limit(1)
        return (await self.db.scalars(query)).one_or_none()

    async def outcome_before(self, row: ConnectionSync) -> str | None:
        """Return how the reading before ended, if there was one."""
        query = select(ConnectionSync.outcome).where(
            ConnectionSync.connection_id == row.connection_id,
            ConnectionSync.id < row.id,
            ConnectionSync.dry_run.is_(False),
        )
        query = query.order_by(ConnectionSync.id.desc()).limit(1)
        return (await self.db.scalars(query)).one_or_none()

    async def delete_old(self, before: datetime, limit: int) -> int:
        """Delete a batch of old ones, but for the last settled one of a connection."""
        newer = aliased(ConnectionSync)
        is_followed = exists().where(
            newer.connection_id == ConnectionSync.connection_id,
            newer.id > ConnectionSync.id,
            newer.is_settled,
        )
        old = (
            (ConnectionSync.requested_at < before)
            & ConnectionSync.ended_at.is_not(None)
            & or_(ConnectionSync.is_settled.is_(False), is_followed)
        )
        return await self.delete_batch(ConnectionSync, ConnectionSync.id, old, limit)

    async def _change(
        self, sync_id: UUID, claims: int, values: Mapping[str, Any]
    ) -> bool:
        query = update(ConnectionSync).where(
            ConnectionSync.id == sync_id,
            ConnectionSync.claims == claims,
            ConnectionSync.ended_at.is_(None),
        )
        query = query.values(**values).execution_options(synchronize_session=False)
        done = await self.db.scalars(query.returning(ConnectionSync.id))
        return done.one_or_none() is not None
