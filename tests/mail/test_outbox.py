"""The worker: what was promised leaves the process, whatever happens to it."""

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest

from app.jobs import build_jobs
from app.jobs.base import Job
from app.jobs.mail import BATCH, MailJob
from app.jobs.worker import Worker
from app.services.server.runtime import Runtime
from tests.servers.smtp import SmtpServer
from tests.support.chance import FakeClock
from tests.support.job import (
    Make,
    eventually,
    killed,
    messages,
    store_messages,
)

pytest_plugins = ["tests.support.job"]


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


def smtp_settings(server: SmtpServer) -> dict[str, str]:
    return {"url": f"smtp://127.0.0.1:{server.port}"}


@pytest.fixture
async def runtime(make_runtime: Make, smtp: SmtpServer) -> Runtime:
    return make_runtime(smtp=smtp_settings(smtp))


async def drain(job: Job) -> None:
    while await job.run():
        pass


class Stumbling:
    """A job that fails as often as it is told, and then works."""

    name = "stumbling"
    interval = 0.001

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.worked = asyncio.Event()

    async def run(self) -> bool:
        self.failures -= 1
        if self.failures >= 0:
            raise RuntimeError("a stumble")
        self.worked.set()
        return False


async def test_several_workers_never_send_a_mail_twice(
    make_runtime: Make, smtp: SmtpServer
) -> None:
    runtimes = [make_runtime(smtp=smtp_settings(smtp)) for _ in range(4)]
    await store_messages(runtimes[0], 6 * BATCH)

    await asyncio.gather(*(drain(MailJob(runtime)) for runtime in runtimes))
    await drain(MailJob(runtimes[0]))

    sent = Counter(message["Message-ID"] for message in smtp.messages)
    assert set(sent.values()) == {1}
    assert len(sent) == 6 * BATCH
    assert len(await messages(runtimes[0], "delivered")) == 6 * BATCH


async def test_a_worker_that_dies_gives_its_mail_back_when_the_lease_ends(
    make_runtime: Make, runtime: Runtime, smtp: SmtpServer, clock: FakeClock
) -> None:
    await store_messages(runtime)
    smtp.hang = True
    dying = asyncio.create_task(MailJob(runtime).run())
    await eventually(lambda: _is_claimed(runtime))
    await killed(dying)
    smtp.hang = False
    survivor = MailJob(make_runtime(smtp=smtp_settings(smtp)))

    clock.advance(seconds=survivor.lease.total_seconds() - 1)
    await survivor.run()
    early = await messages(runtime, "delivered")
    clock.advance(seconds=1)
    await survivor.run()

    assert early == []
    [delivered] = await messages(runtime, "delivered")
    assert delivered.attempts == 2


async def _is_claimed(runtime: Runtime) -> bool:
    [message] = await messages(runtime, "pending")
    return message.attempts == 1


async def test_no_connection_to_the_database_is_held_while_sending(
    runtime: Runtime, smtp: SmtpServer
) -> None:
    await store_messages(runtime, 3)
    smtp.hold = True

    sending = asyncio.create_task(MailJob(runtime).run())
    while smtp.waiting < 3:  # the time limit of every test ends it
        await asyncio.sleep(0.01)
    held = runtime.database.engine.pool.status()
    smtp.hold = False
    await sending

    assert "Current Checked out connections: 0" in held
    assert len(smtp.messages) == 3


async def test_stop_finishes_what_is_in_flight_and_leaves_the_rest(
    runtime: Runtime, smtp: SmtpServer
) -> None:
    await store_messages(runtime, BATCH + 5)
    smtp.hold = True
    worker = Worker(runtime, [MailJob(runtime)])
    await worker.start()
    await eventually(lambda: _claimed_number(runtime, BATCH))

    stopping = asyncio.create_task(worker.stop(grace=30))
    await asyncio.sleep(0)
    smtp.hold = False
    await stopping

    assert len(await messages(runtime, "delivered")) == BATCH
    untouched = await messages(runtime, "pending")
    assert [message.attempts for message in untouched] == [0] * 5


async def _claimed_number(runtime: Runtime, count: int) -> bool:
    pending = await messages(runtime, "pending")
    return sum(message.attempts for message in pending) == count


async def test_what_is_not_finished_within_the_grace_stays_in_the_outbox(
    runtime: Runtime, smtp: SmtpServer
) -> None:
    await store_messages(runtime)
    smtp.hang = True
    worker = Worker(runtime, [MailJob(runtime)])
    await worker.start()
    await eventually(lambda: _claimed_number(runtime, 1))

    await worker.stop(grace=0.05)

    smtp.hang = False
    [message] = await messages(runtime, "pending")
    assert message.last_error is None  # cut off, not waited for until it failed
    assert "Current Checked out connections: 0" in runtime.database.engine.pool.status()


async def test_a_job_that_fails_is_logged_and_goes_on(
    make_runtime: Make, caplog: pytest.LogCaptureFixture
) -> None:
    job = Stumbling(failures=3)
    worker = Worker(make_runtime(), [job])

    await worker.start()
    async with asyncio.timeout(60):
        await job.worked.wait()
    await worker.stop()

    failed = [record for record in caplog.records if record.message == "job failed"]
    assert len(failed) == 3
    assert all(record.exc_info for record in failed)


async def test_a_worker_that_never_started_stops(make_runtime: Make) -> None:
    worker = Worker(make_runtime(), [])

    await worker.stop()

    assert await worker.run_once() is None  # type: ignore[func-returns-value]


async def test_one_round_delivers_what_waits_and_makes_the_first_key(
    runtime: Runtime, smtp: SmtpServer
) -> None:
    await store_messages(runtime, 2 * BATCH + 1)

    await Worker(runtime, build_jobs(runtime)).run_once()

    assert len(smtp.messages) == 2 * BATCH + 1
    async with runtime.unit_of_work(read_only=True) as uow:
        keys = await uow.signing_keys.list_published(runtime.clock.now())
    assert len(keys) == 4  # one per algorithm


async def rename_table(runtime: Runtime, old: str, new: str) -> None:
    async with runtime.database.session() as db:
        connection = await db.connection()
        await connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")
        await db.commit()


async def test_the_database_going_away_does_not_lose_a_mail(
    runtime: Runtime, smtp: SmtpServer
) -> None:
    await store_messages(runtime)
    await rename_table(runtime, "outbox", "elsewhere")

    with pytest.raises(Exception, match="outbox"):
        await MailJob(runtime).run()
    await rename_table(runtime, "elsewhere", "outbox")
    await MailJob(runtime).run()

    assert len(smtp.messages) == 1


async def test_a_mail_whose_delivery_was_not_written_down_comes_again_as_the_same(
    runtime: Runtime, smtp: SmtpServer, clock: FakeClock
) -> None:
    job = MailJob(runtime)
    await store_messages(runtime)
    smtp.hold = True
    sending = asyncio.create_task(job.run())
    await eventually(lambda: _is_claimed(runtime))
    await rename_table(runtime, "outbox", "elsewhere")
    smtp.hold = False

    with pytest.raises(Exception, match="outbox"):
        await sending
    await rename_table(runtime, "elsewhere", "outbox")
    clock.advance(seconds=job.lease.total_seconds())
    await job.run()

    assert len(smtp.messages) == 2
    assert len({message["Message-ID"] for message in smtp.messages}) == 1
    assert len(await messages(runtime, "delivered")) == 1
