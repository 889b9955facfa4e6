"""This service as a process, and the peers of this run (``PEERS``)."""

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from app.core.circuit_breaker import CircuitBreakers
from app.core.clock import SystemClock
from app.core.jose import generate_key, public_jwk
from app.core.outbound import OutboundClient
from app.core.randomness import SystemRandomness
from app.upstreams.kinds import KINDS
from app.upstreams.protocol import ConnectionConfig, Surroundings
from tests.federation.servers import dex, ds389, installed, keycloak, node, samba, slapd
from tests.federation.servers.directory import BULK, Directory
from tests.federation.servers.openid import Here, OpenIdPeer
from tests.federation.service import OPTIONS, AuthServe
from tests.interop.browser import Browser
from tests.servers.service import running
from tests.upstreams.simulator import pem

_OPENID: dict[str, Callable[[Here, Path], AbstractContextManager[OpenIdPeer]]] = {
    "node-oidc-provider": node.running,
    "dex": dex.running,
    "keycloak": keycloak.running,
}
_DIRECTORIES = {"slapd": slapd.running, "389": ds389.running, "samba": samba.running}
_NEEDED = {
    "test_openid.py": installed.OPENID,
    "test_directories.py": installed.DIRECTORIES,
    "test_directory_connector.py": installed.DIRECTORIES,
    "test_directory_sign_in.py": installed.DIRECTORIES,
    "test_directory_sync.py": installed.DIRECTORIES,
}
KEY = generate_key("ES256")


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out tests of peers of which none is chosen."""
    needed = _NEEDED.get(collection_path.name)
    is_needed = needed is None or set(needed) & set(installed.chosen())
    return None if is_needed else True


def _chosen(names: Any) -> list[str]:
    return [name for name in names if name in installed.chosen()]


@pytest.fixture(scope="package")
def service(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> Iterator[AuthServe]:
    """This service, with nobody but an administrator."""
    folder = tmp_path_factory.mktemp("here")
    shutil.copy(sqlite_template, folder / "auth.db")
    with running(f"sqlite:///{folder}/auth.db", folder / "run", OPTIONS) as one:
        yield AuthServe(one)


@pytest.fixture(scope="package", params=_chosen(_OPENID))
def peer(
    request: pytest.FixtureRequest,
    service: AuthServe,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[OpenIdPeer]:
    """A provider, with a connection ``peer.name`` and others besides."""
    here = Here(service.url, public_jwk(KEY, "here", "ES256"))
    folder = tmp_path_factory.mktemp(request.param) / "run"
    with _OPENID[request.param](here, folder) as one:
        service.connect(one, pem(KEY))
        yield one


@pytest.fixture
def browser(service: AuthServe, peer: OpenIdPeer) -> Iterator[Browser]:
    """Somebody's browser, which goes to both."""
    origin = "/".join(peer.issuer.split("/", 3)[:3])
    with Browser(service.url, origin) as browser:
        yield browser


@pytest.fixture(scope="package", params=_chosen(_DIRECTORIES))
def directory(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Directory]:
    """A directory with people in every state, and 2,500 more."""
    folder = tmp_path_factory.mktemp(f"directory-{request.param}")
    with _DIRECTORIES[request.param](folder, bulk=BULK) as one:
        yield one


@pytest.fixture
async def connector(service: AuthServe, peer: OpenIdPeer) -> AsyncIterator[Any]:
    """A connector of the connection that is there."""
    clock = SystemClock()
    outbound = OutboundClient(
        CircuitBreakers(clock), allowed_hosts=frozenset({"localhost"})
    )
    world = Surroundings(outbound=outbound, clock=clock, randomness=SystemRandomness())
    kind = KINDS[peer.kind]
    config = ConnectionConfig(
        name=peer.name,
        kind=kind.name,
        settings=kind.settings.model_validate(peer.settings),
        redirect_uri=f"{service.url}/upstreams/{peer.name}/callback",
    )
    yield kind.connect(config, world)
    await outbound.close()
