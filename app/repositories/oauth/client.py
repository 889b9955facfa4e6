"""SQL for applications that sign people in here."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, or_, select, update

from app.models.oauth.client import NOBODY, OAuthClient, OAuthClientSecret
from app.models.oauth.grant import OAuthGrant
from app.models.user import User
from app.repositories.base import Order, Repository, chosen, upserting

_BY_ID = Order((OAuthClient.client_id,))


def is_forsaken() -> ColumnElement[bool]:
    """Return the condition that a client runs whose owner is disabled or gone."""
    owner = exists().where(User.id == OAuthClient.owner_id, User.status == "active")
    is_owned = OAuthClient.owner_id.is_not(None)
    return (OAuthClient.status == "active") & is_owned & ~owner


class OAuthClientRepository(Repository[OAuthClient]):
    """Clients and their secrets."""

    async def by_client_id(
        self, client_id: str, *, lock: bool = False
    ) -> OAuthClient | None:
        """Return a client, active or not, or None.

        Args:
            client_id: Its identifier.
            lock: Let nobody else change it until the transaction ends.
        """
        query = select(OAuthClient).where(OAuthClient.client_id == client_id)
        return await self.one_or_none(query.with_for_update() if lock else query)

    async def by_client_ids(self, client_ids: Collection[str]) -> Sequence[OAuthClient]:
        """Return those of these clients that there are, active or not."""
        query = select(OAuthClient).where(OAuthClient.client_id.in_(client_ids))
        return (await self.db.scalars(query)).all()

    async def keep(self, client_id: str) -> OAuthClient | None:
        """Return a client and keep it from being deleted until the transaction ends.

        The lock is the one that a grant takes on its client (foreign key).
        """
        query = select(OAuthClient).where(OAuthClient.client_id == client_id)
        return await self.one_or_none(query.with_for_update(read=True, key_share=True))

    async def secrets_of(
        self, client_id: str, now: datetime
    ) -> Sequence[OAuthClientSecret]:
        """Return the secrets that live, the newest first."""
        end = OAuthClientSecret.expires_at
        query = select(OAuthClientSecret).where(
            OAuthClientSecret.client_id == client_id, end.is_(None) | (end > now)
        )
        query = query.order_by(OAuthClientSecret.id.desc())
        return (await self.db.scalars(query)).all()

    async def list_page(
        self,
        *,
        after: Sequence[Any] | None,
        limit: int,
        owner_id: UUID | None = None,
    ) -> Sequence[OAuthClient]:
        """Return a page of all clients, or of an owner's, by their identifiers."""
        query = select(OAuthClient)
        if owner_id is not None:
            query = query.where(OAuthClient.owner_id == owner_id)
        return await self.page(query, _BY_ID, after=after, limit=limit)

    async def with_owner(
        self, client_id: str
    ) -> tuple[OAuthClient, User | None] | None:
        """Return a client, or None, and its owner, if there is such an account."""
        query = (
            select(OAuthClient, User)
            .outerjoin(User, User.id == OAuthClient.owner_id)
            .where(OAuthClient.client_id == client_id)
        )
        found = (await self.db.execute(query)).one_or_none()
        return found and (found[0], found[1])

    async def forsaken(self, limit: int) -> Sequence[OAuthClient]:
        """Return the first active clients whose owner is disabled or gone."""
        query = select(OAuthClient).where(is_forsaken()).order_by(OAuthClient.client_id)
        return (await self.db.scalars(query.limit(limit))).all()

    async def find(self, text: str, limit: int) -> Sequence[OAuthClient]:
        """Return the first clients whose name or identifier contains a text."""
        columns = (OAuthClient.client_name, OAuthClient.client_id)
        has_text = or_(*(each.icontains(text, autoescape=True) for each in columns))
        query = select(OAuthClient).where(has_text).order_by(OAuthClient.client_id)
        return (await self.db.scalars(query.limit(limit))).all()

    async def is_audience(self, *names: str) -> bool:
        """Tell whether access tokens of some client are for an API of such a name."""
        query = select(exists().where(OAuthClient.audience.in_(names)))
        return bool(await self.db.scalar(query))

    async def add_once(self, row: OAuthClient) -> bool:
        """Store a client unless there is one of its identifier; tell whether it was.

        Args:
            row: What is to be stored; it is of no session.
        """
        insert = upserting(self.db.get_bind().dialect.name)
        columns = OAuthClient.__mapper__.column_attrs
        values = {each.key: getattr(row, each.key) for each in columns}
        query = insert(OAuthClient).values(values).on_conflict_do_nothing()
        added = await self.db.scalars(query.returning(OAuthClient.client_id))
        return added.one_or_none() is not None

    async def note_use(
        self, client_id: str, at: datetime, unless_since: datetime
    ) -> None:
        """Remember that a client was used, unless it is known to be used lately."""
        last = OAuthClient.last_used_at
        query = update(OAuthClient).where(
            OAuthClient.client_id == client_id, last.is_(None) | (last < unless_since)
        )
        await self.db.execute(query.values(last_used_at=at))

    async def delete(self, client_id: str) -> None:
        """Delete a client and all that was granted to it."""
        query = delete(OAuthClient).where(OAuthClient.client_id == client_id)
        await self.db.execute(query)

    async def delete_unused(
        self, before: datetime, never_used_before: datetime, limit: int
    ) -> Sequence[str]:
        """Delete a batch of clients that registered themselves and are of no use.

        Args:
            before: Unused since then.
            never_used_before: Made by strangers then, and not used once.
            limit: At most so many.

        Returns:
            Their identifiers. Who was used, or made an administrator's, while this
            statement waited is left alone: the condition is asked again.
        """
        used = OAuthClient.last_used_at
        # People who only refresh use it, too, and would be signed out by its end.
        refreshed = exists().where(
            OAuthGrant.client_id == OAuthClient.client_id,
            OAuthGrant.refreshed_at >= before,
            OAuthGrant.revoked_at.is_(None),
        )
        made, voucher = OAuthClient.created_at, OAuthClient.vouched_by
        is_strangers = voucher.is_(None) | (voucher == NOBODY)
        forgotten = is_strangers & used.is_(None) & (made < never_used_before)
        unused = (
            OAuthClient.is_self_registered
            & (forgotten | ((made < before) & (used.is_(None) | (used < before))))
            & ~refreshed
        )
        some = chosen(select(OAuthClient.client_id).where(unused).limit(limit))
        query = delete(OAuthClient).where(OAuthClient.client_id.in_(some), unused)
        return (await self.db.scalars(query.returning(OAuthClient.client_id))).all()

    def add_secret(self, secret: OAuthClientSecret) -> None:
        """Store a secret with the next flush."""
        self.db.add(secret)

    async def delete_secret(self, client_id: str, secret_id: UUID) -> bool:
        """Delete a secret of a client; False if it has no such one."""
        query = delete(OAuthClientSecret).where(
            OAuthClientSecret.client_id == client_id, OAuthClientSecret.id == secret_id
        )
        rows = await self.db.scalars(query.returning(OAuthClientSecret.id))
        return rows.one_or_none() is not None

    async def delete_secrets(self, client_id: str) -> None:
        """Delete every secret of a client."""
        query = delete(OAuthClientSecret).where(
            OAuthClientSecret.client_id == client_id
        )
        await self.db.execute(query)

    async def delete_expired_secrets(self, now: datetime, limit: int) -> int:
        """Delete a batch of secrets that ended."""
        ended = OAuthClientSecret.expires_at <= now
        return await self.delete_batch(
            OAuthClientSecret, OAuthClientSecret.id, ended, limit
        )
