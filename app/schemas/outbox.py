"""Bodies of ``/api/v1/outbox``."""

from uuid import UUID

from app.schemas.base import Instant, Output


class OutboxMessage(Output):
    """A message that was promised; its content is not shown."""

    id: UUID
    kind: str
    created_at: Instant
    available_at: Instant
    expires_at: Instant | None
    attempts: int
    delivered_at: Instant | None
    failed_at: Instant | None
    last_error: str | None
