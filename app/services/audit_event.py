"""Reading the audit trail."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.models.audit_event import AuditEvent
from app.repositories.unit_of_work import UnitOfWork


class AuditEventService:
    """Evidence, for auditors and for the owner of an account."""

    def __init__(self, uow: UnitOfWork) -> None:
        """Work in this transaction."""
        self._uow = uow

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
        """Return a page of events, newest first, that meet every filter given."""
        return await self._uow.audit_events.list_page(
            user_id=user_id,
            actor_id=actor_id,
            name=name,
            correlation_id=correlation_id,
            after=after,
            limit=limit,
        )
