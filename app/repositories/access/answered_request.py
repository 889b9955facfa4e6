"""SQL for requests that were not refused."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select

from app.models.access.answered_request import AnsweredRequest
from app.repositories.base import Repository, chosen, first_id


class AnsweredRequestRepository(Repository[AnsweredRequest]):
    """Requests that were not refused: written and deleted in batches."""

    async def add_all(self, rows: Sequence[dict[str, Any]]) -> None:
        """Store a batch with one statement."""
        await self.db.execute(insert(AnsweredRequest), rows)

    async def delete_old(self, before: datetime, limit: int) -> int:
        """Delete a batch of those from before an instant."""
        ids = AnsweredRequest.id
        old = select(ids).where(ids < first_id(before)).order_by(ids).limit(limit)
        gone = delete(AnsweredRequest).where(ids.in_(chosen(old))).returning(ids)
        return len((await self.db.scalars(gone)).all())
