"""Messages that could not be delivered."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from app.events.base import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessageRetried(Event):
    """An administrator asked for another try."""

    name: ClassVar[str] = "outbox.retried"

    message_id: UUID
