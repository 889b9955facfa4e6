"""SQL for the outbox."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, select, update

from app.models.outbox import OutboxMessage
from app.repositories.base import Order, Repository, chosen


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


_OLDEST_FIRST = Order((OutboxMessage.id,))


class OutboxRepository(Repository[OutboxMessage]):
    """Messages: claimed by one worker at a time, finished once."""

    async def by_id(self, message_id: UUID) -> OutboxMessage | None:
        """Return the message, whatever became of it."""
        return await self.one_or_none(select(OutboxMessage).where(_of(message_id)))

    async def claim(
        self,
        kinds: Collection[str],
        *,
        now: datetime,
        lease_until: datetime,
        limit: int,
    ) -> Sequence[OutboxMessage]:
        """Take messages that are due; nobody else gets them until the lease ends.

        Args:
            kinds: What this worker can deliver; the next release may promise more.
            now: When.
            lease_until: When others may take them.
            limit: At most so many.
        """
        due = select(OutboxMessage.id).where(_open(), OutboxMessage.available_at <= now)
        due = due.where(OutboxMessage.kind.in_(kinds))
        due = due.order_by(OutboxMessage.available_at).limit(limit)
        mine = chosen(due.with_for_update(skip_locked=True))
        query = update(OutboxMessage).where(OutboxMessage.id.in_(mine))
        query = query.values(
            available_at=lease_until,
            leased_until=lease_until,
            attempts=OutboxMessage.attempts + 1,
            claims=OutboxMessage.claims + 1,
        )
        rows = await self.db.scalars(query.returning(OutboxMessage))
        return sorted(rows.all(), key=lambda row: row.id)

    async def mark_delivered(self, message_id: UUID, at: datetime) -> None:
        """Record that the outside has it, whoever sent it."""
        await self._finish(_of(message_id), delivered_at=at, last_error=None)

    async def mark_failed(
        self, message_id: UUID, claim: int, at: datetime, error: str
    ) -> None:
        """Give up; an administrator may ask for another try.

        Args:
            message_id: Which message.
            claim: Its ``claims`` when it was claimed. A worker that outlived its lease
                is too late: the message is somebody else's by then.
            at: When.
            error: Why, for the administrator.
        """
        mine = _of(message_id) & (OutboxMessage.claims == claim)
        await self._finish(mine, failed_at=at, last_error=error)

    async def postpone(
        self, message_id: UUID, claim: int, until: datetime, error: str
    ) -> None:
        """Try again later, if the message is still this claim's."""
        mine = _of(message_id) & (OutboxMessage.claims == claim)
        await self._finish(mine, available_at=until, last_error=error)

    async def leave(
        self, message_id: UUID, claim: int, until: datetime, error: str
    ) -> None:
        """Give a message back as if it had not been tried; others may know how to."""
        mine = _of(message_id) & (OutboxMessage.claims == claim)
        tries = OutboxMessage.attempts - 1
        await self._finish(mine, available_at=until, attempts=tries, last_error=error)

    async def _finish(self, which: ColumnElement[bool], **values: Any) -> None:
        query = update(OutboxMessage).where(which, _open())
        await self.db.execute(query.values(leased_until=None, **values))

    async def retry(self, message_id: UUID, now: datetime) -> OutboxMessage | None:
        """Make a message that is neither delivered nor leased due now, or return None.

        It counts as a claim: a worker whose lease ended must not fail it any more.
        """
        lease = OutboxMessage.leased_until
        query = update(OutboxMessage).where(
            _of(message_id),
            OutboxMessage.delivered_at.is_(None),
            lease.is_(None) | (lease <= now),
        )
        query = query.values(
            available_at=now,
            failed_at=None,
            attempts=0,
            claims=OutboxMessage.claims + 1,
        )
        return (await self.db.scalars(query.returning(OutboxMessage))).one_or_none()

    async def give_up(self, message_id: UUID, now: datetime) -> OutboxMessage | None:
        """Try a message no more that waits and is not leased, or return None."""
        lease = OutboxMessage.leased_until
        query = update(OutboxMessage).where(
            _of(message_id), _open(), lease.is_(None) | (lease <= now)
        )
        query = query.values(failed_at=now, claims=OutboxMessage.claims + 1)
        return (await self.db.scalars(query.returning(OutboxMessage))).one_or_none()

    async def list_page(
        self, state: str, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[OutboxMessage]:
        """Return a page of ``pending``, ``failed`` or ``delivered`` messages."""
        states = {
            "pending": _open(),
            "failed": OutboxMessage.failed_at.is_not(None),
            "delivered": OutboxMessage.delivered_at.is_not(None),
        }
        query = select(OutboxMessage).where(states[state])
        return await self.page(query, _OLDEST_FIRST, after=after, limit=limit)

    async def count_pending(self) -> int:
        """Return how many messages wait."""
        query = select(func.count()).select_from(OutboxMessage).where(_open())
        return await self.db.scalar(query) or 0

    async def held(self, now: datetime) -> list[Held]:
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
        rows = await self.db.execute(query.group_by(OutboxMessage.kind))
        return [Held(*row) for row in rows]

    async def delete_finished(self, before: datetime, limit: int) -> int:
        """Delete a batch of messages that were finished before an instant."""
        done = OutboxMessage.delivered_at < before
        dead = OutboxMessage.failed_at < before
        return await self.delete_batch(
            OutboxMessage, OutboxMessage.id, done | dead, limit
        )


def _open() -> ColumnElement[bool]:
    return OutboxMessage.delivered_at.is_(None) & OutboxMessage.failed_at.is_(None)


def _of(message_id: UUID) -> ColumnElement[bool]:
    return OutboxMessage.id == message_id
