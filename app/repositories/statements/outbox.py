"""SQL for how much the outbox holds."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.outbox import OutboxMessage


@dataclass(frozen=True, slots=True)
class Held:
    """What there is of one kind.

    Attributes:
        pending: Messages that are to be delivered.
        failed: Messages that were given up and are kept still.
        since: When the oldest was written that could have been delivered by now.
    """

    kind: str
    pending: int
    failed: int
    since: datetime | None


async def held(db: AsyncSession, now: datetime) -> list[Held]:
    """Return what there is of each kind, where there is anything."""
    is_open = OutboxMessage.failed_at.is_(None)
    was_due = (OutboxMessage.available_at <= now) | (OutboxMessage.attempts > 0)
    query = select(
        OutboxMessage.kind,
        func.count(case((is_open, 1))),
        func.count(OutboxMessage.failed_at),
        func.min(case((is_open & was_due, OutboxMessage.created_at))),
    )
    query = query.where(OutboxMessage.delivered_at.is_(None))
    rows = await db.execute(query.group_by(OutboxMessage.kind))
    return [Held(*row) for row in rows]
