"""SQL for grants; what runs all the time stands in ``statements/oauth``."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update

from app.models.oauth.client import OAuthClient
from app.models.oauth.grant import OAuthGrant
from app.repositories.base import Order, Repository, chosen

_OLDEST_FIRST = Order((OAuthGrant.id,))

_BACKCHANNEL, _FRONTCHANNEL = "backchannel_logout_uri", "frontchannel_logout_uri"


class OAuthGrantRepository(Repository[OAuthGrant]):
    """Grants of a person or a client: listed and ended."""

    async def list_for_user(
        self, user_id: UUID, after: UUID | None, limit: int
    ) -> Sequence[OAuthGrant]:
        """Return a page of all that is stored about a person's grants."""
        query = select(OAuthGrant).where(OAuthGrant.user_id == user_id)
        key = None if after is None else [after]
        return await self.page(query, _OLDEST_FIRST, after=key, limit=limit)

    async def revoke(self, grant_id: UUID, *, at: datetime, reason: str) -> bool:
        """End one grant; False if it was over, or there is none."""
        ended = await self._revoke(OAuthGrant.id == grant_id, at, reason)
        return ended == 1

    async def revoke_for_user(
        self, user_id: UUID, *, at: datetime, reason: str, keep: UUID | None = None
    ) -> int:
        """End every grant of a person; return how many ended.

        Args:
            user_id: Whose.
            at: When.
            reason: Why.
            keep: Grants of this session live on.
        """
        which = OAuthGrant.user_id == user_id
        if keep is not None:
            which &= OAuthGrant.session_id != keep
        return await self._revoke(which, at, reason)

    async def revoke_for_consent(
        self, user_id: UUID, client_id: str, *, at: datetime, reason: str
    ) -> int:
        """End every grant of a person to a client; return how many ended."""
        which = (OAuthGrant.user_id == user_id) & (OAuthGrant.client_id == client_id)
        return await self._revoke(which, at, reason)

    async def revoke_for_client(
        self, client_id: str, *, at: datetime, reason: str
    ) -> int:
        """End everything that was granted to a client; return how many ended."""
        return await self._revoke(OAuthGrant.client_id == client_id, at, reason)

    async def last_in(self, session_ids: Collection[UUID], client_id: str) -> Any:
        """Return ``session_id`` and ``created_at`` of a client's last grant, or None.

        Args:
            session_ids: Only what was granted in these sessions.
            client_id: To whom.
        """
        query = select(OAuthGrant.session_id, OAuthGrant.created_at)
        query = query.where(OAuthGrant.session_id.in_(session_ids))
        query = query.where(OAuthGrant.client_id == client_id)
        newest = (OAuthGrant.created_at.desc(), OAuthGrant.id.desc())
        return (await self.db.execute(query.order_by(*newest).limit(1))).first()

    async def sessions_of(
        self, client_id: str, authenticated_at: int | None, limit: int = 1_000
    ) -> Sequence[Any]:
        """Return ``session_id`` and ``user_id`` of a client's grants, newest first.

        Args:
            client_id: To whom.
            authenticated_at: Only after a sign-in in this second, as ``auth_time``
                has it.
            limit: How many at most.
        """
        query = select(OAuthGrant.session_id, OAuthGrant.user_id)
        query = query.where(OAuthGrant.client_id == client_id)
        if authenticated_at is not None:
            second = datetime.fromtimestamp(authenticated_at, UTC)
            at = OAuthGrant.authenticated_at
            query = query.where(at >= second, at < second + timedelta(seconds=1))
        query = query.order_by(OAuthGrant.id.desc()).limit(limit)
        return (await self.db.execute(query)).all()

    async def revoke_in_session(
        self, session_id: UUID, client_id: str, *, at: datetime, reason: str
    ) -> int:
        """End what a client has only while a session lives; return how many ended."""
        which = OAuthGrant.session_id == session_id
        which &= OAuthGrant.client_id == client_id
        return await self._revoke(which & ~OAuthGrant.is_offline, at, reason)

    async def revoke_in_sessions(
        self, session_ids: Collection[UUID], *, at: datetime, reason: str
    ) -> int:
        """End all that was granted in sessions, offline too; return how many ended."""
        which = OAuthGrant.session_id.in_(session_ids)
        return await self._revoke(which, at, reason)

    async def list_told(
        self,
        session_ids: Collection[UUID],
        pending_since: datetime,
        client_id: str | None = None,
    ) -> Sequence[Any]:
        """Return whom the end of sessions is told, by back-channel.

        Args:
            session_ids: Of the sessions.
            pending_since: A code issued since then counts as what it may become.
            client_id: Nobody but this one.

        Returns:
            ``client_id``, ``user_id`` and ``session_id`` of each application that got
            something in each session, once.
        """
        wants = OAuthClient.document[_BACKCHANNEL].as_string().is_not(None)
        query = select(
            OAuthGrant.client_id, OAuthGrant.user_id, OAuthGrant.session_id
        ).join(OAuthClient, OAuthClient.client_id == OAuthGrant.client_id)
        query = query.where(_in_sessions(session_ids, pending_since), wants)
        if client_id is not None:
            query = query.where(OAuthGrant.client_id == client_id)
        return (await self.db.execute(query.distinct())).all()

    async def list_framed(
        self, session_id: UUID, pending_since: datetime
    ) -> Sequence[OAuthClient]:
        """Return whom the end of a session is told in a frame. Arguments as above."""
        wants = OAuthClient.document[_FRONTCHANNEL].as_string().is_not(None)
        present = select(OAuthGrant.client_id)
        present = present.where(_in_sessions([session_id], pending_since))
        query = select(OAuthClient).where(OAuthClient.client_id.in_(present), wants)
        query = query.where(OAuthClient.status == "active")
        return (await self.db.scalars(query.order_by(OAuthClient.client_id))).all()

    async def _revoke(
        self, which: ColumnElement[bool], at: datetime, reason: str
    ) -> int:
        query = update(OAuthGrant).where(which, OAuthGrant.revoked_at.is_(None))
        query = query.values(revoked_at=at, revoked_reason=reason)
        return len((await self.db.scalars(query.returning(OAuthGrant.id))).all())

    async def revoke_surplus(
        self, most: int, *, at: datetime, reason: str, limit: int
    ) -> Sequence[Any]:
        """End what people have beyond so many grants at a client, least used first.

        Returns:
            At most ``limit`` rows of ``id``, ``user_id`` and ``client_id``.
        """
        number = func.row_number().over(
            partition_by=(OAuthGrant.user_id, OAuthGrant.client_id),
            order_by=(OAuthGrant.refreshed_at.desc(), OAuthGrant.id.desc()),
        )
        live = OAuthGrant.revoked_at.is_(None) & (OAuthGrant.expires_at > at)
        live &= OAuthGrant.redeemed_at.is_not(None)
        ranked = select(OAuthGrant.id, number.label("rank")).where(live).subquery()
        surplus = chosen(select(ranked.c.id).where(ranked.c.rank > most).limit(limit))
        query = update(OAuthGrant).where(OAuthGrant.id.in_(surplus), live)
        query = query.values(revoked_at=at, revoked_reason=reason)
        kept = (OAuthGrant.id, OAuthGrant.user_id, OAuthGrant.client_id)
        return (await self.db.execute(query.returning(*kept))).all()

    async def delete_ended(
        self, before: datetime, unredeemed_before: datetime, limit: int
    ) -> int:
        """Delete a batch of grants that ended, or whose code nobody redeemed."""
        ended = (OAuthGrant.expires_at < before) | (OAuthGrant.revoked_at < before)
        unredeemed = OAuthGrant.redeemed_at.is_(None) & (
            OAuthGrant.created_at < unredeemed_before
        )
        return await self.delete_batch(
            OAuthGrant, OAuthGrant.id, ended | unredeemed, limit
        )


def _in_sessions(
    session_ids: Collection[UUID], pending_since: datetime
) -> ColumnElement[bool]:
    """Grants that were redeemed in sessions, or still may be."""
    pending = OAuthGrant.revoked_at.is_(None) & (OAuthGrant.created_at > pending_since)
    given = OAuthGrant.redeemed_at.is_not(None) | pending
    return OAuthGrant.session_id.in_(session_ids) & given
