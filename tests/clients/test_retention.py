"""Clients that nobody uses, and secrets that ended: swept, and nothing else."""

import pytest
from sqlalchemy import select

from app.jobs.janitor import JanitorJob
from app.models.audit_event import AuditEvent
from app.models.oauth.client import (
    NOBODY,
    REGISTRATION_TOKEN,
    OAuthClient,
    OAuthClientSecret,
)
from app.models.oauth.grant import OAuthGrant
from app.services.clients.change import new_client
from app.services.clients.client import OAuthClientService
from app.services.clients.directory import metadata_of
from app.services.server.runtime import Runtime
from tests.factories.oauth import ApplicationFactory, CodeFactory
from tests.support.chance import FakeClock
from tests.support.job import Make, add_user

pytest_plugins = ["tests.support.job"]
WEB = {"redirect_uris": ["https://app.example/cb"]}


@pytest.fixture
async def runtime(make_runtime: Make) -> Runtime:
    return make_runtime()


async def test_clients_that_registered_themselves_go_when_nobody_uses_them(
    runtime: Runtime, clock: FakeClock
) -> None:
    async with runtime.unit_of_work() as uow:
        made, _ = await OAuthClientService(uow, runtime).create(WEB, {}, "made")
        metadata = metadata_of(made)
        for name in ("unused", "used-once", "in-use"):
            new_client(
                uow,
                name,
                metadata,
                is_self_registered=True,
                vouched_by=REGISTRATION_TOKEN,
            )
    clock.advance(days=60)
    async with runtime.unit_of_work() as uow:
        for name in ("used-once", "in-use"):
            row = await uow.oauth_clients.by_client_id(name)
            assert row is not None
            row.last_used_at = uow.clock.now()
        new_client(
            uow,
            "new",
            metadata,
            is_self_registered=True,
            vouched_by=REGISTRATION_TOKEN,
        )

    async def left() -> set[str]:
        while await JanitorJob(runtime, batch=1).run():
            pass
        async with runtime.database.session(read_only=True) as db:
            return set(await db.scalars(select(OAuthClient.client_id)))

    before = await left()
    clock.advance(days=30, seconds=1)
    first = await left()
    async with runtime.unit_of_work() as uow:
        row = await uow.oauth_clients.by_client_id("in-use")
        assert row is not None
        row.last_used_at = uow.clock.now()
    clock.advance(days=60)
    last = await left()

    assert before == {"made", "unused", "used-once", "in-use", "new"}
    assert first == {"made", "used-once", "in-use", "new"}
    assert last == {"made", "in-use"}
    async with runtime.database.session(read_only=True) as db:
        query = select(AuditEvent.data).where(AuditEvent.name == "oauth_client.deleted")
        events = list(await db.scalars(query.order_by(AuditEvent.id)))
    assert {event["client_id"] for event in events} == {"unused", "used-once", "new"}
    assert {event["reason"] for event in events} == {"unused"}


async def test_what_a_stranger_registered_and_nobody_used_goes_early(
    runtime: Runtime, clock: FakeClock
) -> None:
    """Or open registration would hold for 90 days whatever it was asked for."""
    async with runtime.unit_of_work() as uow:
        made, _ = await OAuthClientService(uow, runtime).create(WEB, {}, "made")
        metadata = metadata_of(made)
        for name, voucher in (
            ("vouched-for", REGISTRATION_TOKEN),
            ("strangers", NOBODY),
            ("of-before", None),
            ("used", NOBODY),
        ):
            row = new_client(uow, name, metadata, is_self_registered=True)
            row.vouched_by = voucher
        await uow.db.flush()
        now = uow.clock.now()
        await uow.oauth_clients.note_use("used", now, now)

    async def left() -> set[str]:
        await JanitorJob(runtime).run()
        async with runtime.database.session(read_only=True) as db:
            return set(await db.scalars(select(OAuthClient.client_id)))

    clock.advance(days=7)
    week = await left()
    clock.advance(seconds=1)

    assert week == {"made", "vouched-for", "strangers", "of-before", "used"}
    assert await left() == {"made", "vouched-for", "used"}


async def test_a_client_whose_people_only_refresh_is_in_use(
    runtime: Runtime, clock: FakeClock
) -> None:
    application = await ApplicationFactory(runtime)(
        columns={"is_self_registered": True}
    )
    issued = await CodeFactory(runtime)(
        application, await add_user(runtime), "openid offline_access"
    )
    clock.advance(days=100)
    async with runtime.unit_of_work() as uow:
        grant = await uow.db.get_one(OAuthGrant, issued.grant_id)
        grant.refreshed_at = uow.clock.now()

    async def is_left() -> bool:
        await JanitorJob(runtime).run()
        async with runtime.database.session(read_only=True) as db:
            return await db.get(OAuthClient, application.client_id) is not None

    in_use = await is_left()
    clock.advance(days=91)

    assert in_use
    assert not await is_left()


async def test_secrets_go_when_they_ended(runtime: Runtime, clock: FakeClock) -> None:
    async with runtime.unit_of_work() as uow:
        clients = OAuthClientService(uow, runtime)
        await clients.create(WEB, {}, "made")
        rotated = await clients.rotate_secret("made")

    async def left() -> int:
        await JanitorJob(runtime).run()
        async with runtime.database.session(read_only=True) as db:
            rows = list(await db.scalars(select(OAuthClientSecret)))
        assert rotated.row.id in {row.id for row in rows}
        return len(rows)

    assert await left() == 2
    clock.advance(days=7)
    assert await left() == 1
