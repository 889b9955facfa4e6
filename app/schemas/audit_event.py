"""Bodies of the audit trail."""

from typing import Any
from uuid import UUID

from app.schemas.base import Instant, Output


class AuditEvent(Output):
    """One thing that happened."""

    id: UUID
    name: str
    user_id: UUID | None
    actor_id: UUID | None
    correlation_id: str
    ip: str
    user_agent: str
    data: dict[str, Any]
    created_at: Instant
