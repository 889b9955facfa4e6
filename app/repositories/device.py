"""SQL for remembered devices."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update

from app.models.device import Device
from app.repositories.base import Order, Repository, chosen

_OLDEST_FIRST = Order((Device.id,))
_LATEST_FIRST = Order((Device.id,), descending=True)


class DeviceRepository(Repository[Device]):
    """Devices of an account: remembered, used, forgotten."""

    async def use(self, device_id: UUID, user_id: UUID, now: datetime) -> bool:
        """Note that a device is used; False unless it is this account's and lives."""
        query = update(Device).where(
            Device.id == device_id, Device.user_id == user_id, Device.expires_at > now
        )
        query = query.values(last_used_at=now)
        return len((await self.db.scalars(query.returning(Device.id))).all()) == 1

    async def list_live(
        self, user_id: UUID, now: datetime, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[Device]:
        """Return a page of an account's devices that did not expire, latest first."""
        query = select(Device).where(Device.user_id == user_id, Device.expires_at > now)
        return await self.page(query, _LATEST_FIRST, after=after, limit=limit)

    async def list_for_user(
        self, user_id: UUID, after: UUID | None, limit: int
    ) -> Sequence[Device]:
        """Return a page of an account's devices, expired ones too."""
        query = select(Device).where(Device.user_id == user_id)
        key = None if after is None else [after]
        return await self.page(query, _OLDEST_FIRST, after=key, limit=limit)

    async def delete_for_user(
        self, user_id: UUID, device_id: UUID | None = None
    ) -> int:
        """Forget one device of an account, or all; return how many went."""
        query = delete(Device).where(Device.user_id == user_id)
        if device_id is not None:
            query = query.where(Device.id == device_id)
        return len((await self.db.scalars(query.returning(Device.id))).all())

    async def delete_surplus(self, user_id: UUID, most: int) -> None:
        """Forget what an account has beyond so many devices, the least used first."""
        latest = select(Device.id).where(Device.user_id == user_id)
        latest = latest.order_by(Device.last_used_at.desc(), Device.id.desc())
        kept = chosen(latest.limit(most))
        surplus = (Device.user_id == user_id) & Device.id.not_in(kept)
        await self.db.execute(delete(Device).where(surplus))

    async def delete_expired(self, before: datetime, limit: int) -> int:
        """Delete a batch of devices that expired before an instant."""
        expired = Device.expires_at < before
        return await self.delete_batch(Device, Device.id, expired, limit)
