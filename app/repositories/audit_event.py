"""SQL for the audit trail."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from app.models.audit_event import AuditEvent
from app.repositories.base import Order, Repository

_NEWEST_FIRST = Order((AuditEvent.id,), descending=True)
_OLDEST_FIRST = Order((AuditEvent.id,))


class AuditEventRepository(Repository[AuditEvent]):
    """Evidence, newest first."""

    async def list_page(
        self,
        *,
        user_id: UUID | None = None,
        actor_id: UUID | None = None,
        name: str | None = None,
        correlation_id: str | None = None,
        client_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
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
        if client_id is not None:
            query = query.where(AuditEvent.data["client_id"].as_string() == client_id)
        if since is not None:
            query = query.where(AuditEvent.created_at >= since)
        if until is not None:
            query = query.where(AuditEvent.created_at < until)
        return await self.page(query, _NEWEST_FIRST, after=after, limit=limit)

    async def list_for_person(
        self, user_id: UUID, after: UUID | None, limit: int
    ) -> Sequence[AuditEvent]:
        """Return a page of the events about somebody or by them, oldest first.

        Two reads of an index each, where one with OR would read all there is to sort.
        """
        found: dict[UUID, AuditEvent] = {}
        for column in (AuditEvent.user_id, AuditEvent.actor_id):
            query = select(AuditEvent).where(column == user_id)
            key = None if after is None else [after]
            rows = await self.page(query, _OLDEST_FIRST, after=key, limit=limit)
            found |= {row.id: row for row in rows}
        return [found[event_id] for event_id in sorted(found)[:limit]]

    async def first_refusal(
        self, user_id: UUID, name: str, reason: str, since: datetime
    ) -> datetime | None:
        """Return when an account was first refused something for a reason, since."""
        query = select(func.min(AuditEvent.created_at)).where(
            AuditEvent.user_id == user_id,
            AuditEvent.name == name,
            AuditEvent.data["reason"].as_string() == reason,
            AuditEvent.created_at >= since,
        )
        first: datetime | None = await self.db.scalar(query)
        return first

    async def delete_older(self, before: datetime, limit: int) -> int:
        """Delete a batch of events from before an instant."""
        old = AuditEvent.created_at < before
        return await self.delete_batch(AuditEvent, AuditEvent.id, old, limit)
