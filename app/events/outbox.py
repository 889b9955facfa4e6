"""Messages that could not be delivered."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.events.base import Event, MailedEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessageRetried(Event):
    """An administrator asked for another try."""

    name: ClassVar[str] = "outbox.retried"

    message_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class MailTested(MailedEvent):
    """An operator had a mail sent, to see that it arrives."""

    name: ClassVar[str] = "mail.tested"
    template: ClassVar[str] = "mail_test"
