"""Claims of the outbox: whose message it is, and until when."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from app.models import OutboxMessage
from app.repositories.unit_of_work import MAIL
from tests.support.api import Api
from tests.support.chance import FakeClock
from tests.support.job import messages

LEASE = timedelta(seconds=60)


async def claimed(api: Api, now: datetime) -> list[OutboxMessage]:
    """Claim as a worker does."""
    async with api.runtime.unit_of_work() as uow:
        rows = await uow.outbox.claim(
            [MAIL], now=now, lease_until=now + LEASE, limit=10
        )
        return list(rows)


async def give_up(api: Api, message: OutboxMessage) -> None:
    """Do what a worker does that could not deliver, and for good."""
    async with api.runtime.unit_of_work() as uow:
        later = uow.clock.now() + timedelta(hours=1)
        await uow.outbox.postpone(message.id, message.claims, later, "too late")
        await uow.outbox.leave(message.id, message.claims, later, "too late")
        await uow.outbox.mark_failed(message.id, message.claims, later, "too late")


async def test_a_worker_that_outlived_its_lease_cannot_touch_the_next_claim(
    api: Api, clock: FakeClock
) -> None:
    user = await api.users()
    await api.post("/auth/forgot-password", {"email": user.email})
    [late] = await claimed(api, clock.now())
    clock.advance(seconds=60)
    await claimed(api, clock.now())

    await give_up(api, late)

    [row] = await messages(api.runtime, "pending")
    assert (row.attempts, row.available_at) == (2, clock.now() + LEASE)
    assert row.failed_at is None and row.last_error is None


@pytest.mark.parametrize("is_claimed_again", [False, True])
async def test_another_try_does_not_open_the_door_to_a_late_worker(
    api: Api, clock: FakeClock, is_claimed_again: bool
) -> None:
    admin = await api.admin()
    await api.post("/auth/forgot-password", {"email": admin.email})
    [late] = await claimed(api, clock.now())
    clock.advance(seconds=60)

    retried = await api.post(f"/outbox/{late.id}/retry", None, admin)
    if is_claimed_again:
        await claimed(api, clock.now())
    await give_up(api, late)

    assert retried.status_code == 200
    [row] = await messages(api.runtime, "pending")
    assert row.failed_at is None and row.last_error is None
    assert row.attempts == int(is_claimed_again)  # the tries are counted anew


async def test_a_message_that_a_worker_has_is_not_given_to_another(
    api: Api, clock: FakeClock
) -> None:
    admin = await api.admin()
    await api.post("/auth/forgot-password", {"email": admin.email})
    [message] = await claimed(api, clock.now())

    clock.advance(seconds=59)
    busy = await api.post(f"/outbox/{message.id}/retry", None, admin)
    meanwhile = await claimed(api, clock.now())
    await give_up(api, message)
    after = await api.post(f"/outbox/{message.id}/retry", None, admin)

    assert (busy.status_code, busy.json()["code"]) == (409, "outbox_message_busy")
    assert meanwhile == []
    assert after.status_code == 200
    assert [row.id for row in await claimed(api, clock.now())] == [message.id]


async def test_a_worker_leaves_what_it_cannot_deliver_to_others(
    api: Api, clock: FakeClock
) -> None:
    user = await api.users()
    await api.post("/auth/forgot-password", {"email": user.email})
    async with api.runtime.unit_of_work() as uow:
        now = clock.now()
        other = await uow.outbox.claim(
            ["webhook"], now=now, lease_until=now + LEASE, limit=10
        )

    assert list(other) == []
    assert len(await claimed(api, clock.now())) == 1


async def test_finished_messages_are_found_without_reading_the_others(
    api: Api,
) -> None:
    query = "SELECT id FROM outbox WHERE delivered_at < :t OR failed_at < :t LIMIT 500"
    is_sqlite = api.runtime.database.is_sqlite
    explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
    async with api.runtime.database.session() as db:
        if not is_sqlite:  # it would read a small table as a whole
            await db.execute(text("SET LOCAL enable_seqscan = off"))
        at = api.runtime.clock.now()
        given = at.isoformat() if is_sqlite else at
        plan = str((await db.execute(text(explain + query), {"t": given})).all())

    assert plan.count("ix_outbox") == 2
    assert "Seq Scan" not in plan and "SCAN outbox" not in plan
