"""What belongs to one request: the steps of a sign-in before and after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from app.models.audit_event import AuditEvent
from app.repositories.unit_of_work import UnitOfWork

Tie = Literal["request", "session", "account", "browser"]
_MOST = 100  # events of each kind
_FAR = timedelta(minutes=15)
_NEAR = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Step:
    """An event, and what ties it to the request.

    ``request``: it is of it. ``session``: of the same session. ``account``: of the same
    account within a quarter of an hour. ``browser``: of no account, from the same
    address and program within minutes; that may be somebody else's.
    """

    event: AuditEvent
    tie: Tie


class TraceService:
    """Follows a correlation id, for auditors."""

    def __init__(self, uow: UnitOfWork) -> None:
        """Work in this transaction."""
        self._uow = uow

    async def follow(self, own: Sequence[AuditEvent]) -> list[Step]:
        """Return what happened in a request and around it, oldest first.

        Args:
            own: Its events, oldest first; nothing is around one that left none.
        """
        if not own:
            return []
        first, last = own[0], own[-1]
        around = await self._uow.audit_events.list_around(
            user_id=next((each.user_id for each in own if each.user_id), None),
            ip=first.ip,
            user_agent=first.user_agent,
            near=(first.created_at - _NEAR, last.created_at + _NEAR),
            far=(first.created_at - _FAR, last.created_at + _FAR),
            limit=_MOST,
        )
        return _tied(own, around)


def _tied(own: Sequence[AuditEvent], around: Sequence[AuditEvent]) -> list[Step]:
    steps = {each.id: Step(each, "request") for each in own}
    sessions = _sessions(own)
    for each in around:
        if each.id in steps:
            continue
        tie: Tie = "account" if each.user_id else "browser"
        if sessions & _sessions([each]):
            tie = "session"
        steps[each.id] = Step(each, tie)
    return [steps[event_id] for event_id in sorted(steps)]


def _sessions(events: Sequence[AuditEvent]) -> set[str]:
    return {str(e.data["session_id"]) for e in events if e.data.get("session_id")}
