"""SQL for the audit trail."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    delete,
    func,
    literal_column,
    outerjoin,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import aliased

from app.models.access.answered_request import AnsweredRequest
from app.models.access.refused_request import RefusedRequest
from app.models.audit_event import AuditEvent
from app.models.outgoing.webhook import WebhookDelivery
from app.repositories.base import Order, Repository, chosen, first_id

# Indexes by expressions, which Alembic cannot compare.
EXPRESSION_INDEXES = {
    "ix_audit_events_client_quarter",
    "ix_audit_events_correlation_end",
    "ix_audit_events_name_quarter",
}
_NEWEST_FIRST = Order((AuditEvent.id,), descending=True)
_OLDEST_FIRST = Order((AuditEvent.id,))
# PostgreSQL's indexes of names and clients have them by quarters of an hour: 2**20 ms
# of an id.
_CLIENT = literal_column("(audit_events.data ->> 'client_id')", String)
_QUARTER = literal_column('(left(audit_events.id::text, 7) COLLATE "C")', String)
# Ids are made with their event, by a clock that may have been put right meanwhile: who
# asks for times asks for ids an hour around them as well, and the primary key answers.
SLACK = timedelta(hours=1)


_LONGEST_WRITER = timedelta(hours=1)
_OLDEST_WRITER = text(
    "SELECT min(xact_start) FROM pg_stat_activity WHERE backend_xid IS NOT NULL"
    " AND datname = current_database() AND pid <> pg_backend_pid()"
)


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
        if user_id is not None:
            query = query.where(AuditEvent.user_id == user_id)
        if client_id is not None:
            query = query.where(self._client == client_id)
        if correlation_id is not None:
            query = query.where(*self._of_request(correlation_id))
        first, last = UUID(int=0), UUID(int=2**128 - 1)
        if since is not None:
            first = first_id(since, -SLACK)
            query = query.where(AuditEvent.created_at >= since, AuditEvent.id >= first)
        if until is not None:
            last = first_id(until, SLACK)
            query = query.where(AuditEvent.created_at < until, AuditEvent.id < last)
        if name is not None:
            query = query.where(AuditEvent.name == name)
        if (name or client_id) is not None and not self._is_sqlite:
            query = _by_quarters(query, first, min([last, *(after or ())]))
        if actor_id is not None:
            return await self._done_by(actor_id, query, after, limit)
        return await self.page(query, _NEWEST_FIRST, after=after, limit=limit)

    async def of_request(
        self, correlation_id: str, *, requests: int, events: int
    ) -> tuple[list[RefusedRequest], list[AnsweredRequest], list[AuditEvent]]:
        """Return what is kept of a request, each oldest first, with one statement.

        Args:
            correlation_id: Of it; callers may choose theirs.
            requests: How many of the first ones, of those refused and of the others.
            events: How many of the latest ones.
        """
        own = select(AuditEvent).where(*self._of_request(correlation_id))
        evident = own.order_by(AuditEvent.id.desc()).limit(events).subquery()
        event = aliased(AuditEvent, evident)
        refusal = _first(RefusedRequest, correlation_id, requests)
        answer = _first(AnsweredRequest, correlation_id, requests)
        # No id is in two of them: whatever joins is a row of one of them.
        some = outerjoin(event, refusal, event.id == refusal.id, full=True)
        all_of_them = outerjoin(some, answer, event.id == answer.id, full=True)
        query = select(refusal, answer, event).select_from(all_of_them)
        rows = (await self.db.execute(query)).all()
        found = [
            sorted((row[kind] for row in rows if row[kind]), key=attrgetter("id"))
            for kind in range(3)
        ]
        return found[0], found[1], found[2]

    async def by_id(self, event_id: UUID) -> AuditEvent | None:
        """Return an event, or None."""
        return await self.one_or_none(
            select(AuditEvent).where(AuditEvent.id == event_id)
        )

    async def list_around(
        self,
        *,
        user_id: UUID | None,
        ip: str,
        user_agent: str,
        near: tuple[datetime, datetime],
        far: tuple[datetime, datetime],
        limit: int,
    ) -> Sequence[AuditEvent]:
        """Return what else happened to somebody, or from where they are, oldest first.

        One statement of two reads, each bounded by an index and the time: what is
        about the account, and what is about none and came from the same program at the
        same address.

        Args:
            user_id: Whose, if it is known.
            ip: The address.
            user_agent: The program, as it names itself.
            near: Within which time address and program tie together.
            far: Within which time the account does.
            limit: Of each read.
        """
        strange = select(AuditEvent.id).where(
            AuditEvent.id.between(*_ids(near)),
            AuditEvent.user_id.is_(None),
            AuditEvent.ip == ip,
            AuditEvent.user_agent == user_agent,
        )
        reads = [strange.limit(limit).subquery()]
        if user_id is not None:
            # Ids begin with the time: few are left, whichever index is read.
            own = select(AuditEvent.id).where(
                AuditEvent.user_id == user_id, AuditEvent.id.between(*_ids(far))
            )
            reads.append(own.order_by(AuditEvent.id).limit(limit).subquery())
        found = union_all(*(select(each.c.id) for each in reads))
        query = select(AuditEvent).where(AuditEvent.id.in_(found))
        return (await self.db.scalars(query.order_by(AuditEvent.id))).all()

    async def list_recent(
        self,
        user_id: UUID,
        names: Collection[str],
        *,
        since: datetime,
        after: Sequence[Any] | None,
        limit: int,
    ) -> Sequence[AuditEvent]:
        """Return a page of events of some names about somebody, from ``since`` on."""
        query = select(AuditEvent).where(
            AuditEvent.user_id == user_id,
            AuditEvent.name.in_(names),
            AuditEvent.created_at >= since,
            AuditEvent.id >= first_id(since, -SLACK),
        )
        return await self.page(query, _NEWEST_FIRST, after=after, limit=limit)

    async def list_oldest(
        self,
        since: datetime | None,
        until: datetime,
        *,
        after: UUID | None,
        limit: int,
    ) -> Sequence[AuditEvent]:
        """Return a page of a span, oldest first, read by the primary key alone."""
        query = select(AuditEvent).where(
            AuditEvent.created_at < until, AuditEvent.id < first_id(until, SLACK)
        )
        if since is not None:
            query = query.where(
                AuditEvent.created_at >= since,
                AuditEvent.id >= first_id(since, -SLACK),
            )
        key = None if after is None else [after]
        return await self.page(query, _OLDEST_FIRST, after=key, limit=limit)

    async def list_undelivered(
        self,
        webhook_id: UUID,
        after: UUID,
        names: Collection[str] | None,
        limit: int,
    ) -> Sequence[AuditEvent]:
        """Return events behind an id that a webhook has no delivery of, in order."""
        known = select(WebhookDelivery.id).where(
            WebhookDelivery.webhook_id == webhook_id,
            WebhookDelivery.event_id == AuditEvent.id,
        )
        query = select(AuditEvent).where(AuditEvent.id > after, ~known.exists())
        query = _named(query, names).order_by(AuditEvent.id).limit(limit)
        return (await self.db.scalars(query)).all()

    async def list_behind(self, after: UUID, limit: int) -> Sequence[AuditEvent]:
        """Return events behind an id, the oldest first."""
        query = select(AuditEvent).where(AuditEvent.id > after)
        query = query.order_by(AuditEvent.id).limit(limit)
        return (await self.db.scalars(query)).all()

    async def list_named(
        self,
        names: Collection[str] | None,
        since: datetime,
        until: datetime,
        limit: int,
    ) -> Sequence[AuditEvent]:
        """Return events of some names in a span, the oldest first."""
        query = select(AuditEvent).where(
            AuditEvent.created_at >= since,
            AuditEvent.created_at < until,
            AuditEvent.id >= first_id(since, -SLACK),
            AuditEvent.id < first_id(until, SLACK),
        )
        query = _named(query, names).order_by(AuditEvent.id).limit(limit)
        return (await self.db.scalars(query)).all()

    async def settled_before(self, now: datetime, reserve: timedelta) -> datetime:
        """Return an instant; what was written before it is there, or never will be.

        Events are given their ids when they are made, a moment before their
        transaction commits: ``reserve`` is longer than that. On PostgreSQL it counts
        from the oldest transaction that has written something and still runs, but for
        one of an hour, which is somebody's and not of this service.
        """
        oldest = now
        if not self._is_sqlite:
            began = await self.db.scalar(_OLDEST_WRITER)
            if began is not None:
                oldest = max(min(oldest, began), now - _LONGEST_WRITER)
        return oldest - reserve

    async def list_for_person(
        self, user_id: UUID, after: UUID | None, limit: int
    ) -> Sequence[AuditEvent]:
        """Return a page of the events about somebody or by them, oldest first.

        Two reads of an index each, where one with OR would read all there is to sort.
        """
        key = None if after is None else [after]
        about = select(AuditEvent).where(AuditEvent.user_id == user_id)
        found = list(await self.page(about, _OLDEST_FIRST, after=key, limit=limit))
        by = select(AuditEvent).where(*_for_others(user_id))
        found += await self.page(by, _OLDEST_FIRST, after=key, limit=limit)
        return sorted(found, key=attrgetter("id"))[:limit]

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
        """Delete a batch of events from before an instant.

        By their ids alone, which follow the same clock: asked for the time as well,
        PostgreSQL would read every expired row by its index before it takes some.
        """
        old = select(AuditEvent.id).where(AuditEvent.id < first_id(before))
        some = chosen(old.order_by(AuditEvent.id).limit(limit))
        gone = delete(AuditEvent).where(AuditEvent.id.in_(some))
        return len((await self.db.execute(gone.returning(AuditEvent.id))).all())

    async def _done_by(
        self,
        actor_id: UUID,
        query: Select[Any],
        after: Sequence[Any] | None,
        limit: int,
    ) -> Sequence[AuditEvent]:
        """Return a page of what somebody did: to themselves, and to anybody else.

        Two reads: of these, PostgreSQL's index of actors has the second alone.
        """
        own = (AuditEvent.user_id == actor_id, AuditEvent.actor_id == actor_id)
        found: list[AuditEvent] = []
        for part in (own, _for_others(actor_id)):
            parted = query.where(*part)
            found += await self.page(parted, _NEWEST_FIRST, after=after, limit=limit)
        return sorted(found, key=attrgetter("id"), reverse=True)[:limit]

    @property
    def _client(self) -> ColumnElement[str]:
        """Return what an event says of a client, as the index of PostgreSQL has it."""
        said: ColumnElement[str] = AuditEvent.data["client_id"].as_string()
        return said if self._is_sqlite else _CLIENT

    def _of_request(self, correlation_id: str) -> Sequence[ColumnElement[bool]]:
        """Return the conditions; PostgreSQL's index has the end of each alone."""
        same = AuditEvent.correlation_id == correlation_id
        if self._is_sqlite:
            return [same]
        end = func.right(AuditEvent.correlation_id, literal_column("4"))
        return [same, end == correlation_id[-4:]]

    @property
    def _is_sqlite(self) -> bool:
        return self.db.get_bind().dialect.name == "sqlite"


def _for_others(actor_id: UUID) -> Sequence[ColumnElement[bool]]:
    """Return the conditions of what somebody did to whom they are not."""
    return [
        AuditEvent.actor_id == actor_id,
        AuditEvent.actor_id.is_distinct_from(AuditEvent.user_id),
    ]


def _first(
    kind: type[RefusedRequest] | type[AnsweredRequest], correlation_id: str, limit: int
) -> Any:
    """Return what stands for the first requests of an id in a statement."""
    of_it = select(kind).where(kind.correlation_id == correlation_id)
    return aliased(kind, of_it.order_by(kind.id).limit(limit).subquery())


def _by_quarters(query: Select[Any], first: UUID, last: UUID) -> Select[Any]:
    """Sort by quarters of an hour first, newest to oldest, and read no others.

    The same order as that of ids, and one that these indexes have: PostgreSQL need not
    guess whether to sort all of a name or to look for it among all there is.
    """
    query = query.where(_QUARTER >= str(first)[:7], _QUARTER <= str(last)[:7])
    return query.order_by(_QUARTER.desc())


def _named(query: Select[Any], names: Collection[str] | None) -> Select[Any]:
    return query if names is None else query.where(AuditEvent.name.in_(names))


def _ids(span: tuple[datetime, datetime]) -> tuple[UUID, UUID]:
    return first_id(span[0]), first_id(span[1])
