"""SQL for refused requests."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select

from app.models.access.refused_request import RefusedRequest
from app.repositories.base import Repository, chosen, first_id


class RefusedRequestRepository(Repository[RefusedRequest]):
    """Refused requests: written and deleted in batches."""

    async def add_all(self, rows: Sequence[dict[str, Any]]) -> None:
        """Store a batch with one statement."""
        await self.db.execute(insert(RefusedRequest), rows)

    async def delete_old(self, before: datetime, most: int, limit: int) -> int:
        """Delete a batch of those from before an instant, or beyond the latest.

        Args:
            before: The instant.
            most: How many of the latest stay, however new the others are.
            limit: Rows of the batch.
        """
        ids = RefusedRequest.id
        beyond = select(ids).order_by(ids.desc()).offset(most).limit(1)
        last = await self.db.scalar(beyond)
        end = first_id(before)
        old = ids < end if last is None or last < end else ids <= last
        some = chosen(select(ids).where(old).order_by(ids).limit(limit))
        gone = delete(RefusedRequest).where(ids.in_(some)).returning(ids)
        return len((await self.db.scalars(gone)).all())
