"""For tests of jobs: runtimes as several processes have them, and a filled outbox.

Imported before it is a plugin, so without its asserts: PYTEST_DONT_REWRITE.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from app.config import Settings
from app.models import OutboxMessage, User
from app.repositories.unit_of_work import UnitOfWork
from app.services.accounts.change import new_user
from app.services.server.runtime import Runtime, build_runtime
from tests.support.chance import FakeClock

SECRET = "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz"
Make = Callable[..., Runtime]


@pytest.fixture
async def make_runtime(database_url: str, clock: FakeClock) -> AsyncIterator[Make]:
    """Return a function that makes runtimes on one database, one per process."""
    made: list[Runtime] = []

    def make(**settings: Any) -> Runtime:
        values = {
            "database_url": database_url,
            "secret_key": SECRET,
            "limits": {"store": "memory"},
        }
        given = Settings.model_validate(values | settings)
        made.append(build_runtime(given, clock=clock))
        return made[-1]

    yield make
    for runtime in made:
        await runtime.close()


async def add_user(runtime: Runtime, email: str = "ada@example.com") -> User:
    """Store an account without a password."""
    async with runtime.unit_of_work() as uow:
        return uow.users.add(new_user(uow, email))


def add_message(uow: UnitOfWork, **columns: Any) -> OutboxMessage:
    """Store a mail without a link."""
    now = uow.clock.now()
    payload: dict[str, Any] = {
        "template": "password_changed",
        "to": "ada@example.com",
        "locale": None,
        "token_id": None,
        "data": {},
    }
    values: dict[str, Any] = {
        "id": uow.randomness.uuid7(),
        "kind": "mail",
        "payload": payload | columns.pop("payload", {}),
        "created_at": now,
        "available_at": now,
        "expires_at": None,
        "attempts": 0,
        "claims": 0,
    }
    return uow.outbox.add(OutboxMessage(**values | columns))


async def store_messages(runtime: Runtime, count: int = 1, **columns: Any) -> None:
    """Store some mails without a link."""
    async with runtime.unit_of_work() as uow:
        for _ in range(count):
            add_message(uow, **columns)


async def messages(runtime: Runtime, state: str) -> list[OutboxMessage]:
    """Return what is ``pending``, ``failed`` or ``delivered``."""
    async with runtime.unit_of_work(read_only=True) as uow:
        return list(await uow.outbox.list_page(state, after=None, limit=200))


async def eventually(
    check: Callable[[], Awaitable[bool]], within: float = 60.0
) -> None:
    """Wait until something is so, as other tasks make it.

    Raises:
        TimeoutError: It never was.
    """
    async with asyncio.timeout(within):
        while not await check():
            await asyncio.sleep(0.01)


async def killed(task: asyncio.Task[Any]) -> None:
    """End a task wherever it is.

    One cancellation is not always enough: before Python 3.12 ``wait_for`` swallows one
    that comes together with what it waits for (gh-86296).
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.05)
    await asyncio.gather(task, return_exceptions=True)
