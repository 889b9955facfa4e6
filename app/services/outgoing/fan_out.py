"""From the audit trail to deliveries: which endpoint is to be told of which event.

The trail is the promise: its row is written with the change, and costs no further
statement. What is not yet seen is read behind it. Ids are made before their transaction
commits, so that one may appear behind a later one: the last minute is looked at again
and again, and only what is older than that, and than any transaction that still runs,
counts as seen (ADR-0094).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from app.models.audit_event import AuditEvent
from app.models.outgoing.webhook import Webhook, WebhookDelivery
from app.repositories.base import first_id
from app.repositories.unit_of_work import UnitOfWork
from app.services.outgoing.payload import subject_of, wanted_names
from app.services.process.process import Process

BATCH = 500  # events that one turn reads for an endpoint
UNSETTLED = timedelta(seconds=60)
_LOOK_BACK = timedelta(seconds=10)


class FanOut:
    """Makes deliveries; any number of processes may do so at once."""

    def __init__(self, process: Process) -> None:
        """Know nothing of what was read before: the first turn looks back."""
        self._process = process
        self._read_until: dict[UUID, UUID] = {}
        self._looked_back: dict[UUID, datetime] = {}

    async def advance(self, webhook_id: UUID) -> bool:
        """Make the deliveries of what happened since; True when there may be more."""
        now = self._process.clock.now()
        async with self._process.unit_of_work() as uow:
            webhook = await uow.webhooks.take(webhook_id)
            if webhook is None:
                return False  # disabled, or another process has it in hand
            looks_back = self._is_to_look_back(webhook_id, now)
            read = self._read_until.get(webhook_id, webhook.seen_id)
            after = webhook.seen_id if looks_back else max(read, webhook.seen_id)
            # Before the trail is read: what commits in between is not settled by it.
            settled = await self._settled(uow, now) if looks_back else None
            rows = await uow.audit_events.list_undelivered(
                webhook_id, after, wanted_names(webhook.events), BATCH
            )
            for row in rows:
                uow.webhook_deliveries.add(delivery_of(uow, webhook_id, row))
            is_full = len(rows) == BATCH
            if settled is not None:
                # A long line is not gone through from its beginning at each turn.
                seen = min(settled, rows[-1].id) if is_full else settled
                webhook.seen_id = max(webhook.seen_id, seen)
                if not is_full:
                    self._looked_back[webhook_id] = now
        self._note_read(webhook, rows)
        return is_full

    def _is_to_look_back(self, webhook_id: UUID, now: datetime) -> bool:
        looked = self._looked_back.get(webhook_id)
        return looked is None or not looked <= now < looked + _LOOK_BACK

    def _note_read(self, webhook: Webhook, rows: Sequence[AuditEvent]) -> None:
        """Remember how far it was read; only now, when the deliveries are committed."""
        read = self._read_until.get(webhook.id, webhook.seen_id)
        last = rows[-1].id if rows else webhook.seen_id
        self._read_until[webhook.id] = max(read, last, webhook.seen_id)

    async def _settled(self, uow: UnitOfWork, now: datetime) -> UUID:
        """Return an id; no event before it can still appear."""
        return first_id(await uow.audit_events.settled_before(now, UNSETTLED))


def delivery_of(
    uow: UnitOfWork, webhook_id: UUID, event: AuditEvent
) -> WebhookDelivery:
    """Return a new delivery of an event, due at once."""
    now = uow.clock.now()
    return WebhookDelivery(
        id=uow.randomness.uuid7(),
        webhook_id=webhook_id,
        event_id=event.id,
        event_name=event.name,
        subject=subject_of(event),
        created_at=now,
        available_at=now,
        attempts=0,
        claims=0,
    )
