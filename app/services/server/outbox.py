"""Messages that wait or failed, for operators."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.core.exceptions import Conflict, NotFound
from app.events.outbox import OutboxMessageGivenUp, OutboxMessageRetried
from app.models.outbox import OutboxMessage
from app.repositories.unit_of_work import UnitOfWork


class OutboxMessageNotFound(NotFound):
    """There is no such message, or it was delivered."""

    code = "outbox_message_not_found"
    title = "There is no such undelivered message"


class OutboxMessageBusy(Conflict):
    """A worker has the message; another try beside it could deliver it twice."""

    code = "outbox_message_busy"
    title = "This message is being delivered right now; look again in a minute"


class OutboxService:
    """What is stuck, and another try for it."""

    def __init__(self, uow: UnitOfWork) -> None:
        """Work in this transaction."""
        self._uow = uow

    async def list_page(
        self, state: str, *, after: Sequence[Any] | None, limit: int
    ) -> Sequence[OutboxMessage]:
        """Return a page of messages in a state, oldest first."""
        return await self._uow.outbox.list_page(state, after=after, limit=limit)

    async def retry(self, message_id: UUID) -> OutboxMessage:
        """Make a message due now.

        Raises:
            OutboxMessageNotFound: Unknown, or delivered.
            OutboxMessageBusy: A worker is at it.
        """
        now = self._uow.clock.now()
        message = await self._uow.outbox.retry(message_id, now)
        if message is None:
            found = await self._uow.outbox.by_id(message_id)
            if found is None or found.delivered_at is not None:
                raise OutboxMessageNotFound
            raise OutboxMessageBusy
        self._uow.record(OutboxMessageRetried(message_id=message_id))
        return message

    async def give_up(self, message_id: UUID) -> OutboxMessage:
        """Try a message no more; it is kept as one that failed.

        Raises:
            OutboxMessageNotFound: Unknown, delivered, or given up before.
            OutboxMessageBusy: A worker is at it.
        """
        now = self._uow.clock.now()
        message = await self._uow.outbox.give_up(message_id, now)
        if message is None:
            found = await self._uow.outbox.by_id(message_id)
            if found is None or found.delivered_at or found.failed_at:
                raise OutboxMessageNotFound
            raise OutboxMessageBusy
        self._uow.record(OutboxMessageGivenUp(message_id=message_id))
        return message
