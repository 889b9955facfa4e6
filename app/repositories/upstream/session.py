"""SQL for sessions that began elsewhere, and for sign-outs told from there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select

from app.models.session import Session
from app.models.upstream.connection import UpstreamIdentity
from app.models.upstream.session import UpstreamLogout, UpstreamSession
from app.repositories.base import Repository, upserting

_WHO = (UpstreamSession.session_id, UpstreamIdentity.id, UpstreamIdentity.user_id)


class UpstreamSessionRepository(Repository[UpstreamSession]):
    """Which sessions began elsewhere, and by which identity."""

    async def put(
        self,
        session_id: UUID,
        identity_id: UUID,
        *,
        sid: str | None,
        sealed_tokens: bytes | None,
        due_at: datetime | None,
    ) -> None:
        """Note by whom a session began, or was signed in to once more."""
        columns = {
            "identity_id": identity_id,
            "sid": sid,
            "sealed_tokens": sealed_tokens,
            "due_at": due_at,
        }
        insert = upserting(self.db.get_bind().dialect.name)
        query = insert(UpstreamSession).values(
            session_id=session_id, claims=0, **columns
        )
        query = query.on_conflict_do_update(
            index_elements=[UpstreamSession.session_id],
            set_={**columns, "claims": UpstreamSession.claims + 1},
        )
        await self.db.execute(query)

    async def told_of(
        self, connection_id: UUID, subject: str | None, sid: str | None, now: datetime
    ) -> Sequence[Any]:
        """Return the live sessions that a logout token is about.

        Where both are named both have to fit. A session whose name there was never
        told cannot be told from the others of its person.

        Returns:
            Rows of ``session_id``, ``id`` of the identity, and ``user_id``.
        """
        named = UpstreamSession.sid == sid
        if subject is not None:
            is_theirs = UpstreamIdentity.subject == subject
            unnamed = UpstreamSession.sid.is_(None)
            named = is_theirs if sid is None else and_(is_theirs, or_(named, unnamed))
        return await self._live(
            UpstreamIdentity.connection_id == connection_id, named, now=now
        )

    async def of_identity(self, identity_id: UUID) -> Sequence[Any]:
        """Return every session that began by an identity, over or not; as above."""
        return await self._all(UpstreamIdentity.id == identity_id)

    async def of_connection(
        self, connection_id: UUID, after: UUID | None, limit: int
    ) -> Sequence[Any]:
        """Return a batch of those that began by a connection, by id; as above."""
        which = UpstreamIdentity.connection_id == connection_id
        if after is not None:
            which &= UpstreamSession.session_id > after
        return await self._all(which, limit=limit)

    async def _live(self, *which: ColumnElement[bool], now: datetime) -> Sequence[Any]:
        is_live = and_(Session.revoked_at.is_(None), Session.expires_at > now)
        query = select(*_WHO).join(
            UpstreamIdentity, UpstreamIdentity.id == UpstreamSession.identity_id
        )
        query = query.join(Session, Session.id == UpstreamSession.session_id)
        query = query.where(*which, is_live).order_by(UpstreamSession.session_id)
        return (await self.db.execute(query)).all()

    async def _all(
        self, which: ColumnElement[bool], limit: int | None = None
    ) -> Sequence[Any]:
        query = select(*_WHO).join(
            UpstreamIdentity, UpstreamIdentity.id == UpstreamSession.identity_id
        )
        query = query.where(which).order_by(UpstreamSession.session_id)
        return (await self.db.execute(query.limit(limit))).all()


class UpstreamLogoutRepository(Repository[UpstreamLogout]):
    """Logout tokens that were taken."""

    async def take(
        self,
        logout_id: UUID,
        connection_id: UUID,
        *,
        subject: str | None,
        sid: str | None,
        at: datetime,
    ) -> bool:
        """Take a logout token; False if it was taken before, by whatever process."""
        insert = upserting(self.db.get_bind().dialect.name)
        query = insert(UpstreamLogout).values(
            id=logout_id,
            connection_id=connection_id,
            subject=subject,
            sid=sid,
            received_at=at,
        )
        query = query.on_conflict_do_nothing(index_elements=[UpstreamLogout.id])
        taken = await self.db.scalars(query.returning(UpstreamLogout.id))
        return taken.one_or_none() is not None

    async def came_since(
        self, connection_id: UUID, subject: str, sid: str | None, since: datetime
    ) -> bool:
        """Tell whether somebody was signed out elsewhere since an instant.

        Args:
            connection_id: By which they come.
            subject: Who they are there.
            sid: What their session is called there, if that is known.
            since: When they set out.
        """
        is_all = UpstreamLogout.sid.is_(None) & (UpstreamLogout.subject == subject)
        is_this = UpstreamLogout.sid == sid
        is_any_of_them = UpstreamLogout.subject == subject
        found = exists().where(
            UpstreamLogout.connection_id == connection_id,
            UpstreamLogout.received_at >= since,
            or_(is_all, is_any_of_them if sid is None else is_this),
        )
        return bool(await self.db.scalar(select(found)))

    async def delete_old(self, before: datetime, limit: int) -> int:
        """Delete a batch of those that came before an instant."""
        old = UpstreamLogout.received_at < before
        return await self.delete_batch(UpstreamLogout, UpstreamLogout.id, old, limit)
