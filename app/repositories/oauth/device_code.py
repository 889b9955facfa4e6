"""SQL for devices that wait, but for what polls run all the time."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update

from app.models.oauth.device_code import DeviceCode
from app.repositories.base import Order, Repository, upserting

_OLDEST_FIRST = Order((DeviceCode.id,))


class DeviceCodeRepository(Repository[DeviceCode]):
    """Device codes: found by what is typed, and decided once."""

    async def add_new(self, row: DeviceCode) -> bool:
        """Store a row at once; False if another shows the same code."""
        names = DeviceCode.__table__.columns.keys()
        values = {name: getattr(row, name) for name in names}
        insert = upserting(self.db.get_bind().dialect.name)
        adding = insert(DeviceCode).values(values).on_conflict_do_nothing()
        rows = await self.db.scalars(adding.returning(DeviceCode.id))
        return rows.one_or_none() is not None

    async def pending(self, code_hash: bytes, now: datetime) -> DeviceCode | None:
        """Return the one that shows a code, if it may still be decided."""
        this = (DeviceCode.code_hash == code_hash) & _pending(now)
        return await self.one_or_none(select(DeviceCode).where(this))

    async def claim(
        self, code_id: UUID, user_id: UUID, here: Collection[UUID], now: datetime
    ) -> bool:
        """Keep a code for whoever answers it; False if that is somebody else.

        Args:
            code_id: Which.
            user_id: Who answers it from now on.
            here: Accounts at the browser; only one of them can hand it to another.
            now: When.
        """
        values = {"user_id": user_id}
        return await self._change(code_id, here, now, values)

    async def approve(
        self, code_id: UUID, user_id: UUID, here: Collection[UUID], now: datetime
    ) -> bool:
        """Say yes; False if it was decided, is over, or is somebody else's."""
        values = {"user_id": user_id, "approved_at": now}
        return await self._change(code_id, here, now, values)

    async def deny(
        self, code_id: UUID, user_id: UUID, here: Collection[UUID], now: datetime
    ) -> bool:
        """Say no; False as above."""
        values = {"user_id": user_id, "denied_at": now}
        return await self._change(code_id, here, now, values)

    async def list_for_user(
        self, user_id: UUID, after: UUID | None, limit: int
    ) -> Sequence[DeviceCode]:
        """Return a page of those that a person answered."""
        query = select(DeviceCode).where(DeviceCode.user_id == user_id)
        key = None if after is None else [after]
        return await self.page(query, _OLDEST_FIRST, after=key, limit=limit)

    async def delete_expired(self, before: datetime, limit: int) -> int:
        """Delete a batch of those that expired before an instant."""
        expired = DeviceCode.expires_at < before
        return await self.delete_batch(DeviceCode, DeviceCode.id, expired, limit)

    async def _change(
        self,
        code_id: UUID,
        here: Collection[UUID],
        now: datetime,
        values: dict[str, Any],
    ) -> bool:
        mine = or_(DeviceCode.user_id.is_(None), DeviceCode.user_id.in_(here))
        query = update(DeviceCode).where(DeviceCode.id == code_id, _pending(now), mine)
        changed = query.values(**values).returning(DeviceCode.id)
        return (await self.db.scalars(changed)).one_or_none() is not None


def _pending(now: datetime) -> ColumnElement[bool]:
    undecided = DeviceCode.approved_at.is_(None) & DeviceCode.denied_at.is_(None)
    return undecided & (DeviceCode.expires_at > now)
