"""Fixtures for tests of jobs and pages: a real runtime whose clock stands still.

A fixture ``database_url`` of ``conftest.py`` replaces the one here. It is imported before it is a plugin: PYTEST_DONT_REWRITE.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from app.config import Settings
from app.database import create_engine
from app.models import Base, OutboxMessage, User
from app.repositories.unit_of_work import UnitOfWork
from app.services.runtime import Runtime, build_runtime
from app.services.user_change import new_user
from tests.servers.postgres import PostgresServer, create_database, drop_database

SECRET_KEY = "xK3v9Qm2Lr8Tz5Wp7Yc4Nf6Hb1Jd0Gs-uVaE"  # long enough, and opens nothing


class FakeClock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        """Return an instant that agrees with ``monotonic``."""
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """Return the seconds a test has set."""
        return self.seconds


Make = Callable[..., Runtime]


@pytest.fixture
def clock() -> FakeClock:
    """A clock that the test moves."""
    return FakeClock()


@pytest.fixture(scope="session")
def job_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """One cluster for all tests."""
    with PostgresServer.start(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest_asyncio.fixture(params=["sqlite", "postgresql"])
async def database_url(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[str]:
    """An empty database on each engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    server: PostgresServer = request.getfixturevalue("job_postgres")
    name = f"test_{uuid4().hex}"
    await create_database(server.url(), name)
    yield server.url(name)
    await drop_database(server.url(), name)


@pytest_asyncio.fixture
async def make_runtime(database_url: str, clock: FakeClock) -> AsyncIterator[Make]:
    """Return a function that makes runtimes on one database, one per process."""
    engine = create_engine(database_url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()
    made: list[Runtime] = []

    def make(**settings: Any) -> Runtime:
        values = {
            "database_url": database_url,
            "secret_key": SECRET_KEY,
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
    payload = {
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
    check: Callable[[], Awaitable[bool]], within: float = 10.0
) -> None:
    """Wait until something is so, as other tasks make it.

    Raises:
        TimeoutError: It never was.
    """
    async with asyncio.timeout(within):
        while not await check():
            await asyncio.sleep(0.01)
