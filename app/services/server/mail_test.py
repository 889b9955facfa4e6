"""Whether mail arrives: one mail, on the way that every other mail takes."""

from datetime import timedelta
from uuid import UUID

from app.events.outbox import MailTested
from app.models.outbox import OutboxMessage
from app.repositories.unit_of_work import UnitOfWork

TTL = timedelta(hours=1)  # of no use later
ANSWER = "answer"  # in the payload of what was delivered


class MailTestService:
    """Promises a mail, and looks what became of it."""

    def __init__(self, uow: UnitOfWork) -> None:
        """Work in this transaction."""
        self._uow = uow

    def ask(self, to: str) -> UUID | None:
        """Have a mail sent; return its id."""
        expires_at = self._uow.clock.now() + TTL
        return self._uow.record(MailTested(to=to, expires_at=expires_at))

    async def state(self, message_id: UUID) -> OutboxMessage | None:
        """Return the message, whatever became of it."""
        return await self._uow.outbox.by_id(message_id)

    async def of(self, message_id: UUID, to: str) -> OutboxMessage | None:
        """Return a test mail of this recipient; other messages are not told."""
        message = await self.state(message_id)
        if message is None or message.payload.get("template") != MailTested.template:
            return None
        return message if message.payload.get("to") == to else None

    async def note(self, message_id: UUID, answer: str) -> None:
        """Keep what the mail server answered, for whoever asked."""
        message = await self.state(message_id)
        if message is not None:
            message.payload = message.payload | {ANSWER: answer}
