"""Reading the audit trail."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.events.email import EmailChangeCollided
from app.events.user import RegistrationRepeated
from app.models.audit_event import AuditEvent
from app.repositories.unit_of_work import UnitOfWork

# What only the owner of an address is told: who tried it must not learn of the owner.
_FOR_THE_HOLDER = frozenset({EmailChangeCollided.name, RegistrationRepeated.name})
_NOBODY = {"actor_id": None, "ip": "", "user_agent": ""}


RECENT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """An event as the owner of an account may see it.

    Attributes:
        by_other: Whether somebody else did it, who is not named.
    """

    id: UUID
    name: str
    ip: str
    user_agent: str
    data: Mapping[str, Any]
    created_at: datetime
    by_other: bool


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

    async def list_recent(
        self,
        owner_id: UUID,
        names: Collection[str],
        *,
        after: UUID | None,
        limit: int,
    ) -> list[ToldEvent]:
        """Return a page of what happened to an account in the last 90 days.

        Args:
            owner_id: Whose account, and who reads.
            names: Which events.
            after: The last one of the page before.
            limit: How many.
        """
        rows = await self._uow.audit_events.list_recent(
            owner_id,
            names,
            since=self._uow.clock.now() - RECENT,
            after=None if after is None else [after],
            limit=limit,
        )
        told = (told_to(owner_id, row) for row in rows)
        others = (row.actor_id not in (None, owner_id) for row in rows)
        kept = ("id", "name", "ip", "user_agent", "data", "created_at")
        return [
            ToldEvent(**{name: event[name] for name in kept}, by_other=by_other)
            for event, by_other in zip(told, others, strict=True)
            if event is not None
        ]
