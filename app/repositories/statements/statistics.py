"""SQL for numbers of hours, counted from the audit trail (ADR-0069)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import case, delete, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.events.sign_in import SignedIn, SignInFailed
from app.events.user import (
    SetupCompleted,
    UserCreated,
    UserImported,
    UserRegistered,
)
from app.models.audit_event import AuditEvent
from app.models.base import UtcDateTime
from app.models.session import Session
from app.models.statistics import HourlyStatistics
from app.repositories.base import chosen, first_id, upserting

HOUR = timedelta(hours=1)
_COUNTED = {
    "sign_ins": (SignedIn.name,),
    "sign_in_failures": (SignInFailed.name,),
    "new_accounts": (
        UserRegistered.name,
        UserCreated.name,
        UserImported.name,
        SetupCompleted.name,
    ),
}
_NAMES = tuple(name for names in _COUNTED.values() for name in names)


class StatisticsRepository:
    """One row an hour; reading and counting cost the same however long the trail is."""

    def __init__(self, db: AsyncSession) -> None:
        """Work in the transaction of this session."""
        self._db = db

    async def last(self) -> HourlyStatistics | None:
        """Return the hour that is counted at present, or None before the first."""
        latest = HourlyStatistics.hour.desc()
        found: HourlyStatistics | None = await self._db.scalar(
            select(HourlyStatistics).order_by(latest).limit(1)
        )
        return found

    async def list_since(self, since: datetime) -> Sequence[HourlyStatistics]:
        """Return the hours that began no earlier than an instant, in order."""
        query = select(HourlyStatistics).where(HourlyStatistics.hour >= since)
        return (await self._db.scalars(query.order_by(HourlyStatistics.hour))).all()

    async def oldest_event(self, since: datetime) -> datetime | None:
        """Return when the first event since an instant happened."""
        ids = select(AuditEvent.id).where(AuditEvent.id >= first_id(since))
        found: UUID | None = await self._db.scalar(ids.order_by(AuditEvent.id).limit(1))
        if found is None:
            return None
        return datetime.fromtimestamp((found.int >> 80) / 1_000, UTC)

    async def live_sessions(self, now: datetime) -> int:
        """Return how many sessions could be used at an instant."""
        query = select(func.count()).select_from(Session)
        live = (Session.expires_at > now) & Session.revoked_at.is_(None)
        return await self._db.scalar(query.where(live)) or 0

    async def begin(self, hour: datetime, active_sessions: int | None) -> None:
        """Add an hour of which nothing is counted, unless somebody else did."""
        adding = upserting(self._db.get_bind().dialect.name)(HourlyStatistics)
        values = dict.fromkeys(_COUNTED, 0) | {"active_sessions": active_sessions}
        await self._db.execute(
            adding.values(
                hour=hour, counted_until=hour, **values
            ).on_conflict_do_nothing()
        )

    async def raise_sessions(self, hour: datetime, active_sessions: int) -> None:
        """Let an hour have seen so many sessions, unless it saw more."""
        row = HourlyStatistics
        more = (row.hour == hour) & (row.active_sessions < active_sessions)
        await self._db.execute(
            update(row).where(more).values(active_sessions=active_sessions)
        )

    async def count(self, hour: datetime, since: datetime, until: datetime) -> bool:
        """Add the events of a piece of an hour, once.

        The mark moves in the statement that counts: whoever comes second, at the same
        time or after a crash, finds another one and adds nothing. An event happened
        when its id says so: that is what the trail is sorted and found by.

        Args:
            hour: Whose row.
            since: Where its mark is.
            until: Where it will be: behind it nothing may be on its way any more.

        Returns:
            Whether it was us.
        """
        found = (
            select(
                literal(since, UtcDateTime()).label("mark"),
                *(
                    func.coalesce(
                        func.sum(case((AuditEvent.name.in_(names), 1), else_=0)), 0
                    ).label(column)
                    for column, names in _COUNTED.items()
                ),
            )
            .where(
                AuditEvent.id >= first_id(since),
                AuditEvent.id < first_id(until),
                AuditEvent.name.in_(_NAMES),
            )
            .subquery("found")
        )
        row = HourlyStatistics
        raised = {column: getattr(row, column) + found.c[column] for column in _COUNTED}
        counting = update(row).where(
            row.hour == hour, row.counted_until == found.c.mark
        )
        done = await self._db.execute(
            counting.values(counted_until=until, **raised)
            .returning(row.hour)
            .execution_options(synchronize_session=False)
        )
        return done.one_or_none() is not None

    async def delete_older(self, before: datetime, limit: int) -> int:
        """Delete a batch of hours from before an instant; return how many."""
        old = chosen(
            select(HourlyStatistics.hour)
            .where(HourlyStatistics.hour < before)
            .limit(limit)
        )
        gone = delete(HourlyStatistics).where(HourlyStatistics.hour.in_(old))
        return len(
            (await self._db.execute(gone.returning(HourlyStatistics.hour))).all()
        )
