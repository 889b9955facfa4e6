"""SQL for sessions that began elsewhere, and for sign-outs told from there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select, update

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

    async def list_due(self, now: datetime, limit: int) -> Sequence[Any]:
        """Return what is to be looked at, the longest due first.

        Returns:
            Rows of ``session_id``, ``identity_id``, ``user_id``, ``connection_id``,
            ``subject``, ``sealed_tokens``, ``claims``, and whether the session lives,
            as ``is_live``.
        """
        is_live = and_(Session.revoked_at.is_(None), Session.expires_at > now)
        query = select(
            UpstreamSession.session_id,
            UpstreamSession.identity_id,
            UpstreamIdentity.user_id,
            UpstreamIdentity.connection_id,
            UpstreamIdentity.subject,
            UpstreamSession.sealed_tokens,
            UpstreamSession.claims,
            is_live.label("is_live"),
        )
        query = query.join(
            UpstreamIdentity, UpstreamIdentity.id == UpstreamSession.identity_id
        ).join(Session, Session.id == UpstreamSession.session_id)
        query = query.where(
            UpstreamSession.due_at <= now, UpstreamSession.sealed_tokens.is_not(None)
        )
        query = query.order_by(UpstreamSession.due_at).limit(limit)
        return (await self.db.execute(query)).all()

    async def claim(self, session_id: UUID, claims: int, until: datetime) -> bool:
        """Keep others from a session until an instant; False if somebody was first."""
        values = {"due_at": until, "claims": claims + 1}
        return await self._change(session_id, claims, values)

    async def settle(
        self,
        session_id: UUID,
        claims: int,
        sealed_tokens: bytes | None,
        due_at: datetime,
    ) -> bool:
        """Keep the tokens that follow; False if the session is another's by now."""
        values = {"sealed_tokens": sealed_tokens, "due_at": due_at}
        return await self._change(session_id, claims, values)

    async def forget(self, session_id: UUID, claims: int) -> bool:
        """Keep no tokens any more; False if the session is another's by now."""
        values = {"sealed_tokens": None, "due_at": None, "claims": claims + 1}
        return await self._change(session_id, claims, values)

    async def postpone(
        self, session_id: UUID, connection_id: UUID | None, until: datetime
    ) -> None:
        """Leave a session for later, and with a connection all of it that is due."""
        which = UpstreamSession.session_id == session_id
        if connection_id is not None:
            theirs = select(UpstreamIdentity.id).where(
                UpstreamIdentity.connection_id == connection_id
            )
            is_due = UpstreamSession.due_at <= until
            which |= and_(UpstreamSession.identity_id.in_(theirs), is_due)
        query = update(UpstreamSession).where(which)
        await self.db.execute(query.values(due_at=until))

    async def hurry(self, identity_id: UUID, now: datetime) -> None:
        """Have all sessions of an identity looked at that can be asked about."""
        query = update(UpstreamSession).where(
            UpstreamSession.identity_id == identity_id,
            UpstreamSession.sealed_tokens.is_not(None),
            UpstreamSession.due_at > now,
        )
        await self.db.execute(query.values(due_at=now))

    async def live_of(self, identity_id: UUID, now: datetime) -> Sequence[Any]:
        """Return live sessions of an identity; as above, with ``sealed_tokens``."""
        return await self._live(
            UpstreamIdentity.id == identity_id,
            now=now,
            columns=(*_WHO, UpstreamSession.sealed_tokens),
        )

    async def to_leave(self, session_ids: Sequence[UUID]) -> Sequence[Any]:
        """Return what is known of sessions where they began, over or not.

        Returns:
            Rows of ``session_id``, ``identity_id``, ``connection_id``, ``subject``,
            ``sid``, ``sealed_tokens`` and ``claims``.
        """
        query = select(
            UpstreamSession.session_id,
            UpstreamSession.identity_id,
            UpstreamIdentity.connection_id,
            UpstreamIdentity.subject,
            UpstreamSession.sid,
            UpstreamSession.sealed_tokens,
            UpstreamSession.claims,
        )
        query = query.join(
            UpstreamIdentity, UpstreamIdentity.id == UpstreamSession.identity_id
        )
        query = query.where(UpstreamSession.session_id.in_(session_ids))
        return (await self.db.execute(query)).all()

    async def _change(
        self, session_id: UUID, claims: int, values: dict[str, Any]
    ) -> bool:
        query = update(UpstreamSession).where(
            UpstreamSession.session_id == session_id, UpstreamSession.claims == claims
        )
        done = await self.db.scalars(
            query.values(**values).returning(UpstreamSession.session_id)
        )
        return done.one_or_none() is not None

    async def _live(
        self,
        *which: ColumnElement[bool],
        now: datetime,
        columns: Sequence[Any] = _WHO,
    ) -> Sequence[Any]:
        is_live = and_(Session.revoked_at.is_(None), Session.expires_at > now)
        query = select(*columns).join(
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
