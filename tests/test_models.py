"""What the tables promise, on both databases."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, StatementError

from app.models import Base, Session, User
from tests.support.api import Api


async def test_an_instant_keeps_its_zone_and_its_microseconds(api: Api) -> None:
    far = timezone(timedelta(hours=14))
    instant = datetime(2026, 3, 1, 1, 2, 3, 456789, far)
    user = await api.users(last_sign_in_at=instant)

    async with api.runtime.database.session() as db:
        found = await db.scalar(select(User.last_sign_in_at).where(User.id == user.id))

    assert found == instant
    assert found is not None and found.tzinfo is UTC or found.utcoffset() == timedelta()


async def test_a_naive_instant_is_refused(api: Api) -> None:
    with pytest.raises(StatementError):
        await api.users(last_sign_in_at=datetime(2026, 1, 1))


async def test_one_account_per_canonical_address(api: Api) -> None:
    await api.users(email="jos\u00e9@example.com")

    with pytest.raises(IntegrityError):
        await api.users(email="JOSE\u0301@EXAMPLE.com")


async def test_what_belongs_to_a_user_goes_with_the_user(api: Api) -> None:
    person = await api.person()

    async with api.runtime.database.session() as db:
        await db.execute(text("DELETE FROM users"))
        await db.commit()
        left = (await db.scalars(select(Session))).all()

    assert person.id is not None
    assert left == []


async def test_an_unknown_status_is_refused_by_the_database(api: Api) -> None:
    with pytest.raises(IntegrityError):
        await api.users(status="superuser")


def test_every_table_says_until_when_its_rows_are_kept() -> None:
    assert all(mapper.class_.retention for mapper in Base.registry.mappers)
