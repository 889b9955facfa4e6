"""What is looked at, and not counted: pools, circuits, keys, the outbox, the loop."""

import asyncio
from contextlib import suppress

import pytest
from sqlalchemy import text, update

from app.jobs.sampling import SamplingJob
from app.models.outbox import OutboxMessage
from app.services.process import measures
from tests.metrics.test_metrics import TOKEN, named, scraped
from tests.support.api import Api
from tests.support.chance import FakeClock


@pytest.fixture
def options() -> dict[str, object]:
    return {"metrics": {"token": TOKEN}, "database": {"pool_size": 2}}


async def test_the_outbox_tells_how_much_waits_and_for_how_long(
    api: Api, clock: FakeClock
) -> None:
    await api.person()
    for address in ("ann@example.org", "bob@example.org", "eve@example.org"):
        body = {"email": address, "password": "correct horse battery staple"}
        assert (await api.post("/auth/register", body)).status_code < 300
    async with api.runtime.database.session() as db:
        given_up = update(OutboxMessage).where(OutboxMessage.attempts == 0)
        one = await db.scalar(text("SELECT min(CAST(id AS text)) FROM outbox"))
        await db.execute(
            given_up.where(text("CAST(id AS text) = :one").bindparams(one=one)).values(
                failed_at=clock.now()
            )
        )
        await db.commit()
    clock.advance(seconds=900)

    found = await scraped(api)

    waiting = found[named("auth_serve_outbox_pending", kind="mail")]
    assert waiting >= 2
    assert found[named("auth_serve_outbox_failed", kind="mail")] == 1
    assert found[named("auth_serve_outbox_oldest_seconds", kind="mail")] >= 900
    assert found[named("auth_serve_outbox_pending", kind="backchannel_logout")] == 0


async def test_many_scrapes_ask_the_database_once(
    api: Api, clock: FakeClock, asked: list[str]
) -> None:
    await asyncio.gather(*(scraped(api) for _ in range(5)))
    assert len([each for each in asked if "outbox" in each]) == 1

    clock.advance(seconds=6)
    await scraped(api)
    assert len([each for each in asked if "outbox" in each]) == 2


async def test_a_database_that_fails_takes_only_the_outbox_away(api: Api) -> None:
    async with api.runtime.database.session() as db:
        await db.execute(text("DROP TABLE outbox"))
        await db.commit()

    found = await scraped(api)

    names = {name for name, _ in found}
    assert "auth_serve_outbox_pending" not in names
    assert "auth_serve_processes" in names


async def test_connections_in_use_and_waiting_are_told(api: Api) -> None:
    database = api.runtime.database
    async with database.session() as one, database.session(read_only=True) as two:
        await two.execute(text("SELECT 1"))
        await one.execute(text("SELECT 1"))
        third = asyncio.create_task(api.get("/users/me"))
        fourth = asyncio.create_task(_select(api))
        for _ in range(20):
            await asyncio.sleep(0)
        state = database.pool_state()
        assert state is not None
        assert (state.in_use, state.most) == (2, 2)
        assert state.waiting == 1
    await asyncio.gather(third, fourth)

    found = await scraped(api)
    assert found[named("auth_serve_database_connections_max")] == 2
    assert found[named("auth_serve_database_connections_waiting")] == 0


async def _select(api: Api) -> None:
    async with api.runtime.database.session(read_only=True) as db:
        await db.execute(text("SELECT 1"))


async def test_circuits_are_told_by_kind_and_name_no_host(api: Api) -> None:
    for name in ("smtp:mail.internal", "client:https://a.example/", "api.internal:1"):
        breaker = api.runtime.breakers.get(
            name, expected=(OSError,), failure_threshold=1
        )
        with suppress(OSError):
            async with breaker:
                raise OSError

    found = await scraped(api)

    circuits = "auth_serve_circuit_breakers"
    for kind in ("smtp", "client", "outbound"):
        assert found[named(circuits, kind=kind, state="open")] == 1
    assert found[named(circuits, kind="valkey", state="open")] == 0
    assert not any("internal" in str(labels) for _, labels in found)


async def test_keys_tell_how_long_they_sign(api: Api, clock: FakeClock) -> None:
    before = await scraped(api)
    clock.advance(days=10)
    after = await scraped(api)

    age = named("auth_serve_signing_key_age_seconds", algorithm="ES256")
    assert after[age] - before[age] == pytest.approx(864_000, abs=60)
    assert after[named("auth_serve_signing_key_lifetime_seconds")] == 90 * 86_400


async def test_the_secret_key_tells_its_age_and_how_far_its_rotation_is(
    api: Api, clock: FakeClock
) -> None:
    names = "keys", "key_age_seconds", "key_values_left"
    keys, age, left = (named(f"auth_serve_secret_{name}") for name in names)
    clock.advance(days=10)
    before = await scraped(api)
    async with api.runtime.unit_of_work() as uow:
        await uow.kept_keys.begin_sealing("another", clock.now())
        await uow.kept_keys.note_left("another", 7, clock.now())
    clock.advance(seconds=6)
    during = await scraped(api)

    assert (before[keys], before[left]) == (1, 0)
    assert before[age] == pytest.approx(864_000, abs=60)
    assert (during[keys], during[left]) == (2, 7)


async def test_a_loop_that_is_blocked_is_late(api: Api) -> None:
    monitoring = api.runtime.monitoring
    assert monitoring is not None
    job = SamplingJob(monitoring)

    async def block() -> None:
        import time

        await asyncio.sleep(0.01)
        time.sleep(0.3)  # noqa: ASYNC251

    await asyncio.gather(job.run(), block())

    metrics = api.runtime.metrics
    assert metrics is not None
    [lag] = [each for each in metrics.read() if each.family is measures.LOOP_LAG]
    assert lag.numbers[-1] > 0.1
