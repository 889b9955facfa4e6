"""The janitor: nothing is kept longer than its table says, and nothing less long."""

import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.core.rate_limit import Limit
from app.jobs.janitor import JanitorJob
from app.jobs.signing_keys import SigningKeysJob
from app.models import Base
from app.models.audit_event import AuditEvent
from app.models.idempotency_key import IdempotencyKey
from app.models.oauth.client import OAuthClientSecret
from app.models.one_time_token import OneTimeToken
from app.models.outbox import OutboxMessage
from app.models.rate_limit import RateLimit
from app.models.session import Session
from app.models.signing_key import SigningKey
from app.models.upstream.connection import Connection
from app.models.upstream.session import UpstreamLogout
from app.repositories.statements.rate_limit import SqlStore
from app.services.server.runtime import Runtime
from app.services.server.signing_key import SigningKeyService
from app.services.sessions.session import InvalidRefreshToken, SessionTokenService
from app.services.sign_in.password import SignInService
from tests.database.test_bounds import USED
from tests.factories.oauth import ApplicationFactory
from tests.factories.session import session_of
from tests.support.chance import FakeClock
from tests.support.job import Make, add_message, add_user
from tests.support.rate_limit import take

pytest_plugins = ["tests.support.job"]
DAY = 86_400
DAYS = timedelta(seconds=DAY)
_TIMED = re.compile(r"_TTL|expire|\bday|\bhour")
# Tried here, since nothing of a year of use is in them.
ALONE = {"oauth_client_secrets", "upstream_logouts"}


@pytest.fixture
async def runtime(make_runtime: Make) -> Runtime:
    return make_runtime()


async def count(runtime: Runtime, table: type[Base]) -> int:
    async with runtime.database.session(read_only=True) as db:
        return await db.scalar(select(func.count()).select_from(table)) or 0


async def store(runtime: Runtime, rows: Sequence[Base]) -> None:
    async with runtime.unit_of_work() as uow:
        uow.db.add_all(rows)


async def clean(runtime: Runtime, batch: int = 500) -> int:
    """Run the janitor until it is done; return how many runs that took."""
    janitor, runs = JanitorJob(runtime, batch=batch), 1
    while await janitor.run():
        runs += 1
    return runs


def published(runtime: Runtime) -> list[str]:
    """Return the ids of the keys that this process publishes."""
    return [key["kid"] for key in json.loads(runtime.ring.jwks)["keys"]]


def audit_event(runtime: Runtime, at: datetime) -> AuditEvent:
    return AuditEvent(
        id=runtime.randomness.uuid7(),
        name="user.registered",
        correlation_id="",
        ip="",
        user_agent="",
        data={},
        created_at=at,
    )


def one_time_token(runtime: Runtime, expires_at: datetime) -> OneTimeToken:
    return OneTimeToken(
        id=runtime.randomness.uuid7(),
        purpose="verify_email",
        subject="ada@example.com",
        data={},
        attempts=0,
        created_at=expires_at,
        expires_at=expires_at,
    )


def idempotency_key(runtime: Runtime, expires_at: datetime) -> IdempotencyKey:
    return IdempotencyKey(
        key_hash=runtime.randomness.bytes(32),
        request_hash=b"",
        status=201,
        body="",
        expires_at=expires_at,
    )


@pytest.mark.parametrize(
    ("table", "make", "kept"),
    [
        (AuditEvent, audit_event, 365 * DAY),
        (OneTimeToken, one_time_token, DAY),
        (IdempotencyKey, idempotency_key, 0),
    ],
)
async def test_rows_go_when_their_time_is_over_and_not_before(
    runtime: Runtime, clock: FakeClock, table: type[Base], make: Any, kept: int
) -> None:
    await store(runtime, [make(runtime, clock.now())])

    clock.advance(seconds=kept)
    await clean(runtime)
    on_the_last_instant = await count(runtime, table)
    clock.advance(seconds=1)
    await clean(runtime)

    assert on_the_last_instant == 1
    assert await count(runtime, table) == 0


@pytest.mark.parametrize("column", ["delivered_at", "failed_at"])
async def test_finished_messages_go_and_waiting_ones_stay(
    runtime: Runtime, clock: FakeClock, column: str
) -> None:
    async with runtime.unit_of_work() as uow:
        waiting = add_message(uow)
        add_message(uow, **{column: clock.now()})

    clock.advance(seconds=7 * DAY + 1)
    await clean(runtime)

    async with runtime.database.session(read_only=True) as db:
        left = (await db.scalars(select(OutboxMessage.id))).all()
    assert left == [waiting.id]


@pytest.mark.parametrize("ended", ["expires_at", "revoked_at"])
async def test_ended_sessions_go_and_live_ones_stay(
    runtime: Runtime, clock: FakeClock, ended: str
) -> None:
    user = await add_user(runtime)
    far = clock.now() + timedelta(days=400)
    live, over = (session_of(runtime, user.id, far) for _ in range(2))
    setattr(over, ended, clock.now())
    await store(runtime, [live, over])

    clock.advance(seconds=30 * DAY + 1)
    await clean(runtime)

    async with runtime.database.session(read_only=True) as db:
        assert (await db.scalars(select(Session.id))).all() == [live.id]


async def test_full_buckets_go_and_counting_ones_stay(
    runtime: Runtime, clock: FakeClock
) -> None:
    buckets = SqlStore(runtime.database)
    short, long = Limit("short", 1, 10.0), Limit("long", 1, 10_000.0)
    for limit in (short, long):
        await take(buckets, "ada", limit, clock.now())

    clock.advance(seconds=1_000)
    await clean(runtime)

    assert await count(runtime, RateLimit) == 1
    assert not (await take(buckets, "ada", long, clock.now())).allowed


async def test_no_statement_deletes_more_than_a_batch(
    runtime: Runtime, clock: FakeClock
) -> None:
    await store(runtime, [idempotency_key(runtime, clock.now()) for _ in range(25)])
    clock.advance(seconds=1)

    more = await JanitorJob(runtime, batch=10).run()
    left = await count(runtime, IdempotencyKey)
    runs = await clean(runtime, batch=10)

    assert more
    assert left == 15
    assert runs == 2
    assert await count(runtime, IdempotencyKey) == 0


async def test_a_key_goes_when_its_last_token_is_dead(
    runtime: Runtime, clock: FakeClock
) -> None:
    keys = SigningKeysJob(runtime)
    await keys.run()
    first = published(runtime)

    clock.advance(days=89)  # time to announce the next one
    await keys.run()
    announced = published(runtime)
    clock.advance(days=2)
    await clean(runtime)
    await keys.run()

    assert set(first) < set(announced)
    assert await count(runtime, SigningKey) == 4  # one per algorithm
    left = published(runtime)
    assert left == [kid for kid in announced if kid not in first]


async def test_a_process_learns_the_key_that_another_one_made(
    make_runtime: Make,
) -> None:
    one, other = make_runtime(), make_runtime()
    await SigningKeysJob(one).run()

    await SigningKeysJob(other).run()

    assert published(other) == published(one) != []


async def test_every_table_says_how_long_it_keeps_its_rows() -> None:
    silent = [m.class_ for m in Base.registry.mappers if not m.class_.retention]

    assert silent == []


def test_every_table_with_a_time_is_swept_and_tried(
    runtime: Runtime, clock: FakeClock
) -> None:
    timed = {
        mapper.class_.__tablename__
        for mapper in Base.registry.mappers
        if _TIMED.search(mapper.class_.retention)
    }
    swept = JanitorJob(runtime)._sweeps(clock.now()).keys() | {
        *("rate_limits", "signing_keys", "users")  # in ways of their own, tried below
    }

    assert len(timed) > 15 and timed <= swept
    assert timed <= USED | {"idempotency_keys"} | ALONE


async def test_the_secret_of_a_client_goes_at_its_end(
    runtime: Runtime, clock: FakeClock
) -> None:
    await ApplicationFactory(runtime)()
    ends = update(OAuthClientSecret).values(expires_at=clock.now() + DAYS)
    async with runtime.unit_of_work() as uow:
        await uow.db.execute(ends)

    clock.advance(seconds=DAY - 1)
    await clean(runtime)
    before_its_end = await count(runtime, OAuthClientSecret)
    clock.advance(seconds=1)
    await clean(runtime)

    assert before_its_end == 1
    assert await count(runtime, OAuthClientSecret) == 0


async def test_a_logout_from_elsewhere_goes_when_its_token_is_too_old(
    runtime: Runtime, clock: FakeClock
) -> None:
    now, connection_id = clock.now(), runtime.randomness.uuid7()
    shape = {"kind": "oidc", "display_name": "", "enabled": True, "version": 1}
    stamps = {"settings": {}, "policy": {}, "created_at": now, "updated_at": now}
    await store(runtime, [Connection(id=connection_id, name="a", **shape, **stamps)])
    for sid in ("one", "two"):
        async with runtime.unit_of_work() as uow:
            logout_id = runtime.randomness.uuid7()
            await uow.upstream_logouts.take(
                logout_id, connection_id, subject=None, sid=sid, at=now
            )

    clock.advance(minutes=30)
    await clean(runtime)
    on_the_last_instant = await count(runtime, UpstreamLogout)
    clock.advance(seconds=1)
    runs = await clean(runtime, batch=1)

    assert on_the_last_instant == 2
    assert (await count(runtime, UpstreamLogout), runs) == (0, 3)


async def test_of_too_many_sessions_the_least_used_end(
    make_runtime: Make, clock: FakeClock
) -> None:
    runtime = make_runtime(session={"max_per_user": 3})
    await SigningKeyService(runtime).ensure()
    ann, ben = await add_user(runtime), await add_user(runtime, "ben@example.com")
    signing_in, refreshing = SignInService(runtime), SessionTokenService(runtime)
    tokens = []
    for _ in range(5):
        tokens.append(await signing_in.start(ann, "password"))
        clock.advance(seconds=1)
    kept = await signing_in.start(ben, "password")
    used = await refreshing.refresh(tokens[0].refresh_token)  # used last of all

    await clean(runtime, batch=1)

    for number, each in enumerate([used, *tokens[1:], kept]):
        if number in (1, 2):
            with pytest.raises(InvalidRefreshToken):
                await refreshing.refresh(each.refresh_token)
        else:
            await refreshing.refresh(each.refresh_token)
    async with runtime.database.session(read_only=True) as db:
        events = await db.scalars(
            select(AuditEvent).where(AuditEvent.name == "session.revoked")
        )
        told = [(event.user_id, event.data["reason"]) for event in events]
    assert told == [(ann.id, "too_many_sessions")] * 2
