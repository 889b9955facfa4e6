"""SQL for sessions; what runs on every request is in `statements/session.py`."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, exists, func, literal, select, update

from app.models.session import Session
from app.repositories.base import Order, Repository, chosen
from app.repositories.statements.session import knows_network

_OLDEST_FIRST = Order((Session.id,))
_LATEST_FIRST = Order((Session.id,), descending=True)


class SessionRepository(Repository[Session]):
    """Sessions of a user: listed and ended."""

    async def is_live(
        self,
        session_id: UUID,
        user_id: UUID,
        now: datetime,
        *,
        counter: int | None = None,
    ) -> bool:
        """Tell whether a session is this user's and not over, and at this count."""
        this = _live_of(user_id) & (Session.id == session_id)
        if counter is not None:
            this &= Session.counter == counter
        live = exists().where(this, Session.expires_at > now)
        return bool(await self.db.scalar(select(live)))

    async def renew(
        self,
        session_id: UUID,
        user_id: UUID,
        presented: int,
        columns: Mapping[str, Any],
    ) -> bool:
        """Count a live session on from ``presented``, with the columns of a new one.

        Of several at once each comes to the same count, so that their answers set the
        same cookie, in whatever order the browser gets them. A count further on is
        none of theirs, nor is one at which something else was proven: whoever has a
        copy of a cookie and one factor must not be at the count of two (ASVS 7.2.4).

        Args:
            session_id: Which.
            user_id: Whose it has to be.
            presented: The count of the cookie that came.
            columns: What becomes of it; with the ``refreshed_at`` of now.

        Returns:
            False when it is over, or stood elsewhere.
        """
        proven = literal(columns["amr"], Session.amr.type)
        is_alike = cast(Session.amr, Text) == cast(proven, Text)
        counted_on = (Session.counter == presented + 1) & is_alike
        query = update(Session).where(
            _live_of(user_id),
            Session.id == session_id,
            (Session.counter == presented) | counted_on,
            Session.expires_at > columns["refreshed_at"],
        )
        renewed = query.values(counter=presented + 1, **columns)
        return len((await self.db.scalars(renewed.returning(Session.id))).all()) == 1

    async def knows_network(self, user_id: UUID, network: str) -> bool:
        """Tell whether a user signed in from a network before."""
        return bool(await self.db.scalar(select(knows_network(user_id, network))))

    async def forget_networks(self, user_id: UUID, since: datetime) -> None:
        """Have a user's networks of sign-ins since an instant unknown again."""
        query = update(Session).where(
            Session.user_id == user_id, Session.refreshed_at >= since
        )
        await self.db.execute(query.values(network=""))

    async def strengthen(
        self, session_id: UUID, counter: int, amr: Sequence[str]
    ) -> Sequence[str]:
        """Note what else was proven in a session, and count it on.

        Args:
            session_id: Which.
            counter: The count of the cookie that came; it is good no more.
            amr: RFC 8176 values.

        Returns:
            All that it proved by now; nothing when it stood elsewhere.
        """
        query = select(Session).where(
            Session.id == session_id, Session.counter == counter
        )
        row = await self.one_or_none(query.with_for_update())
        if row is None:
            return ()
        row.amr = [*row.amr, *(each for each in amr if each not in row.amr)]
        row.counter = counter + 1
        return row.amr

    async def list_live(
        self, user_id: UUID, now: datetime, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[Session]:
        """Return a page of the user's live sessions, the latest first."""
        query = select(Session).where(_live_of(user_id), Session.expires_at > now)
        return await self.page(query, _LATEST_FIRST, after=after, limit=limit)

    async def list_for_user(
        self, user_id: UUID, after: UUID | None, limit: int
    ) -> Sequence[Session]:
        """Return a page of all that is stored about the user's sessions."""
        query = select(Session).where(Session.user_id == user_id)
        key = None if after is None else [after]
        return await self.page(query, _OLDEST_FIRST, after=key, limit=limit)

    async def revoke(
        self, session_id: UUID, user_id: UUID, *, at: datetime, reason: str
    ) -> bool:
        """End one live session of a user; tell whether there was one."""
        this = _live_of(user_id) & (Session.id == session_id)
        return len(await self._revoke(this, at, reason)) == 1

    async def revoke_all(
        self, user_id: UUID, *, at: datetime, reason: str, keep: UUID | None = None
    ) -> Sequence[UUID]:
        """End every live session of a user, but ``keep``; return which."""
        others = _live_of(user_id)
        if keep is not None:
            others &= Session.id != keep
        return await self._revoke(others, at, reason)

    async def revoke_these(
        self, session_ids: Collection[UUID], *, at: datetime, reason: str
    ) -> Sequence[tuple[UUID, UUID]]:
        """End sessions of whomever; return account and session of those that lived."""
        live = Session.revoked_at.is_(None) & (Session.expires_at > at)
        query = update(Session).where(Session.id.in_(session_ids), live)
        query = query.values(revoked_at=at, revoked_reason=reason)
        rows = await self.db.execute(query.returning(Session.user_id, Session.id))
        return [(row.user_id, row.id) for row in rows]

    async def _revoke(
        self, which: ColumnElement[bool], at: datetime, reason: str
    ) -> Sequence[UUID]:
        query = update(Session).where(which).returning(Session.id)
        revoked = await self.db.scalars(
            query.values(revoked_at=at, revoked_reason=reason)
        )
        return revoked.all()

    async def revoke_surplus(
        self, most: int, *, at: datetime, reason: str, limit: int
    ) -> Sequence[tuple[UUID, UUID]]:
        """End what an account has beyond so many live sessions, the least used first.

        Returns:
            At most ``limit`` pairs of the account and the session that ended.
        """
        number = func.row_number().over(
            partition_by=Session.user_id,
            order_by=(Session.refreshed_at.desc(), Session.id.desc()),
        )
        live = (Session.revoked_at.is_(None)) & (Session.expires_at > at)
        ranked = select(Session.id, number.label("rank")).where(live).subquery()
        surplus = chosen(select(ranked.c.id).where(ranked.c.rank > most).limit(limit))
        query = update(Session).where(Session.id.in_(surplus), live)
        query = query.values(revoked_at=at, revoked_reason=reason)
        rows = await self.db.execute(query.returning(Session.user_id, Session.id))
        return [(row.user_id, row.id) for row in rows]

    async def delete_ended(self, before: datetime, limit: int) -> int:
        """Delete a batch of sessions that ended before an instant."""
        ended = (Session.expires_at < before) | (Session.revoked_at < before)
        return await self.delete_batch(Session, Session.id, ended, limit)


def _live_of(user_id: UUID) -> ColumnElement[bool]:
    return (Session.user_id == user_id) & Session.revoked_at.is_(None)
