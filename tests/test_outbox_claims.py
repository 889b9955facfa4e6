"""Claims of the outbox: whose message it is, and until when."""

from datetime import timedelta

from sqlalchemy import select

from app.models import OutboxMessage
from tests.api import Api


async def test_a_worker_that_outlived_its_lease_cannot_touch_the_next_claim(
    api: Api,
) -> None:
    user = await api.users()
    await api.post("/auth/forgot-password", {"email": user.email})
    now, lease = api.runtime.clock.now(), timedelta(seconds=60)
    async with api.runtime.unit_of_work() as uow:
        first = await uow.outbox.claim(now=now, lease_until=now + lease, limit=1)
        late, claim = first[0].id, first[0].attempts
    async with api.runtime.unit_of_work() as uow:
        later = now + 2 * lease
        await uow.outbox.claim(now=later, lease_until=later + lease, limit=1)

    async with api.runtime.unit_of_work() as uow:
        await uow.outbox.postpone(late, claim, now + timedelta(hours=1), "too late")
        await uow.outbox.mark_failed(late, claim, now, "too late")

    async with api.runtime.database.session() as db:
        row = (await db.scalars(select(OutboxMessage))).one()
    assert (row.attempts, row.available_at) == (2, later + lease)
    assert row.failed_at is None and row.last_error is None
