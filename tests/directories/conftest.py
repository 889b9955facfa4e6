"""A directory with people in it, and the connector that asks it."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from app.core.circuit_breaker import CircuitBreakers
from app.core.outbound import OutboundClient
from app.core.randomness import SystemRandomness
from app.upstreams.directory.connector import DirectoryConnector
from app.upstreams.kinds import KINDS
from app.upstreams.protocol import ConnectionConfig, Surroundings
from tests.directories.server import (
    BASE,
    GROUPS,
    PEOPLE,
    SEARCHER,
    SEARCHER_PASSWORD,
    Directory,
    settings_of,
)
from tests.servers.certificates import Authority
from tests.support.browser import Visitor
from tests.support.chance import FakeClock

PASSWORD = "correct-Horse-7-battery"
PATIENT = 20  # seconds: the machine may be slow, and patience is not the subject
ANN = f"uid=ann,{PEOPLE}"
ANN_ID = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
Connect = Callable[..., DirectoryConnector]


def filled() -> Directory:
    """Return a directory with Ann in it, who is in a group of a group."""
    directory = Directory()
    directory.add(BASE, objectClass="domain")
    directory.add(PEOPLE, objectClass="organizationalUnit")
    directory.add(SEARCHER, SEARCHER_PASSWORD)
    add_person(directory, "ann", ANN_ID)
    directory.add(
        f"cn=engineers,{GROUPS}", objectClass="groupOfNames", cn="engineers", member=ANN
    )
    directory.add(
        f"cn=staff,{GROUPS}",
        objectClass="groupOfNames",
        cn="staff",
        member=f"CN=Engineers,{GROUPS}",
    )
    return directory


def add_person(directory: Directory, login: str, identifier: str, **more: Any) -> None:
    """Add somebody with the usual password."""
    usual = {
        "objectClass": ["top", "person"],
        "uid": login,
        "cn": login.capitalize(),
        "mail": f"{login}@example.com",
        "entryUUID": identifier,
    }
    directory.add(f"uid={login},{PEOPLE}", PASSWORD, **usual | more)


@pytest.fixture
def options() -> dict[str, object]:
    """Let the directory of a test be asked, and people sign up."""
    return {"outbound": {"allowed_hosts": ["127.0.0.1"]}, "registration": "verified"}


@pytest.fixture
def visitor(app: FastAPI) -> Visitor:
    return Visitor(app)


@pytest.fixture
async def directory() -> AsyncIterator[Directory]:
    """It runs, without TLS."""
    async with filled().running() as running:
        yield running


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def breakers(clock: FakeClock) -> CircuitBreakers:
    return CircuitBreakers(clock)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def connect(clock: FakeClock, breakers: CircuitBreakers) -> Iterator[Connect]:
    """Return a connector of a kind; its settings may be changed."""

    def connected(
        *servers: str,
        kind: str = "ldap",
        allowed: frozenset[str] = frozenset({"127.0.0.1"}),
        **changed: Any,
    ) -> DirectoryConnector:
        members = settings_of(*servers) | {"timeout": PATIENT}
        found = KINDS[kind]
        config = ConnectionConfig(
            name="firm",
            kind=kind,
            settings=found.settings.model_validate(members | changed),
            redirect_uri="",
        )
        outbound = OutboundClient(breakers, allowed_hosts=allowed)
        world = Surroundings(
            outbound=outbound, clock=clock, randomness=SystemRandomness()
        )
        connector = found.connect(config, world)
        assert isinstance(connector, DirectoryConnector)
        return connector

    yield connected
