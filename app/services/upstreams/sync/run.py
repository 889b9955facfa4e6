"""Reads directories as a whole: accounts are made, followed, and withdrawn (ADR-0105).

No connection to the database is held while a directory is waited for. A process that
dies leaves a reading that another one begins anew when its lease is over; what was done
is not done again, for nothing of it is another.
"""

import contextlib
import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core.context import current
from app.events.upstream import ConnectionSynced
from app.models.upstream.sync import (
    MAX_DETAIL,
    SYNC_EVERY,
    ConnectionSync,
)
from app.repositories.unit_of_work import UnitOfWork
from app.services.process.process import Process
from app.services.upstreams.directory import ConnectionDirectory, Way, is_directory
from app.services.upstreams.follow import by_dn
from app.services.upstreams.journey import settings_mark
from app.services.upstreams.sync.judge import judge
from app.services.upstreams.sync.state import (
    COMPLETE,
    CUT_OFF,
    EMPTY,
    FAILED,
    LEASE,
    Counts,
    Ending,
    Run,
    SyncOver,
)
from app.services.upstreams.sync.store import store
from app.services.upstreams.sync.withdraw import withdraw_all

if TYPE_CHECKING:
    from app.upstreams.directory.listing import Listing

SCHEDULE = "schedule"
_log = logging.getLogger("auth_serve.connection")


def _silent(_counts: Counts) -> None:
    """Tell nobody how far it is."""


class SyncRunner:
    """Begins readings that are due, and goes through those that are open."""

    def __init__(self, process: Process, connections: ConnectionDirectory) -> None:
        """Work in transactions of its own."""
        self._process = process
        self._connections = connections

    async def advance(self) -> bool:
        """Go through one reading, if any is open or due; True if there was one."""
        ways = {way.id: way for way in await self._connections.all() if _is_read(way)}
        if not ways:
            return False
        await self._begin_due(ways)
        now = self._process.clock.now()
        async with self._process.unit_of_work(read_only=True) as uow:
            waiting = await uow.connection_syncs.list_waiting(list(ways), now)
        for row in waiting:
            if await self.take(row, ways[row.connection_id]) is not None:
                return True
        return False

    async def _begin_due(self, ways: Mapping[UUID, Way]) -> None:
        every = {
            way.id: timedelta(seconds=seconds)
            for way in ways.values()
            if (seconds := way.policy.get("sync_every", SYNC_EVERY))
        }
        if not every:
            return
        async with self._process.unit_of_work(read_only=True) as uow:
            last = await uow.connection_syncs.last_begun(list(every))
        now = self._process.clock.now()
        for connection_id, pause in every.items():
            if connection_id in last and now < last[connection_id] + pause:
                continue
            with contextlib.suppress(IntegrityError):  # one is open already
                async with self._process.unit_of_work() as uow:
                    add_sync(uow, connection_id, SCHEDULE)

    async def take(
        self, row: ConnectionSync, way: Way, told: Callable[[Counts], None] = _silent
    ) -> ConnectionSync | None:
        """Go through a reading from its beginning to its end.

        Args:
            row: One that is open, and that nobody is at.
            way: Its connection.
            told: Is called with each page.

        Returns:
            What became of it; None if another process was first.
        """
        now = self._process.clock.now()
        async with self._process.unit_of_work() as uow:
            mark = settings_mark(way.settings)
            syncs = uow.connection_syncs
            if not await syncs.claim(row, now, now + LEASE, mark):
                return None
        run = Run(
            process=self._process,
            way=way,
            policy=_policy(way),
            id=row.id,
            claims=row.claims + 1,
            started_at=now,
            dry_run=row.dry_run,
            accept_missing=row.accept_missing,
            told=told,
        )
        return await self._go(run, row)

    async def _go(self, run: Run, row: ConnectionSync) -> ConnectionSync | None:
        from app.upstreams.directory.listing import ListingFailed

        unexpected: Exception | None = None
        try:
            ending = await self._read(run)
        except SyncOver as over:
            ending = over.ending
        except ListingFailed as failure:
            ending = Ending(FAILED, "directory", failure.detail)
        except Exception as error:
            why = f"internal: {type(error).__name__}"
            ending, unexpected = Ending(FAILED, "internal", why), error
        ended = await self._end(run, row, ending) if ending.outcome else None
        if unexpected is not None:
            raise unexpected
        return ended

    async def _read(self, run: Run) -> Ending:
        """Read all of it; return how that ended, and why somebody was kept."""
        clock, is_cut_off = self._process.clock, False
        run.read_at = clock.now()
        async with _listing(run).reading(run.started_at, run.tell) as pages:
            async for page in pages:
                plan = await judge(run, page.people)
                await store(run, plan)
                is_cut_off |= page.is_cut_off
                del page, plan  # before the next one comes
                await run.tell()
                run.read_at = clock.now()
        if is_cut_off:
            why = "the server tells no more than some; nobody is withdrawn"
            return Ending(CUT_OFF, "cut_off", why)
        if not run.counts.entries:
            return Ending(EMPTY, "empty", "it tells of nobody; nobody is withdrawn")
        return await withdraw_all(run)

    async def _end(
        self, run: Run, row: ConnectionSync, ending: Ending
    ) -> ConnectionSync | None:
        """Note how it ended; what changed nothing leaves no evidence beside that."""
        counts, outcome, detail = run.counts, ending.outcome, ending.detail
        is_settled = outcome == COMPLETE and not (counts.kept or run.dry_run)
        async with self._process.unit_of_work() as uow:
            before = await uow.connection_syncs.outcome_before(row)
            values = {
                "ended_at": uow.clock.now(),
                "outcome": outcome,
                "reason": ending.reason,
                "detail": detail[:MAX_DETAIL],
                "counts": counts.data(),
                "is_settled": is_settled,
            }
            if not await uow.connection_syncs.end(run.id, run.claims, values):
                return None
            is_news = counts.writes or counts.kept or outcome != (before or COMPLETE)
            if is_news or not row.is_scheduled:
                _record(uow, run, outcome, detail)
            ended = await uow.connection_syncs.by_id(run.way.id, run.id)
        told = {"connection": run.way.name, "outcome": outcome, "detail": detail}
        level = logging.INFO if outcome == COMPLETE and not counts.kept else 30
        _log.log(level, "a directory was read", extra=told)
        return ended


def add_sync(
    uow: UnitOfWork,
    connection_id: UUID,
    via: str,
    *,
    dry_run: bool = False,
    accept_missing: bool = False,
) -> ConnectionSync:
    """Open a reading with the next flush; one of a connection is open at a time.

    Args:
        uow: The caller's transaction.
        connection_id: Of the directory.
        via: How it is asked for: a word of ``schemas.connection.ConnectionSync``.
        dry_run: Only tell what would become of everybody.
        accept_missing: Withdraw whoever is missing or disabled, however many.
    """
    whose = current().user_id if via in ("api", "console") else None
    now = uow.clock.now()
    return uow.connection_syncs.add(
        ConnectionSync(
            id=uow.randomness.uuid7(),
            connection_id=connection_id,
            is_scheduled=via == SCHEDULE,
            requested_via=via,
            requested_by=whose,
            dry_run=dry_run,
            accept_missing=accept_missing,
            requested_at=now,
            lease_until=now,
            claims=0,
            counts=Counts().data(),
            detail="",
            mark="",
            is_settled=False,
        )
    )


def _is_read(way: Way) -> bool:
    """Tell whether a connection is one of which everybody can be read."""
    return is_directory(way) and hasattr(way.connector, "people")


def _listing(run: Run) -> "Listing":
    from app.upstreams.directory.connector import DirectoryConnector
    from app.upstreams.directory.listing import Listing

    assert isinstance(run.way.connector, DirectoryConnector)
    mapped = run.policy["follow"]["groups"]
    salt, groups = run.process.randomness.bytes(16), tuple(mapped["groups"])
    return Listing(run.way.connector, mapped["claim"], groups, salt)


def _policy(way: Way) -> Mapping[str, Any]:
    """Return a policy whose groups are called as a reading of all tells of them.

    Those that it asks for it calls as the operator wrote them; other attributes are
    compared as at a sign-in.
    """
    from app.upstreams.directory.listing import DNS, NAMES

    is_asked = way.policy["follow"]["groups"]["claim"] in (DNS, NAMES)
    return way.policy if is_asked else by_dn(way.policy)


def _record(uow: UnitOfWork, run: Run, outcome: str, detail: str) -> None:
    counts = run.counts
    uow.record(
        ConnectionSynced(
            connection=run.way.name,
            outcome=outcome,
            detail=detail[:MAX_DETAIL],
            dry_run=run.dry_run,
            entries=counts.entries,
            made=counts.made,
            linked=counts.linked,
            changed=counts.changed,
            withdrawn=counts.withdrawn,
            returned=counts.returned,
            left_out=sum(counts.left_out.values()),
            kept=counts.kept,
        )
    )
