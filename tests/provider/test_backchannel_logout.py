"""Back-channel logout: receivers are told, whatever they answer, and none delays us."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import jwt
import pytest
from sqlalchemy import select, update

from app.jobs import build_jobs
from app.jobs.backchannel_logout import BATCH, PATIENCE, BackchannelLogoutJob
from app.jobs.worker import Worker
from app.models import AuditEvent, OAuthClient
from app.oauth.subject import pairwise_subject, session_for
from app.repositories.unit_of_work import BACKCHANNEL_LOGOUT
from app.services.server.runtime import Runtime
from app.services.server.signing_key import SigningKeyService
from tests.factories.oauth import Application
from tests.servers.http import HttpServer
from tests.support.chance import FakeClock
from tests.support.job import Make, eventually, store_messages
from tests.support.session_end import listener, notices

pytest_plugins = ["tests.support.job"]
USER = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
SESSION = UUID("01890a5d-ac96-774b-bcce-b302099a8058")
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def receiver() -> Iterator[HttpServer]:
    with HttpServer() as server:
        yield server


@pytest.fixture
async def runtime(make_runtime: Make) -> AsyncIterator[Runtime]:
    made = make_runtime(outbound={"allowed_hosts": ["127.0.0.1"]})
    await SigningKeyService(made).ensure()
    yield made


async def application(
    runtime: Runtime, receiver: HttpServer, **metadata: Any
) -> Application:
    uri = f"{receiver.url}/logout?tenant=1"
    return await listener(runtime, **({"backchannel_logout_uri": uri} | metadata))


async def promise(runtime: Runtime, client: str, **changed: Any) -> None:
    """Promise a client a notice, as the end of a session does."""
    payload = {"client_id": client, "user_id": str(USER), "sid": str(SESSION)}
    async with runtime.unit_of_work() as uow:
        uow.promise(BACKCHANNEL_LOGOUT, payload | changed)


def received(receiver: HttpServer, number: int = -1) -> str:
    """Return the logout token of a request, read as a receiver's framework would."""
    request = receiver.requests[number]
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    [token] = parse_qs(request.body.decode(), strict_parsing=True)["logout_token"]
    return token


def verified(token: str, runtime: Runtime, app: Application) -> dict[str, Any]:
    """Return the claims of a logout token, by a library that is not the server's."""
    keys = jwt.PyJWKSet.from_dict(json.loads(runtime.ring.jwks))
    header = jwt.get_unverified_header(token)
    claims: dict[str, Any] = jwt.decode(
        token,
        keys[header["kid"]],
        algorithms=[header["alg"]],
        audience=app.client_id,
        issuer=runtime.settings.public_url,
        options={
            "require": ["iss", "aud", "iat", "exp", "jti", "sub"],
            "verify_exp": False,  # by the test's clock, below
            "verify_iat": False,
        },
    )
    return claims


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "PS256", "EdDSA"])
async def test_a_receiver_can_verify_what_it_is_told(
    runtime: Runtime, receiver: HttpServer, clock: FakeClock, algorithm: str
) -> None:
    """OIDC Back-Channel Logout §2.4, §2.5: the logout token, POSTed as a form."""
    app = await application(runtime, receiver, id_token_signed_response_alg=algorithm)
    await promise(runtime, app.client_id)

    await BackchannelLogoutJob(runtime).run()

    [request] = receiver.requests
    assert (request.method, request.path) == ("POST", "/logout?tenant=1")
    token = received(receiver)
    header, claims = jwt.get_unverified_header(token), verified(token, runtime, app)
    assert (header["typ"], header["alg"]) == ("logout+jwt", algorithm)
    assert set(claims) == {"iss", "sub", "aud", "iat", "exp", "jti", "sid", "events"}
    assert claims["events"] == {EVENT: {}}
    assert (claims["sub"], claims["sid"]) == (str(USER), str(SESSION))
    assert claims["iat"] == int(clock.now().timestamp())
    assert 0 < claims["exp"] - claims["iat"] <= 120
    assert len(await notices(runtime, "delivered")) == 1


async def test_a_pairwise_client_is_told_the_name_that_it_knows(
    runtime: Runtime, receiver: HttpServer
) -> None:
    """OIDC Back-Channel Logout §2.4: sub is what ID tokens to this client say."""
    app = await application(runtime, receiver, subject_type="pairwise")
    await promise(runtime, app.client_id)

    await BackchannelLogoutJob(runtime).run()

    key = runtime.secret_key.pairwise
    claims = verified(received(receiver), runtime, app)
    assert claims["sub"] == pairwise_subject(USER, "app.example.com", key)
    assert str(USER) not in json.dumps(claims)
    known = await runtime.clients.by_client_id(app.client_id)
    assert known is not None
    assert claims["sid"] == session_for(SESSION, known, key=key)
    assert str(SESSION) not in json.dumps(claims)


@pytest.mark.parametrize("status", [200, 204])
async def test_success_is_200_or_204(
    runtime: Runtime, receiver: HttpServer, status: int
) -> None:
    """OIDC Back-Channel Logout §2.8: 200, or the 204 that frameworks make of it."""
    app = await application(runtime, receiver)
    receiver.handler = lambda *_: (status, {}, b"")
    await promise(runtime, app.client_id)

    await BackchannelLogoutJob(runtime).run()

    assert len(await notices(runtime, "delivered")) == 1


@pytest.mark.parametrize("status", [201, 307, 404, 500])
async def test_f33_other_answers_are_tried_again_with_a_new_token(
    runtime: Runtime, receiver: HttpServer, clock: FakeClock, status: int
) -> None:
    app = await application(runtime, receiver)
    answers = iter([status, 204])
    elsewhere = {"Location": f"{receiver.url}/elsewhere"}
    receiver.handler = lambda *_: (next(answers), elsewhere, b"")
    job = BackchannelLogoutJob(runtime)
    await promise(runtime, app.client_id)

    await job.run()
    await job.run()
    [waiting] = await notices(runtime)
    clock.advance(seconds=PATIENCE.first)
    await job.run()

    assert waiting.last_error is not None
    assert [request.path for request in receiver.requests] == ["/logout?tenant=1"] * 2
    first, second = (
        verified(received(receiver, number), runtime, app) for number in (0, 1)
    )
    assert first["jti"] != second["jti"]
    assert second["iat"] - first["iat"] == PATIENCE.first
    [delivered] = await notices(runtime, "delivered")
    assert delivered.attempts == 2


async def test_400_is_given_up_and_kept_as_evidence(
    runtime: Runtime, receiver: HttpServer
) -> None:
    """OIDC Back-Channel Logout §2.8: 400 says that the receiver failed or refused."""
    app = await application(runtime, receiver)
    receiver.handler = lambda *_: (400, {}, b'{"error": "invalid_request"}')
    await promise(runtime, app.client_id)

    await BackchannelLogoutJob(runtime).run()

    [failed] = await notices(runtime, "failed")
    assert failed.last_error == "the client answered 400"
    assert await evidence(runtime) == [
        {
            "client_id": app.client_id,
            "session_id": str(SESSION),
            "reason": "the client answered 400",
        }
    ]


async def evidence(runtime: Runtime) -> list[dict[str, Any]]:
    async with runtime.unit_of_work(read_only=True) as uow:
        query = select(AuditEvent.data)
        query = query.where(AuditEvent.name == "oauth_logout.notice_failed")
        return list(await uow.db.scalars(query))


async def test_f33_a_dead_receiver_is_tried_for_hours_and_then_given_up(
    runtime: Runtime, receiver: HttpServer, clock: FakeClock
) -> None:
    app = await application(runtime, receiver)
    receiver.handler = lambda *_: (500, {}, b"")
    job = BackchannelLogoutJob(runtime)
    await promise(runtime, app.client_id)
    began = clock.now()

    while waiting := await notices(runtime):
        wait = waiting[0].available_at - clock.now()
        clock.advance(seconds=wait.total_seconds())
        await job.run()

    [failed] = await notices(runtime, "failed")
    assert failed.attempts == PATIENCE.tries
    assert (clock.now() - began).total_seconds() > 4 * 3_600
    assert len(await evidence(runtime)) == 1


async def test_t160_an_internal_address_is_refused_when_it_is_called(
    make_runtime: Make, receiver: HttpServer
) -> None:
    runtime = make_runtime()  # nothing internal is allowed
    await SigningKeyService(runtime).ensure()
    app = await application(runtime, receiver)
    await promise(runtime, app.client_id)

    await BackchannelLogoutJob(runtime).run()

    [failed] = await notices(runtime, "failed")
    assert "may not be called" in (failed.last_error or "")
    assert len(await evidence(runtime)) == 1
    assert receiver.connections == 0


@pytest.mark.parametrize(
    "change",
    [
        {"status": "disabled"},
        {"document": {"redirect_uris": ["https://app.example.com/cb"]}},
    ],
)
async def test_who_wants_no_notices_any_more_gets_none(
    runtime: Runtime,
    receiver: HttpServer,
    caplog: pytest.LogCaptureFixture,
    change: dict[str, Any],
) -> None:
    app = await application(runtime, receiver)
    await promise(runtime, app.client_id)
    async with runtime.unit_of_work() as uow:
        await uow.db.execute(update(OAuthClient).values(**change))

    with caplog.at_level("INFO", "auth_serve.backchannel_logout"):
        await BackchannelLogoutJob(runtime).run()

    assert receiver.requests == []
    assert len(await notices(runtime, "failed")) == 1
    assert await evidence(runtime) == []
    assert [record.levelname for record in caplog.records] == ["INFO"]  # all is well


@pytest.mark.parametrize(
    "changed", [{"user_id": "nobody"}, {"sid": None}, {"client_id": "gone"}]
)
async def test_a_message_that_makes_no_sense_fails_and_holds_up_no_other(
    runtime: Runtime, receiver: HttpServer, changed: dict[str, Any]
) -> None:
    app = await application(runtime, receiver)
    await promise(runtime, app.client_id, **changed)
    await promise(runtime, app.client_id)

    await BackchannelLogoutJob(runtime).run()

    assert len(receiver.requests) == 1
    assert len(await notices(runtime, "failed")) == 1


async def test_f33_receivers_that_hang_delay_neither_mail_nor_more_than_a_batch(
    runtime: Runtime, receiver: HttpServer
) -> None:
    app = await application(runtime, receiver)
    let_go = threading.Event()
    receiver.handler = lambda *_: (let_go.wait(20) and 204 or 500, {}, b"")
    for _ in range(BATCH + 3):
        await promise(runtime, app.client_id)
    await store_messages(runtime)
    worker = Worker(runtime, build_jobs(runtime))

    await worker.start()
    try:
        await eventually(lambda: _mail_is_kept(runtime))
        await eventually(lambda: _asked(receiver, BATCH))
        pending = await notices(runtime)
    finally:
        let_go.set()
        await worker.stop()

    assert len(pending) == BATCH + 3  # none was answered while the mail left
    assert sum(message.attempts for message in pending) == BATCH


async def _mail_is_kept(runtime: Runtime) -> bool:
    return bool(runtime.mailbox.list())


async def _asked(receiver: HttpServer, count: int) -> bool:
    return len(receiver.requests) >= count


async def test_f33_a_notice_survives_the_process_that_was_sending_it(
    make_runtime: Make, runtime: Runtime, receiver: HttpServer, clock: FakeClock
) -> None:
    app = await application(runtime, receiver)
    let_go = threading.Event()
    receiver.handler = lambda *_: (let_go.wait(20) and 204 or 500, {}, b"")
    await promise(runtime, app.client_id)
    job = BackchannelLogoutJob(runtime)
    dying = asyncio.create_task(job.run())
    await eventually(lambda: _asked(receiver, 1))
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    let_go.set()

    survivor = make_runtime(outbound={"allowed_hosts": ["127.0.0.1"]})
    await SigningKeyService(survivor).load()
    clock.advance(seconds=job.lease.total_seconds())
    await BackchannelLogoutJob(survivor).run()

    assert len(receiver.requests) == 2
    assert len(await notices(survivor, "delivered")) == 1
