"""Batches are never larger than their limit, however the database looks for them."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core.randomness import SystemRandomness
from app.database import Database
from app.repositories.statements.rate_limit import SqlStore
from app.repositories.unit_of_work import MAIL, UnitOfWork
from tests.support.chance import FakeClock
from tests.support.job import add_message
from tests.support.rate_limit import NOW, TEN, opened, take

# What is left is to run the subquery again for each row that it is compared with, as
# the planner chooses by itself when it believes that a table is nearly empty.
_PLANS = ("hashjoin", "mergejoin", "hashagg", "sort", "material", "memoize")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with opened(database_url) as first:
        if not first.is_sqlite:
            name = first.engine.url.database
            async with first.session() as db:
                for plan in _PLANS:
                    await db.execute(
                        text(f'ALTER DATABASE "{name}" SET enable_{plan} = off')
                    )
                await db.commit()
    async with opened(database_url) as database:
        yield database


async def test_full_buckets_are_deleted_in_batches(database: Database) -> None:
    store = SqlStore(database)
    for key in "abcde":
        await take(store, key, TEN, NOW)

    sizes = [await store.delete_full(NOW + timedelta(days=1), 2) for _ in range(4)]

    assert sizes == [2, 2, 1, 0]


async def test_messages_are_claimed_in_batches(
    database: Database, clock: FakeClock
) -> None:
    now = clock.now()
    async with database.session() as db:
        uow = UnitOfWork(db, clock, SystemRandomness())
        for _ in range(5):
            add_message(uow)
        await db.commit()

    async def claim() -> int:
        async with database.session() as db:
            uow = UnitOfWork(db, clock, SystemRandomness())
            lease = now + timedelta(hours=1)
            rows = await uow.outbox.claim([MAIL], now=now, lease_until=lease, limit=2)
            await db.commit()
            return len(rows)

    assert [await claim() for _ in range(4)] == [2, 2, 1, 0]
