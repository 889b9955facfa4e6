"""Two processes on one database, of each engine, for all tests of this folder.

They are started once: people differ from test to test.
"""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from httpx2 import AsyncClient, Limits

from app.config import Settings
from app.services.server.runtime import Runtime, build_runtime
from tests.conftest import SECRET
from tests.races.crowd import SIGN_IN_LIMIT
from tests.servers.postgres import create_database, drop_database
from tests.servers.service import NO_LIMITS, ONE_ADDRESS, running
from tests.support.api import Api
from tests.support.engines import ENGINES

SCOPES = {"orders:read": "See orders"}
CROWD = ONE_ADDRESS | {
    "AUTH_SERVE_PERSONAL_TOKENS__ENABLED": "true",
    "AUTH_SERVE_PERSONAL_TOKENS__HOSTS": "localhost:3000",
    "AUTH_SERVE_TRUSTED_PROXIES": "127.0.0.1",
    "AUTH_SERVE_PERSONAL_TOKENS__MAX_PER_USER": "5",
    "AUTH_SERVE_LIMITS__SIGN_IN_ACCOUNT": f"{SIGN_IN_LIMIT}/6000",
    "AUTH_SERVE_REGISTRATION": "open",
    "AUTH_SERVE_OUTBOUND__ALLOWED_HOSTS": "127.0.0.1",
    "AUTH_SERVE_OAUTH__SCOPES": json.dumps(SCOPES),
    "AUTH_SERVE_SESSION__REFRESH_WINDOW": "60",
    # A busy test machine is slow; overload and its 503 are not the subject here.
    "AUTH_SERVE_DATABASE__POOL_TIMEOUT": "60",
    "AUTH_SERVE_DATABASE__STATEMENT_TIMEOUT": "60",
    "AUTH_SERVE_PASSWORD__HASHING_QUEUE": "1000",
}


@dataclass(frozen=True)
class Pair:
    """Two processes, and what they share."""

    database_url: str
    addresses: list[str]


@contextmanager
def _pair(database_url: str, folder: Path) -> Iterator[Pair]:
    with ExitStack() as stack:
        services = [
            stack.enter_context(running(database_url, folder / name, NO_LIMITS | CROWD))
            for name in ("a", "b")
        ]
        yield Pair(database_url, [service.url for service in services])


@pytest.fixture(scope="package")
def sqlite_pair(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """Two processes on a file."""
    folder = tmp_path_factory.mktemp("races")
    shutil.copy(sqlite_template, folder / "auth.db")
    with _pair(f"sqlite:///{folder / 'auth.db'}", folder) as pair:
        yield pair


@pytest.fixture(scope="package")
def postgresql_pair(
    postgres_url: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """Two processes on a server."""
    name = f"races_{uuid4().hex}"
    asyncio.run(create_database(postgres_url, name, postgres_template))
    url = f"{postgres_url.rpartition('/')[0]}/{name}"
    with _pair(url, tmp_path_factory.mktemp("races")) as pair:
        yield pair
    asyncio.run(drop_database(postgres_url, name))


@pytest.fixture(params=ENGINES)
def pair(request: pytest.FixtureRequest) -> Pair:
    """The two processes of each engine."""
    found: Pair = request.getfixturevalue(f"{request.param}_pair")
    return found


@pytest.fixture
async def runtime(pair: Pair) -> AsyncIterator[Runtime]:
    """Parts that look into the database from this process."""
    settings = {
        "database_url": pair.database_url,
        "secret_key": SECRET,
        "jobs": False,
        "oauth": {"scopes": SCOPES},
    }
    parts = build_runtime(Settings.model_validate(settings))
    yield parts
    await parts.close()


def _client(url: str) -> AsyncClient:
    limits = Limits(max_connections=200)
    return AsyncClient(base_url=url, limits=limits, timeout=90, trust_env=False)


@pytest.fixture
async def both(pair: Pair) -> AsyncIterator[list[AsyncClient]]:
    """A client of each process, with a connection for everybody."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(_client(url)) for url in pair.addresses]


@pytest.fixture
def api(both: list[AsyncClient], runtime: Runtime) -> Api:
    """People who use the first process."""
    return Api(both[0], runtime)
