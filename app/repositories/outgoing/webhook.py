"""SQL for endpoints of others, and for what is sent to them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import aliased

from app.models.outgoing.webhook import Webhook, WebhookDelivery
from app.repositories.base import Order, Repository, chosen

_OLDEST_FIRST = Order((Webhook.id,))
_NEWEST_FIRST = Order((WebhookDelivery.id,), descending=True)


class WebhookRepository(Repository[Webhook]):
    """Endpoints; there are few."""

    async def by_id(self, webhook_id: UUID, *, lock: bool = False) -> Webhook | None:
        """Return an endpoint; with ``lock``, others wait in line."""
        query = select(Webhook).where(Webhook.id == webhook_id)
        return await self.one_or_none(query.with_for_update() if lock else query)

    async def take(self, webhook_id: UUID) -> Webhook | None:
        """Return an enabled endpoint that nobody else has in hand, locked."""
        query = select(Webhook).where(Webhook.id == webhook_id, Webhook.enabled)
        return await self.one_or_none(query.with_for_update(skip_locked=True))

    async def list_enabled(self) -> Sequence[Any]:
        """Return ``id`` and ``paused_until`` of those that are told anything."""
        columns = Webhook.id, Webhook.paused_until, Webhook.failures
        query = select(*columns).where(Webhook.enabled)
        return (await self.db.execute(query.order_by(Webhook.id))).all()

    async def list_page(
        self, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[Webhook]:
        """Return a page of endpoints, the oldest first."""
        return await self.page(select(Webhook), _OLDEST_FIRST, after=after, limit=limit)

    async def count(self) -> int:
        """Return how many there are."""
        query = select(func.count()).select_from(Webhook)
        return await self.db.scalar(query) or 0

    async def delete(self, row: Webhook) -> None:
        """Delete an endpoint, and with it what it was sent."""
        await self.db.execute(delete(Webhook).where(Webhook.id == row.id))
        self.db.expunge(row)

    async def note_success(self, webhook_id: UUID) -> None:
        """Forget that an endpoint failed, if it did."""
        query = update(Webhook).where(Webhook.id == webhook_id, Webhook.failures > 0)
        await self.db.execute(
            query.values(failures=0, failing_since=None, paused_until=None)
        )

    async def note_failure(self, webhook_id: UUID, now: datetime) -> Webhook | None:
        """Count a failure; return the endpoint as it is then, unless it is gone."""
        query = update(Webhook).where(Webhook.id == webhook_id, Webhook.enabled)
        query = query.values(
            failures=Webhook.failures + 1,
            failing_since=func.coalesce(Webhook.failing_since, now),
        )
        fresh = query.returning(Webhook).execution_options(populate_existing=True)
        return (await self.db.scalars(fresh)).one_or_none()


class WebhookDeliveryRepository(Repository[WebhookDelivery]):
    """Deliveries: claimed by one worker at a time, those of a subject in order."""

    async def by_id(
        self, webhook_id: UUID, delivery_id: UUID
    ) -> WebhookDelivery | None:
        """Return a delivery of an endpoint."""
        query = select(WebhookDelivery).where(
            _of(delivery_id), WebhookDelivery.webhook_id == webhook_id
        )
        return await self.one_or_none(query)

    async def claim(
        self, webhook_id: UUID, *, now: datetime, lease_until: datetime, limit: int
    ) -> Sequence[WebhookDelivery]:
        """Take what is due for an endpoint, of each subject the earliest alone.

        Args:
            webhook_id: Which endpoint.
            now: When.
            lease_until: When others may take them.
            limit: At most so many.
        """
        row, before = WebhookDelivery, aliased(WebhookDelivery)
        waits = select(before.id).where(
            before.webhook_id == row.webhook_id,
            before.subject == row.subject,
            before.event_id < row.event_id,
            before.delivered_at.is_(None) & before.failed_at.is_(None),
        )
        due = select(row.id).where(
            row.webhook_id == webhook_id,
            _open(),
            row.available_at <= now,
            ~waits.exists(),
        )
        due = due.order_by(row.available_at, row.event_id).limit(limit)
        mine = chosen(due.with_for_update(skip_locked=True, of=row))
        query = update(row).where(row.id.in_(mine))
        query = query.values(
            available_at=lease_until,
            leased_until=lease_until,
            attempts=row.attempts + 1,
            claims=row.claims + 1,
        )
        rows = await self.db.scalars(query.returning(row))
        return sorted(rows.all(), key=lambda each: each.event_id)

    async def due(self, now: datetime) -> frozenset[UUID]:
        """Return which endpoints are to be told something."""
        query = select(WebhookDelivery.webhook_id).where(
            _open(), WebhookDelivery.available_at <= now
        )
        return frozenset((await self.db.scalars(query.distinct())).all())

    async def mark_delivered(self, delivery_id: UUID, at: datetime) -> None:
        """Record that the endpoint has it, whoever sent it."""
        await self._finish(_of(delivery_id), delivered_at=at, last_error=None)

    async def mark_failed(
        self, delivery_id: UUID, claim: int, at: datetime, error: str
    ) -> None:
        """Give up, if the delivery is still this claim's."""
        await self._finish(_mine(delivery_id, claim), failed_at=at, last_error=error)

    async def postpone(
        self, delivery_id: UUID, claim: int, until: datetime, error: str
    ) -> None:
        """Try again later, if the delivery is still this claim's."""
        mine = _mine(delivery_id, claim)
        await self._finish(mine, available_at=until, last_error=error)

    async def leave(
        self, delivery_id: UUID, claim: int, until: datetime, error: str
    ) -> None:
        """Give a delivery back as if it had not been tried."""
        tries = WebhookDelivery.attempts - 1
        await self._finish(
            _mine(delivery_id, claim),
            available_at=until,
            attempts=tries,
            last_error=error,
        )

    async def note_status(self, delivery_id: UUID, status: int | None) -> None:
        """Keep what the endpoint answered last, if it answered."""
        query = update(WebhookDelivery).where(_of(delivery_id))
        await self.db.execute(query.values(last_status=status))

    async def _finish(self, which: ColumnElement[bool], **values: Any) -> None:
        query = update(WebhookDelivery).where(which, _open())
        await self.db.execute(query.values(leased_until=None, **values))

    async def end_open(self, webhook_id: UUID, at: datetime, error: str) -> None:
        """Give up whatever an endpoint still was to get."""
        query = update(WebhookDelivery).where(
            WebhookDelivery.webhook_id == webhook_id, _open()
        )
        await self.db.execute(
            query.values(
                failed_at=at,
                last_error=error,
                leased_until=None,
                claims=WebhookDelivery.claims + 1,
            )
        )

    async def give_up_backlog(
        self, before: datetime, at: datetime, error: str, limit: int
    ) -> int:
        """Give up a batch of what was due before an instant; return how many.

        Whatever a worker has, or waits for its next try, is due later than now.
        """
        row = WebhookDelivery
        due = select(row.id).where(_open(), row.available_at < before).limit(limit)
        some = chosen(due.with_for_update(skip_locked=True))
        query = update(row).where(row.id.in_(some))
        query = query.values(
            failed_at=at, last_error=error, leased_until=None, claims=row.claims + 1
        )
        return len((await self.db.scalars(query.returning(row.id))).all())

    async def retry(
        self, webhook_id: UUID, event_ids: Sequence[UUID], now: datetime
    ) -> Sequence[UUID]:
        """Make deliveries due now that are not being tried; return of which events.

        It counts as a claim: a worker whose lease ended must not finish it any more.
        """
        lease = WebhookDelivery.leased_until
        query = update(WebhookDelivery).where(
            WebhookDelivery.webhook_id == webhook_id,
            WebhookDelivery.event_id.in_(event_ids),
            lease.is_(None) | (lease <= now),
        )
        query = query.values(
            available_at=now,
            delivered_at=None,
            failed_at=None,
            leased_until=None,
            attempts=0,
            claims=WebhookDelivery.claims + 1,
        )
        done = query.returning(WebhookDelivery.event_id)
        return (await self.db.scalars(done)).all()

    async def events_of(
        self, webhook_id: UUID, event_ids: Sequence[UUID]
    ) -> Sequence[UUID]:
        """Return of which of these events an endpoint has a delivery."""
        query = select(WebhookDelivery.event_id).where(
            WebhookDelivery.webhook_id == webhook_id,
            WebhookDelivery.event_id.in_(event_ids),
        )
        return (await self.db.scalars(query)).all()

    async def list_page(
        self,
        webhook_id: UUID,
        state: str | None,
        *,
        after: Sequence[Any] | None,
        limit: int,
    ) -> Sequence[WebhookDelivery]:
        """Return a page of an endpoint's deliveries, the newest first."""
        query = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook_id)
        if state is not None:
            states = {
                "pending": _open(),
                "dead": WebhookDelivery.failed_at.is_not(None),
                "delivered": WebhookDelivery.delivered_at.is_not(None),
            }
            query = query.where(states[state])
        return await self.page(query, _NEWEST_FIRST, after=after, limit=limit)

    async def delete_finished(self, before: datetime, limit: int) -> int:
        """Delete a batch of deliveries that were finished before an instant."""
        done = WebhookDelivery.delivered_at < before
        dead = WebhookDelivery.failed_at < before
        return await self.delete_batch(
            WebhookDelivery, WebhookDelivery.id, done | dead, limit
        )


def _open() -> ColumnElement[bool]:
    return WebhookDelivery.delivered_at.is_(None) & WebhookDelivery.failed_at.is_(None)


def _of(delivery_id: UUID) -> ColumnElement[bool]:
    return WebhookDelivery.id == delivery_id


def _mine(delivery_id: UUID, claim: int) -> ColumnElement[bool]:
    return _of(delivery_id) & (WebhookDelivery.claims == claim)
