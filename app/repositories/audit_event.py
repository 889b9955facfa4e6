"""SQL for the audit trail."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.models.audit_event import AuditEvent
from app.repositories.base import Order, Repository

_NEWEST_FIRST = Order((AuditEvent.id,), descending=True)


class AuditEventRepository(Repository[AuditEvent]):
    """Evidence, newest first."""

    async def list_page(
        self,
        *,
        user_id: UUID | None = None,
        actor_id: UUID | None = None,
        name: str | None = None,
        correlation_id: str | None = None,
        after: Sequence[Any] | None,
        limit: int,
    ) -> Sequence[AuditEvent]:
        """Return a page of events that meet every filter given."""
        query = select(AuditEvent)
        filters = {
            AuditEvent.user_id: user_id,
            AuditEvent.actor_id: actor_id,
            AuditEvent.name: name,
            AuditEvent.correlation_id: correlation_id,
        }
        for column, value in filters.items():
            if value is not None:
                query = query.where(column == value)
        return await self.page(query, _NEWEST_FIRST, after=after, limit=limit)

    async def list_for_user(self, user_id: UUID) -> Sequence[AuditEvent]:
        """Return all events about a user."""
        query = select(AuditEvent).where(AuditEvent.user_id == user_id)
        return (await self.db.scalars(query.order_by(AuditEvent.id))).all()

    async def delete_older(self, before: datetime, limit: int) -> int:
        """Delete a batch of events from before an instant."""
        old = AuditEvent.created_at < before
        return await self.delete_batch(AuditEvent, AuditEvent.id, old, limit)
