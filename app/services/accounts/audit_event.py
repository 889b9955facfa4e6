"""Reading the audit trail."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.events.email import EmailChangeCollided
from app.events.user import RegistrationRepeated
from app.models.audit_event import AuditEvent
from app.repositories.unit_of_work import UnitOfWork

# What only the owner of an address is told: who tried it must not learn of the owner.
_FOR_THE_HOLDER = frozenset({EmailChangeCollided.name, RegistrationRepeated.name})
_NOBODY = {"actor_id": None, "ip": "", "user_agent": ""}


def told_to(reader_id: UUID, event: AuditEvent) -> dict[str, Any] | None:
    """Return an event as the owner of an account may see it, or None.

    Who did something to an account from where is their own affair, and so is whom an
    administrator did something to. Auditors see all of it.
    """
    told = {name: getattr(event, name) for name in event.__table__.columns.keys()}
    if event.actor_id not in (None, reader_id):
        told |= _NOBODY
    if event.user_id not in (None, reader_id):
        if event.name in _FOR_THE_HOLDER:
            return None
        told["user_id"] = None
    return told


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
        client_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: Sequence[Any] | None,
        limit: int,
    ) -> Sequence[AuditEvent]:
        """Return a page of events, newest first, that meet every filter given.

        From ``since`` on and before ``until``, so that neighbours share no event.
        """
        return await self._uow.audit_events.list_page(
            user_id=user_id,
            actor_id=actor_id,
            name=name,
            correlation_id=correlation_id,
            client_id=client_id,
            since=since,
            until=until,
            after=after,
            limit=limit,
        )
