"""Webhooks on the wire: signed, in order, again and again, and in the end given up."""

import json
from collections.abc import AsyncIterator, Iterator
from email.message import Message
from uuid import UUID, uuid4

import pytest
from standardwebhooks import WebhookVerificationError

from app.core.secret_key import SecretKey
from app.events.user import UserUpdated
from app.jobs.janitor import JanitorJob
from app.jobs.webhook import (
    DISABLE_AFTER,
    PER_ENDPOINT,
    WAITS,
    WebhookJob,
    webhook_jobs,
)
from app.models import AuditEvent
from app.policies.permission import operator
from app.repositories.unit_of_work import evidence
from app.services.outgoing.fan_out import FanOut
from app.services.outgoing.webhook import SWITCHED_OFF, WebhookService
from app.services.server.attention import AttentionService
from app.services.server.runtime import Runtime
from tests.outgoing.support import add_webhook, sent, stored, told, verified, work
from tests.servers.http import Answer, HttpServer
from tests.support.chance import FakeClock
from tests.support.job import Make

pytest_plugins = ["tests.support.job"]


@pytest.fixture
def receiver() -> Iterator[HttpServer]:
    with HttpServer() as server:
        yield server


@pytest.fixture
async def runtime(make_runtime: Make) -> AsyncIterator[Runtime]:
    yield make_runtime(outbound={"allowed_hosts": ["127.0.0.1"]})


async def happened(runtime: Runtime, user_id: UUID, *fields: str) -> None:
    async with runtime.unit_of_work() as uow:
        uow.record(UserUpdated(user_id=user_id, fields=fields or ("name",)))


def answering(*statuses: int) -> "Script":
    return Script(list(statuses))


class Script:
    """Answers one status after another, the last one for ever."""

    def __init__(self, statuses: list[int]) -> None:
        self.statuses = statuses

    def __call__(self, method: str, path: str, headers: Message, body: bytes) -> Answer:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return status, {"Location": "http://127.0.0.1:1/"}, b"secret of the receiver"


async def test_an_event_arrives_signed_and_says_what_the_trail_says(
    runtime: Runtime, receiver: HttpServer
) -> None:
    ann = uuid4()
    _, secret, job = await add_webhook(runtime, f"{receiver.url}/h?a=1", "user.*")

    await happened(runtime, ann, "name", "locale")
    await work(job)

    [request] = receiver.requests
    body = verified(request, secret)
    assert request.path == "/h?a=1" and request.method == "POST"
    assert body["type"] == "user.updated"
    assert body["data"]["user_id"] == str(ann)
    assert body["data"]["details"] == {"fields": ["name", "locale"]}
    assert body["data"]["id"] == request.headers["webhook-id"]
    assert set(body) == {"type", "timestamp", "data"}
    with pytest.raises(WebhookVerificationError):
        verified(request, "whsec_" + "A" * 44)


async def test_a_new_endpoint_is_not_told_of_the_past_nor_of_what_it_did_not_want(
    runtime: Runtime, receiver: HttpServer
) -> None:
    ann = uuid4()
    await happened(runtime, ann, "before")
    _, _, job = await add_webhook(runtime, receiver.url, "user.updated")

    await happened(runtime, ann, "after")
    await work(job)

    assert [each["data"]["details"]["fields"] for each in told(receiver)] == [["after"]]


async def test_while_a_secret_is_rotated_both_sign(
    runtime: Runtime, receiver: HttpServer, clock: FakeClock
) -> None:
    webhook_id, old, job = await add_webhook(runtime, receiver.url, "user.*")
    async with runtime.unit_of_work() as uow:
        service = WebhookService(uow, runtime)
        _, new = await service.rotate(operator(clock.now()), webhook_id, 60)

    await happened(runtime, uuid4())
    await work(job)
    clock.advance(seconds=61)
    await happened(runtime, uuid4())
    await work(job)

    both, one = receiver.requests
    assert verified(both, old) == verified(both, new)
    assert verified(one, new)
    with pytest.raises(WebhookVerificationError):
        verified(one, old)
    row = await stored(runtime, webhook_id)
    assert old.encode() not in row.secret and new.encode() not in row.secret


async def test_a_secret_before_that_does_not_open_keeps_no_event_back_and_is_told(
    runtime: Runtime, receiver: HttpServer, caplog: pytest.LogCaptureFixture
) -> None:
    webhook_id, _, job = await add_webhook(runtime, receiver.url, "user.*")
    async with runtime.unit_of_work() as uow:
        service = WebhookService(uow, runtime)
        row, new = await service.rotate(operator(uow.clock.now()), webhook_id, 60)
        lost = SecretKey("another-" + "x" * 40)
        row.previous_secret = lost.seal(b"whsec_eA==", b"n" * 12, "webhooks")

    await happened(runtime, uuid4())
    await work(job)

    assert verified(receiver.requests[0], new)
    assert "key status" in caplog.text and str(webhook_id) not in caplog.text
    assert [each.webhook_id for each in caplog.records if hasattr(each, "webhook_id")]


async def test_what_is_about_one_person_waits_for_what_was_before_and_no_other_does(
    runtime: Runtime, receiver: HttpServer, clock: FakeClock
) -> None:
    ann, bob = uuid4(), uuid4()
    _, _, job = await add_webhook(runtime, receiver.url, "user.*")
    receiver.handler = answering(500, 204)

    for number in ("1", "2", "3"):
        await happened(runtime, ann, number)
    await work(job)  # the first fails, and holds the others back
    await happened(runtime, bob, "bob")
    await work(job)
    clock.advance(seconds=WAITS[0] * 1.2)
    await work(job)

    fields = [each["data"]["details"]["fields"][0] for each in told(receiver)]
    assert fields == ["1", "bob", "1", "2", "3"]
    ids = [request.headers["webhook-id"] for request in receiver.requests]
    assert ids[0] == ids[2] and len(set(ids)) == 4


async def test_an_event_that_commits_behind_a_later_one_is_sent_as_well(
    runtime: Runtime, receiver: HttpServer, clock: FakeClock
) -> None:
    _, _, job = await add_webhook(runtime, receiver.url, "user.*")
    early = runtime.randomness.uuid7()
    await happened(runtime, uuid4(), "later")
    await work(job)
    clock.advance(seconds=30)
    await work(job)

    async with runtime.unit_of_work() as uow:
        event = UserUpdated(user_id=uuid4(), fields=("earlier",))
        uow.db.add(AuditEvent(**evidence(event, early, clock.now())))
    clock.advance(seconds=11)
    await work(job)
    clock.advance(seconds=300)
    await work(job)

    fields = [each["data"]["details"]["fields"][0] for each in told(receiver)]
    assert fields == ["later", "earlier"]


@pytest.mark.parametrize("status", [302, 400, 429, 500])
async def test_a_failure_is_tried_again_and_of_its_answer_the_status_is_kept(
    runtime: Runtime, receiver: HttpServer, clock: FakeClock, status: int
) -> None:
    webhook_id, secret, job = await add_webhook(runtime, receiver.url, "user.*")
    receiver.handler = answering(status, 200)
    await happened(runtime, uuid4())

    await work(job)
    [first] = await sent(runtime, webhook_id)
    await work(job)
    early = len(receiver.requests)
    clock.advance(seconds=WAITS[0] * 1.2)
    await work(job)

    [last] = await sent(runtime, webhook_id)
    assert early == 1 and len(receiver.requests) == 2
    assert (first.last_status, first.attempts) == (status, 1)
    assert "secret of the receiver" not in (first.last_error or "")
    assert (last.last_status, last.attempts) == (200, 2)
    assert last.delivered_at and last.last_error is None
    assert (await stored(runtime, webhook_id)).failures == 0


async def test_a_delivery_is_dead_in_the_end_and_the_next_one_has_its_turn(
    runtime: Runtime, receiver: HttpServer, clock: FakeClock
) -> None:
    ann = uuid4()
    webhook_id, _, job = await add_webhook(runtime, receiver.url, "user.*")
    receiver.handler = answering(*[503] * (len(WAITS) + 1), 204)
    await happened(runtime, ann, "1")
    await happened(runtime, ann, "2")

    for wait in (*WAITS, 0):
        await work(job)
        clock.advance(seconds=max(wait, 900) * 1.2)
    await work(job)

    first, second = await sent(runtime, webhook_id)
    assert first.failed_at and first.attempts == len(WAITS) + 1
    assert second.delivered_at and second.attempts == 1


async def test_one_dead_receiver_holds_no_other_and_is_switched_off_in_the_end(
    runtime: Runtime, make_runtime: Make, receiver: HttpServer, clock: FakeClock
) -> None:
    other = make_runtime(outbound={"allowed_hosts": ["127.0.0.1"]})
    with HttpServer() as dead:
        dead.handler = answering(500)
        webhook_id, _, job = await add_webhook(runtime, dead.url, "user.*")
        await add_webhook(runtime, receiver.url, "user.*")
        for _ in range(3 * PER_ENDPOINT):
            await happened(runtime, uuid4())
        await work(job)

        assert len(receiver.requests) == 3 * PER_ENDPOINT
        assert len(dead.requests) == PER_ENDPOINT  # then it is left alone
        clock.advance(seconds=20)
        await work(WebhookJob(other))  # whose own circuit to it is closed
        assert len(dead.requests) == PER_ENDPOINT
        clock.advance(seconds=DISABLE_AFTER.total_seconds())
        await work(job)
        clock.advance(seconds=1_000)
        await work(job)

    row = await stored(runtime, webhook_id)
    assert (row.enabled, row.disabled_reason) == (False, "failing")
    ended = await sent(runtime, webhook_id)
    assert all(each.failed_at for each in ended)
    reasons = [each.last_error or "" for each in ended]
    assert len([reason for reason in reasons if "server error" in reason]) == 1
    async with runtime.unit_of_work(read_only=True) as uow:
        found = await AttentionService(runtime).concerns(uow, None)
    assert "webhook_off" in [each.kind for each in found]


async def test_what_an_endpoint_has_no_turn_for_within_a_week_is_given_up(
    runtime: Runtime, receiver: HttpServer, clock: FakeClock
) -> None:
    """One that succeeds now and then is never switched off, however much waits."""
    webhook_id, _, job = await add_webhook(runtime, receiver.url, "user.*")
    receiver.handler = answering(500)
    for _ in range(PER_ENDPOINT + 2):
        await happened(runtime, uuid4())
    await work(job)
    clock.advance(seconds=7 * 86_400 - 60)
    await happened(runtime, uuid4())
    await FanOut(runtime).advance(webhook_id)
    clock.advance(seconds=90)
    janitor = JanitorJob(runtime)
    await janitor.run()
    just_begun = await sent(runtime, webhook_id)
    clock.advance(seconds=3_600)

    await janitor.run()

    *old, young = await sent(runtime, webhook_id)
    assert not any(each.failed_at for each in just_begun)  # it may be drained yet
    given_up = [each for each in old if each.failed_at]
    assert len(given_up) == len(old) and young.failed_at is None
    assert {each.last_error for each in given_up} == {
        "it was due for a week: the endpoint takes less than happens"
    }


async def test_an_endpoint_that_is_gone_is_switched_off_at_once(
    runtime: Runtime, receiver: HttpServer
) -> None:
    webhook_id, _, job = await add_webhook(
        runtime, f"{receiver.url}/hidden?key=x", "user.*"
    )
    receiver.handler = answering(410)
    ann = uuid4()
    await happened(runtime, ann)
    await happened(runtime, ann)

    await work(job)

    row = await stored(runtime, webhook_id)
    assert (row.enabled, row.disabled_reason) == (False, "gone")
    tried, waiting = await sent(runtime, webhook_id)
    assert tried.failed_at and waiting.failed_at
    assert "410" in (tried.last_error or "") and tried.last_status == 410
    assert waiting.last_error == SWITCHED_OFF
    async with runtime.unit_of_work(read_only=True) as uow:
        rows = await uow.audit_events.list_page(
            name="webhook.disabled", after=None, limit=5
        )
    assert [each.data["reason"] for each in rows] == ["gone"]
    assert [each.data["url"] for each in rows] == [receiver.url]


async def test_who_takes_long_keeps_back_nobody_elses_events(
    runtime: Runtime, receiver: HttpServer, clock: FakeClock
) -> None:
    quick, slow = webhook_jobs(runtime)

    def dawdling(method: str, path: str, headers: Message, body: bytes) -> Answer:
        clock.advance(seconds=2)
        return 204, {}, b""

    with HttpServer() as tarpit:
        tarpit.handler = dawdling
        for url in (tarpit.url, receiver.url):
            await add_webhook(runtime, url, "user.*")
        await happened(runtime, uuid4())
        await work(quick)
        await happened(runtime, uuid4())
        await work(quick)
        before = len(tarpit.requests)
        await work(slow)
        after = len(tarpit.requests)
        clock.advance(seconds=601)
        await happened(runtime, uuid4())
        await work(quick)

        assert (before, after, len(tarpit.requests)) == (1, 2, 3)
    assert len(receiver.requests) == 3


async def test_t161_an_internal_address_is_never_called(
    make_runtime: Make, receiver: HttpServer, clock: FakeClock
) -> None:
    allowed = make_runtime(outbound={"allowed_hosts": ["127.0.0.1"]})
    webhook_id, _, _ = await add_webhook(allowed, receiver.url, "user.*")
    closed = make_runtime()
    clock.advance(seconds=1)
    await happened(closed, uuid4())

    await work(WebhookJob(closed))

    assert receiver.connections == 0
    [delivery] = await sent(closed, webhook_id)
    assert "may not be called" in (delivery.last_error or "")
    assert "127.0.0.1" not in (delivery.last_error or "")


async def test_a_worker_that_died_gives_its_delivery_back(
    runtime: Runtime, receiver: HttpServer, clock: FakeClock
) -> None:
    webhook_id, _, job = await add_webhook(runtime, receiver.url, "user.*")
    await happened(runtime, uuid4())
    await job._fan_out.advance(webhook_id)
    async with runtime.unit_of_work() as uow:
        now = clock.now()
        taken = await uow.webhook_deliveries.claim(
            webhook_id, now=now, lease_until=now + job.lease, limit=5
        )
    await work(job)
    before = len(receiver.requests)

    clock.advance(seconds=job.lease.total_seconds() + 1)
    await work(WebhookJob(runtime))

    assert len(taken) == 1 and before == 0
    assert [json.loads(r.body)["type"] for r in receiver.requests] == ["user.updated"]
