"""How often people signed in, failed, came: counted beside requests (ADR-0069)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from app.models.statistics import HourlyStatistics
from app.repositories.statements.statistics import HOUR, StatisticsRepository
from app.repositories.unit_of_work import UnitOfWork
from app.services.process.process import Process

By = Literal["hour", "day"]
DAY = timedelta(days=1)
_HOURS, _DAYS = 24, 30
_FEW = 10_000  # sessions, which are counted in a millisecond
_LEAST_LAG = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """An hour or a day in UTC; of active sessions the most that were seen in it."""

    begins_at: datetime
    sign_ins: int = 0
    sign_in_failures: int = 0
    new_accounts: int = 0
    active_sessions: int | None = None


@dataclass(frozen=True, slots=True)
class Statistics:
    """Numbers without a gap, oldest first, and how far events are in them."""

    by: By
    counted_until: datetime | None
    spans: Sequence[Numbers]


class StatisticsService:
    """Counts each event of the audit trail once, and reads the sums."""

    def __init__(self, process: Process) -> None:
        """Work in transactions of its own."""
        self._process = process

    async def advance(self) -> bool:
        """Count on, at most to the end of an hour; True when there is more at once.

        Any process may, at the same time: the mark is in the row that it counts.
        """
        settled = self._settled()
        async with self._process.unit_of_work(read_only=True) as uow:
            last = await StatisticsRepository(uow.db).last()
        hour = await self._hour_after(last, settled)
        if last is None or hour > last.hour:
            if hour > settled:
                return False  # of the next hour nothing can be counted yet
            await self._begin(hour, settled)
            return True
        until = min(last.hour + HOUR, settled)
        await self._look_again(last)
        if until > last.counted_until:
            async with self._process.unit_of_work() as uow:
                statistics = StatisticsRepository(uow.db)
                await statistics.count(last.hour, last.counted_until, until)
        return until < settled

    async def read(self, by: By) -> Statistics:
        """Return the last 24 hours or 30 days, the present one among them."""
        async with self._process.unit_of_work(read_only=True) as uow:
            return await self.read_in(uow, by)

    async def read_in(self, uow: UnitOfWork, by: By) -> Statistics:
        """Do the same in a transaction that there is: one statement."""
        begins = _begins(self._process.clock.now(), by)
        rows = await StatisticsRepository(uow.db).list_since(begins[0])
        return summed(by, begins, rows)

    def _settled(self) -> datetime:
        """Return up to where no event can come any more.

        A row of the trail has the time of what it tells, and is seen when that was
        committed. In between may be a wait and a statement or two; whatever takes
        longer the database ends.
        """
        longest = timedelta(seconds=self._process.settings.database.statement_timeout)
        return self._process.clock.now() - max(_LEAST_LAG, 4 * longest)

    async def _hour_after(
        self, last: HourlyStatistics | None, settled: datetime
    ) -> datetime:
        """Return the hour to count in: the last one until it is full."""
        if last is not None and last.counted_until < last.hour + HOUR:
            return last.hour
        earliest = _hour_of(settled) - _DAYS * DAY
        if last is not None:
            return max(earliest, last.hour + HOUR)
        async with self._process.unit_of_work(read_only=True) as uow:
            first = await StatisticsRepository(uow.db).oldest_event(earliest)
        return _hour_of(first or settled)

    async def _look_again(self, last: HourlyStatistics) -> None:
        """Count the sessions of the present hour anew while there are few.

        An installation that is an hour old would show none for all of it, and at a
        small one a morning's people. Many are not counted each minute for that.
        """
        now, seen = self._process.clock.now(), last.active_sessions
        if seen is None or seen >= _FEW or _hour_of(now) != last.hour:
            return
        async with self._process.unit_of_work() as uow:
            statistics = StatisticsRepository(uow.db)
            active = await statistics.live_sessions(now)
            if active > seen:
                await statistics.raise_sessions(last.hour, active)

    async def _begin(self, hour: datetime, settled: datetime) -> None:
        """Begin an hour; sessions that are live now say nothing of one long over."""
        active, now = None, self._process.clock.now()
        if settled < hour + HOUR:
            async with self._process.unit_of_work(read_only=True) as uow:
                active = await StatisticsRepository(uow.db).live_sessions(now)
        async with self._process.unit_of_work() as uow:
            await StatisticsRepository(uow.db).begin(hour, active)


def summed(
    by: By, begins: Sequence[datetime], rows: Iterable[HourlyStatistics]
) -> Statistics:
    """Put hours into the hours or days that are shown."""
    beginning: Callable[[datetime], datetime] = _hour_of if by == "hour" else _day_of
    hours: dict[datetime, list[HourlyStatistics]] = {begin: [] for begin in begins}
    counted_until = None
    for row in rows:
        counted_until = row.counted_until
        hours.setdefault(beginning(row.hour), []).append(row)
    return Statistics(by, counted_until, [_sum(*each) for each in hours.items()])


def _sum(begins_at: datetime, rows: Sequence[HourlyStatistics]) -> Numbers:
    active = [row.active_sessions for row in rows if row.active_sessions is not None]
    return Numbers(
        begins_at=begins_at,
        sign_ins=sum(row.sign_ins for row in rows),
        sign_in_failures=sum(row.sign_in_failures for row in rows),
        new_accounts=sum(row.new_accounts for row in rows),
        active_sessions=max(active, default=None),
    )


def _begins(now: datetime, by: By) -> list[datetime]:
    if by == "hour":
        return [_hour_of(now) - (_HOURS - 1 - n) * HOUR for n in range(_HOURS)]
    return [_day_of(now) - (_DAYS - 1 - n) * DAY for n in range(_DAYS)]


def _hour_of(instant: datetime) -> datetime:
    return instant.replace(minute=0, second=0, microsecond=0)


def _day_of(instant: datetime) -> datetime:
    return _hour_of(instant).replace(hour=0)
