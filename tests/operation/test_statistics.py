"""Numbers of hours: each event once, whoever counts, and however often."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete

from app.jobs.janitor import JanitorJob
from app.jobs.statistics import StatisticsJob
from app.models.audit_event import AuditEvent
from app.models.session import Session
from app.models.statistics import HourlyStatistics
from app.repositories.statements.statistics import StatisticsRepository
from app.services.server.runtime import Runtime
from app.services.server.statistics import StatisticsService
from tests.factories.session import session_of
from tests.factories.trail import id_of
from tests.factories.user import UserFactory
from tests.support.api import Api
from tests.support.chance import FakeClock
from tests.support.job import Make

pytest_plugins = ["tests.support.job"]
HOUR = 3_600
LAG = 60


@pytest.fixture
async def runtime(make_runtime: Make) -> Runtime:
    return make_runtime()


async def happen(runtime: Runtime, *names: str, at: datetime | None = None) -> None:
    """Leave evidence, now or at another time."""
    async with runtime.unit_of_work() as uow:
        for name in names:
            uow.db.add(
                AuditEvent(
                    id=id_of(at or runtime.clock.now()),
                    name=name,
                    correlation_id="",
                    ip="",
                    user_agent="",
                    data={},
                    created_at=at or runtime.clock.now(),
                )
            )


def _session(runtime: Runtime, user_id: UUID, is_live: bool) -> Session:
    now = runtime.clock.now()
    ends = now + timedelta(hours=1)
    return session_of(runtime, user_id, ends, revoked_at=None if is_live else now)


async def count(runtime: Runtime) -> None:
    """Run the job until it has nothing more to do."""
    job = StatisticsJob(runtime)
    while await job.run():
        pass


@pytest.fixture(autouse=True)
def _day(clock: FakeClock) -> None:
    """Begin with a day: what happens within minutes is then of one hour."""
    clock.advance(seconds=24 * HOUR - clock.now().timestamp() % (24 * HOUR))


async def numbers(runtime: Runtime, by: Any = "hour") -> list[tuple[int, int, int]]:
    """Return what happened in the hours or days in which something did."""
    found = await StatisticsService(runtime).read(by)
    each = [(n.sign_ins, n.sign_in_failures, n.new_accounts) for n in found.spans]
    return [sums for sums in each if any(sums)]


async def test_every_event_is_counted_once_in_its_hour(
    runtime: Runtime, clock: FakeClock
) -> None:
    await happen(runtime, "sign_in.succeeded", "sign_in.failed", "sign_in.failed")
    await happen(runtime, "user.updated", "sign_in.second_step_demanded")
    clock.advance(seconds=HOUR)
    await happen(runtime, "sign_in.succeeded", "user.registered", "user.created")
    clock.advance(seconds=LAG + 1)

    await count(runtime)
    await count(runtime)

    assert await numbers(runtime) == [(1, 2, 0), (1, 0, 2)]


async def test_what_comes_after_the_mark_is_added_by_the_next_run(
    runtime: Runtime, clock: FakeClock
) -> None:
    await happen(runtime, "sign_in.succeeded")
    clock.advance(seconds=LAG + 1)
    await count(runtime)
    await happen(runtime, "sign_in.succeeded")

    await count(runtime)
    soon = await numbers(runtime)
    clock.advance(seconds=LAG + 1)
    await count(runtime)

    assert soon == [(1, 0, 0)]
    assert await numbers(runtime) == [(2, 0, 0)]


async def test_an_event_that_is_committed_late_is_not_missed(
    runtime: Runtime, clock: FakeClock
) -> None:
    """Its time is that of the act; the transaction may take a while to end."""
    began = clock.now()
    await happen(runtime, "sign_in.succeeded")
    clock.advance(seconds=LAG - 1)
    await count(runtime)
    await happen(runtime, "sign_in.succeeded", at=began)
    clock.advance(seconds=LAG + 1)

    await count(runtime)

    assert await numbers(runtime) == [(2, 0, 0)]


async def test_of_two_that_count_the_same_piece_one_does(
    make_runtime: Make, clock: FakeClock
) -> None:
    first, second = make_runtime(), make_runtime()
    await happen(first, *["sign_in.succeeded"] * 3)
    clock.advance(seconds=LAG + 1)
    await StatisticsJob(first).run()  # begins the hour

    async with first.unit_of_work(read_only=True) as uow:
        row = await StatisticsRepository(uow.db).last()
    assert row is not None

    async def add(runtime: Runtime) -> bool:
        async with runtime.unit_of_work() as uow:
            until = clock.now() - timedelta(seconds=LAG)
            statistics = StatisticsRepository(uow.db)
            return await statistics.count(row.hour, row.counted_until, until)

    added = await asyncio.gather(*(add(each) for each in (first, second) * 3))

    assert sorted(added) == [False] * 5 + [True]
    assert await numbers(first) == [(3, 0, 0)]


async def test_what_happened_before_there_was_a_count_is_counted(
    runtime: Runtime, clock: FakeClock
) -> None:
    """After the migration, and after its way down and up: the trail has it all."""
    for days in (29, 1, 0):
        at = clock.now() - timedelta(days=days)
        await happen(runtime, "sign_in.succeeded", at=at)
    await happen(
        runtime, "sign_in.succeeded", at=clock.now() - timedelta(days=60)
    )  # older than what is shown
    clock.advance(seconds=LAG + 1)

    await count(runtime)
    found = await StatisticsService(runtime).read("day")

    assert await numbers(runtime, "day") == [(1, 0, 0)] * 3
    assert len(found.spans) == 30
    assert found.spans[-1].begins_at.date() == clock.now().date()


async def test_a_long_stop_is_caught_up_with(
    runtime: Runtime, clock: FakeClock
) -> None:
    await happen(runtime, "sign_in.succeeded")
    clock.advance(seconds=LAG + 1)
    await count(runtime)
    clock.advance(seconds=5 * HOUR)
    await happen(runtime, "sign_in.failed", at=clock.now() - timedelta(hours=2))

    await count(runtime)

    assert await numbers(runtime) == [(1, 0, 0), (0, 1, 0)]


async def test_sessions_are_those_that_were_live_when_the_hour_began(
    runtime: Runtime, clock: FakeClock
) -> None:
    users = UserFactory(runtime)
    for live in (True, True, False):
        user = await users()
        async with runtime.unit_of_work() as uow:
            uow.db.add(_session(runtime, user.id, live))

    await happen(runtime, "sign_in.succeeded", at=clock.now() - timedelta(hours=3))
    clock.advance(seconds=LAG + 1)
    await count(runtime)
    found = await StatisticsService(runtime).read("hour")

    assert found.spans[-1].active_sessions == 2
    assert found.spans[-4].active_sessions is None  # nobody looked
    assert found.counted_until == clock.now() - timedelta(seconds=LAG)


async def test_an_hour_has_seen_the_most_sessions_of_it(
    runtime: Runtime, clock: FakeClock
) -> None:
    clock.advance(seconds=LAG + 1)
    await count(runtime)
    user = await UserFactory(runtime)()
    async with runtime.unit_of_work() as uow:
        uow.db.add(_session(runtime, user.id, True))
    clock.advance(minutes=1)
    await count(runtime)
    after = (await StatisticsService(runtime).read("hour")).spans
    async with runtime.unit_of_work() as uow:
        await uow.db.execute(delete(Session))
    clock.advance(minutes=1)
    await count(runtime)
    later = (await StatisticsService(runtime).read("hour")).spans

    assert after[-1].active_sessions == later[-1].active_sessions == 1


async def test_hours_go_after_four_hundred_days(
    runtime: Runtime, clock: FakeClock
) -> None:
    now = clock.now()
    async with runtime.unit_of_work() as uow:
        for days in (399, 401):
            hour = now - timedelta(days=days)
            await StatisticsRepository(uow.db).begin(hour, None)

    await JanitorJob(runtime).run()

    async with runtime.unit_of_work(read_only=True) as uow:
        kept = await StatisticsRepository(uow.db).list_since(
            datetime.min.replace(tzinfo=UTC)
        )
    assert [row.hour for row in kept] == [now - timedelta(days=399)]


async def test_an_auditor_reads_the_numbers(api: Api) -> None:
    auditor = await api.person("admin")
    at = api.runtime.clock.now()
    async with api.runtime.unit_of_work() as uow:
        uow.db.add(
            HourlyStatistics(
                hour=at.replace(minute=0, second=0, microsecond=0),
                counted_until=at,
                sign_ins=7,
                sign_in_failures=2,
                new_accounts=1,
                active_sessions=None,
            )
        )

    hours = (await api.get("/statistics", auditor)).json()
    days = (await api.get("/statistics?by=day", auditor)).json()
    other = await api.get("/statistics?by=week", auditor)

    assert (len(hours["spans"]), len(days["spans"])) == (24, 30)
    for answer in (hours, days):
        last = answer["spans"][-1]
        assert (last["sign_ins"], last["sign_in_failures"]) == (7, 2)
        assert (last["new_accounts"], last["active_sessions"]) == (1, None)
    assert hours["spans"][0]["sign_ins"] == 0
    assert other.status_code == 422
