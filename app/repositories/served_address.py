"""SQL for the address at which the service was last served."""

from datetime import datetime

from sqlalchemy import select

from app.models.served_address import ServedAddress
from app.repositories.base import Repository, upserting


class ServedAddressRepository(Repository[ServedAddress]):
    """The one row, which the latest start has."""

    async def last(self) -> str | None:
        """Return the address of the latest start, or None before the first."""
        found: str | None = await self.db.scalar(select(ServedAddress.address))
        return found

    async def put(self, address: str, at: datetime) -> None:
        """Replace what another start said; of two at once, either stays."""
        values = {"address": address, "started_at": at}
        adding = upserting(self.db.get_bind().dialect.name)(ServedAddress)
        await self.db.execute(
            adding.values(id=1, **values).on_conflict_do_update(
                index_elements=[ServedAddress.id], set_=values
            )
        )
