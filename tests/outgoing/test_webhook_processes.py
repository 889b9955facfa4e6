"""Webhooks of real processes: two deliver in order, and one killed loses nothing."""

import asyncio
import json
import signal
import time
from email.message import Message
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from app.config import Settings
from app.events.user import UserUpdated
from app.services.server.runtime import Runtime, build_runtime
from tests.conftest import SECRET
from tests.outgoing.support import add_webhook, sent, verified
from tests.servers.http import Answer, HttpServer
from tests.servers.service import ONE_ADDRESS, running

PEOPLE, EACH = 4, 6
WORKERS = ONE_ADDRESS | {
    "AUTH_SERVE_JOBS": "true",
    "AUTH_SERVE_OUTBOUND__ALLOWED_HOSTS": "127.0.0.1",
}


def _runtime(database_url: str) -> Runtime:
    return build_runtime(
        Settings.model_validate(
            {
                "database_url": database_url,
                "secret_key": SECRET,
                "outbound": {"allowed_hosts": ["127.0.0.1"]},
            }
        )
    )


async def _happen(runtime: Runtime, people: list[UUID], numbers: range) -> None:
    for number in numbers:
        for person in people:
            async with runtime.unit_of_work() as uow:
                uow.record(UserUpdated(user_id=person, fields=(str(number),)))


async def _all_delivered(runtime: Runtime, webhook_id: UUID, count: int) -> None:
    async with asyncio.timeout(60):
        while True:
            rows = await sent(runtime, webhook_id)
            if len(rows) == count and all(row.delivered_at for row in rows):
                return
            await asyncio.sleep(0.1)


async def test_two_workers_deliver_in_order_and_one_that_is_killed_loses_nothing(
    database_url: str, tmp_path: Path
) -> None:
    runtime, people = _runtime(database_url), [uuid4() for _ in range(PEOPLE)]
    with HttpServer() as receiver:
        webhook_id, secret, _ = await add_webhook(runtime, receiver.url, "user.*")
        with running(database_url, tmp_path / "a", WORKERS) as first:
            with running(database_url, tmp_path / "b", WORKERS) as other:
                await _happen(runtime, people, range(EACH))
                await _all_delivered(runtime, webhook_id, PEOPLE * EACH)
                quick = len(receiver.requests)

                receiver.handler = _slow
                await _happen(runtime, people, range(EACH, 2 * EACH))
                while len(receiver.requests) < quick + 3:
                    await asyncio.sleep(0.02)
                first.process.send_signal(signal.SIGKILL)
                await asyncio.to_thread(first.wait)
                receiver.handler = _at_once
                await asyncio.to_thread(other.stop)  # it finishes what it has
        await _shorten_leases(runtime)
        with running(database_url, tmp_path / "c", WORKERS):
            await _all_delivered(runtime, webhook_id, 2 * PEOPLE * EACH)
        requests = list(receiver.requests)
    await runtime.close()

    assert quick == PEOPLE * EACH
    for person in people:
        numbers = [
            int(body["data"]["details"]["fields"][0])
            for body in (verified(each, secret) for each in requests)
            if body["data"]["user_id"] == str(person)
        ]
        assert sorted(numbers) == numbers
        assert set(numbers) == set(range(2 * EACH))


def _slow(method: str, path: str, headers: Message, body: bytes) -> Answer:
    assert json.loads(body)["type"]
    time.sleep(0.3)
    return 204, {}, b""


def _at_once(method: str, path: str, headers: Message, body: bytes) -> Answer:
    return 204, {}, b""


async def _shorten_leases(runtime: Runtime) -> None:
    """Let time pass for what the killed worker had in hand."""
    from sqlalchemy import update

    from app.models import WebhookDelivery

    async with runtime.unit_of_work() as uow:
        change = update(WebhookDelivery).where(
            WebhookDelivery.leased_until.is_not(None)
        )
        now = uow.clock.now()
        await uow.db.execute(change.values(available_at=now, leased_until=now))


@pytest.fixture(autouse=True)
def _patience(request: pytest.FixtureRequest) -> None:
    request.node.add_marker(pytest.mark.timeout(180))
