"""Two processes count one audit trail while a third one writes it."""

import asyncio
import os
import sys
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select

from app.models.audit_event import AuditEvent
from app.models.statistics import HourlyStatistics
from app.repositories.base import first_id
from app.services.server.runtime import Runtime
from tests.conftest import ROOT, SECRET
from tests.factories.trail import id_of
from tests.races.conftest import Pair

HOURS = 40
# Each begins where it finds the mark, as after a crash of the other.
_COUNTER = """
import asyncio
from app.config import load_settings
from app.jobs.statistics import StatisticsJob
from app.services.server.runtime import build_runtime

async def count():
    runtime = build_runtime(load_settings(None))
    job = StatisticsJob(runtime)
    while await job.run():
        pass
    await runtime.close()

asyncio.run(count())
"""


async def _happen(runtime: Runtime, hours_ago: float) -> None:
    at = runtime.clock.now() - timedelta(hours=hours_ago)
    async with runtime.unit_of_work() as uow:
        uow.db.add(
            AuditEvent(
                id=id_of(at),
                name="sign_in.succeeded",
                user_id=UUID(int=69),
                correlation_id="",
                ip="",
                user_agent="",
                data={},
                created_at=at,
            )
        )


async def _counter(url: str) -> None:
    environment = {"AUTH_SERVE_DATABASE_URL": url, "AUTH_SERVE_SECRET_KEY": SECRET}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _COUNTER),
        env=environment | {"PATH": os.defpath, "PYTHONPATH": str(ROOT)},
    )
    assert await process.wait() == 0


async def test_two_processes_count_each_event_once(
    pair: Pair, runtime: Runtime
) -> None:
    for hour in range(HOURS):
        for part in range(3):
            await _happen(runtime, hour + 0.2 + part / 4)

    async def write() -> None:
        for _ in range(20):
            await _happen(runtime, 0)

    await asyncio.gather(*(_counter(pair.database_url) for _ in range(3)), write())

    async with runtime.unit_of_work() as uow:
        until = await uow.db.scalar(select(func.max(HourlyStatistics.counted_until)))
        assert until is not None
        counted = await uow.db.scalar(select(func.sum(HourlyStatistics.sign_ins)))
        happened = await uow.db.scalar(
            select(func.count())
            .select_from(AuditEvent)
            .where(
                AuditEvent.name == "sign_in.succeeded",
                AuditEvent.id < first_id(until),
            )
        )
        await uow.db.execute(
            delete(AuditEvent).where(AuditEvent.user_id == UUID(int=69))
        )
    assert counted == happened
    assert counted is not None and counted >= 3 * HOURS
