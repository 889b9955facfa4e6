"""Fixtures: two real databases, the application in process, people to act with."""

import asyncio
import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from asgi_lifespan import LifespanManager
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy import event

from app import database
from app.config import Settings
from app.core import context, jose
from app.main import create_app
from app.models import Base
from app.services.process import refused_request
from app.services.server.runtime import Runtime, build_runtime
from tests.factories.oauth import ApplicationFactory
from tests.servers.lending import Lending
from tests.servers.postgres import PostgresServer, create_database, drop_database
from tests.support.api import Api
from tests.support.authorization import Visit, visit
from tests.support.chance import FakeClock
from tests.support.engines import CHOICES, ENGINES, left_out
from tests.support.oauth import Protocol
from tests.support.quick_hashing import quick_hasher
from tests.support.quick_keys import quick_generator
from tests.support.quick_statements import (
    share_writes,
    sharing_engine,
    sharing_prepare,
)
from tests.support.scheduling import Scheduling, longest_first

SECRET = "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz"
T = TypeVar("T")
ROOT = Path(__file__).parents[1]


def pytest_configure(config: pytest.Config) -> None:
    """Settle it once: workers inherit the environment, and not how they were asked."""
    whole = config.args_source is not config.ArgsSource.ARGS
    chosen = os.environ.setdefault("TEST_ENGINES", "turns" if whole else "both")
    if chosen not in CHOICES:
        raise pytest.UsageError(f"TEST_ENGINES is one of {', '.join(CHOICES)}")


# Folders with a target of make, which installs more.
_OF_THEIR_OWN = ("e2e", "deploy", "federation")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the browser to ``make e2e``, and others alike, unless they are named."""
    name = collection_path.name
    is_named = any(name in argument for argument in config.args)
    return True if name in _OF_THEIR_OWN and not is_named else None


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out what another engine stands for, where engines take turns."""
    longest_first(items)
    names = left_out((item.nodeid for item in items), os.environ["TEST_ENGINES"])
    config.hook.pytest_deselected(
        items=[each for each in items if each.nodeid in names]
    )
    items[:] = [each for each in items if each.nodeid not in names]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """Keep together what shares processes."""
    return Scheduling(config, log)


def pytest_report_header() -> str:
    """Say which databases this run is about."""
    version = os.environ.get("TEST_POSTGRES_VERSION", "18")
    given = "TEST_DATABASE_URL" if os.environ.get("TEST_DATABASE_URL") else version
    how = CHOICES[os.environ["TEST_ENGINES"]]
    return f"databases: SQLite, PostgreSQL ({given}); {how}"


def pytest_collection_finish() -> None:
    """Search for garbage as the service does (``main._settle_collector``).

    Half a million objects of modules are none; each full search would look at them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def migrate(url: str, target: str = "head") -> None:
    """Bring a database to a revision, as an operator would."""
    from alembic import command
    from alembic.config import Config

    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    step = command.downgrade if target == "base" else command.upgrade
    _apart(lambda: step(config, target))


def _apart(work: Callable[[], T]) -> T:
    """Run in a thread: session fixtures may be asked for inside a running loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a real PostgreSQL where databases may be made."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    version = int(os.environ.get("TEST_POSTGRES_VERSION", "18"))
    directory = Path(tempfile.mkdtemp(prefix="auth-serve-pg-"))
    try:
        with PostgresServer.start(directory, version=version) as server:
            yield server.url()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _named(url: str, name: str) -> str:
    return f"{url.rpartition('/')[0]}/{name}"


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    """The name of a migrated database that others are copied from."""
    name = f"template_{uuid4().hex}"
    _apart(lambda: asyncio.run(create_database(postgres_url, name)))
    migrate(_named(postgres_url, name))
    yield name
    _apart(lambda: asyncio.run(drop_database(postgres_url, name)))


@pytest.fixture(scope="session")
def lending(postgres_url: str, postgres_template: str) -> Iterator[Lending]:
    """Databases of a real PostgreSQL with the current schema, for a test at a time."""
    databases = Lending(postgres_url, postgres_template)
    yield databases
    _apart(lambda: asyncio.run(databases.drop_all()))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that others are copied from."""
    path = tmp_path_factory.mktemp("template") / "auth.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A SQLite of this test's own, for modules whose matter no engine decides."""
    path = tmp_path / "auth.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=ENGINES)
async def database_url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A database of this test's own, with the current schema, of each engine."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    lending: Lending = request.getfixturevalue("lending")
    address = await lending.lend()
    yield address
    await lending.take_back(address)


@pytest.fixture(params=ENGINES)
async def empty_database_url(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[str]:
    """A database without any schema, of each engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: str = request.getfixturevalue("postgres_url")
    name = f"empty_{uuid4().hex}"
    await create_database(server, name)
    yield _named(server, name)
    await drop_database(server, name)


@pytest.fixture
def clock() -> FakeClock:
    """The time that the application sees; tests move it."""
    return FakeClock()


@pytest.fixture
def options() -> dict[str, object]:
    """Settings that a test module changes by overriding this fixture."""
    return {}


@pytest.fixture
def settings(database_url: str, options: dict[str, object]) -> Settings:
    """Development settings on the test's own database, without the worker."""
    chosen = {"database_url": database_url, "secret_key": SECRET, "jobs": False}
    return Settings.model_validate(chosen | options)


@pytest.fixture
async def app(settings: Settings, clock: FakeClock) -> AsyncIterator[FastAPI]:
    """The started application; its mails stay in the outbox until a test runs jobs."""
    parts = build_runtime(settings, clock=clock)
    quick = replace(parts, hasher=quick_hasher(settings.password))
    application = create_app(settings, quick)
    async with LifespanManager(application):
        yield application


@pytest.fixture
def runtime(app: FastAPI) -> Runtime:
    """The parts of the application."""
    found: Runtime = app.state.runtime
    return found


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[AsyncClient]:
    """An HTTP client of the application."""
    transport = ASGITransport(app=app, client=("192.0.2.1", 40_000))
    async with AsyncClient(transport=transport, base_url="http://test") as http:
        yield http


@pytest.fixture
def api(client: AsyncClient, runtime: Runtime) -> Api:
    """People who use the API, and a look at what it left behind."""
    return Api(client, runtime)


@pytest.fixture
def protocol(api: Api) -> Protocol:
    """Applications that ask at the protocol's endpoints."""
    return Protocol(api)


@pytest.fixture
def applications(runtime: Runtime) -> ApplicationFactory:
    """Clients that sign people in at this application."""
    return ApplicationFactory(runtime)


@pytest.fixture
def browser(runtime: Runtime, app: FastAPI) -> Visit:
    """A browser that was never here."""
    return visit(runtime, app)


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the environment of whoever runs the tests out of them."""
    for name in [name for name in os.environ if name.startswith("AUTH_SERVE_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def no_request_from_before() -> None:
    """Let no test run within the request that the one before it began."""
    context._current.set(None)


@pytest.fixture(autouse=True)
def quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests from making RSA keys again and again."""
    monkeypatch.setattr(jose, "generate_key", quick_generator())


@pytest.fixture(autouse=True)
def nothing_is_written_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep why requests were refused until it is asked for.

    A batch is written a moment later, beside whatever request is then under way; a test
    that counts statements or connections would count it on a slow machine.
    """
    monkeypatch.setattr(refused_request, "DELAY", 3_600.0)


@pytest.fixture(autouse=True)
def quick_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests from compiling the same statements again and again."""
    share_writes(Base.registry)
    monkeypatch.setattr(database, "create_engine", sharing_engine())
    monkeypatch.setattr(database, "prepare", sharing_prepare())


@pytest.fixture
def asked(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the database is asked; a test empties it before what it counts."""
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, text: str, *_others: Any) -> None:
        if not text.startswith("BEGIN"):
            seen.append(text)

    async def fetch_all(own: database.Database, statement: Any, parameters: Any) -> Any:
        seen.append("prepared")
        return await prepared(own, statement, parameters)

    prepared = database.Database.fetch_all
    monkeypatch.setattr(database.Database, "fetch_all", fetch_all)
    engine = runtime.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)
