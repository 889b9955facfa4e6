"""Messages that could not be delivered."""

from typing import ClassVar
from uuid import UUID

from app.events.base import Event, MailedEvent, event


@event
class OutboxMessageRetried(Event):
    """An administrator asked for another try."""

    name: ClassVar[str] = "outbox.retried"

    message_id: UUID


@event
class OutboxMessageGivenUp(Event):
    """An administrator had a message tried no more."""

    name: ClassVar[str] = "outbox.given_up"

    message_id: UUID


@event
class MailTested(MailedEvent):
    """An operator had a mail sent, to see that it arrives."""

    name: ClassVar[str] = "mail.tested"
    template: ClassVar[str] = "mail_test"
