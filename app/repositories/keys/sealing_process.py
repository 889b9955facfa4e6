"""SQL for who seals with which secret key, as each process says of itself."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select

from app.models.keys.kept_key import SealingProcess
from app.repositories.base import Repository, upserting


class SealingProcessRepository(Repository[SealingProcess]):
    """Processes and the secret keys that they seal with."""

    async def announce(self, process_id: UUID, mark: str, until: datetime) -> None:
        """Note that a process seals with a key until it says more."""
        insert = upserting(self.db.get_bind().dialect.name)
        values = {"mark": mark, "until": until}
        query = insert(SealingProcess).values(id=process_id, **values)
        await self.db.execute(
            query.on_conflict_do_update(index_elements=[SealingProcess.id], set_=values)
        )

    async def leave(self, process_id: UUID) -> None:
        """Note that a process seals nothing any more."""
        mine = SealingProcess.id == process_id
        await self.db.execute(delete(SealingProcess).where(mine))

    async def counted(self, now: datetime) -> Mapping[str, tuple[int, datetime]]:
        """Return how many seal with each key, and until when that is said."""
        columns = SealingProcess.mark, func.count(), func.max(SealingProcess.until)
        query = select(*columns).where(SealingProcess.until > now)
        rows = await self.db.execute(query.group_by(SealingProcess.mark))
        return {mark: (count, until) for mark, count, until in rows}

    async def delete_gone(self, before: datetime, limit: int) -> int:
        """Delete a batch of those that were killed long ago."""
        is_gone = SealingProcess.until < before
        return await self.delete_batch(
            SealingProcess, SealingProcess.id, is_gone, limit
        )
