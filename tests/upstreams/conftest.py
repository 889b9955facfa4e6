"""A simulator, the door to it, and time that stands still."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.core.circuit_breaker import CircuitBreakers
from app.core.outbound import OutboundClient
from app.core.randomness import SystemRandomness
from app.upstreams.kinds import KINDS
from app.upstreams.protocol import (
    Asking,
    ConnectionConfig,
    Kept,
    Reason,
    Refused,
    Surroundings,
    UpstreamIdentity,
)
from tests.support.chance import FakeClock
from tests.upstreams.simulator import (
    CLIENT_ID,
    SECRET,
    Behaviour,
    Rerouted,
    Simulator,
)

REDIRECT_URI = "https://here.example.com/upstreams/acme/callback"
STATE = "af0ifjsldkj"
CHANCE = SystemRandomness()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def simulator(clock: FakeClock) -> Iterator[Simulator]:
    """An ordinary provider."""
    with Simulator(clock) as running:
        yield running


@dataclass
class Connections:
    """Makes connectors, and leads people through them."""

    world: Surroundings

    def connect(self, kind: str, **settings: Any) -> Any:
        """Return a connector, as JSON has its settings."""
        usual = {"client_id": CLIENT_ID, "client_secret": SECRET}
        given = {k: v for k, v in (usual | settings).items() if v is not ...}
        read = KINDS[kind].settings.model_validate_json(json.dumps(given))
        config = ConnectionConfig(
            name="acme", kind=kind, settings=read, redirect_uri=REDIRECT_URI
        )
        return KINDS[kind].connect(config, self.world)

    async def sign_in(
        self, connector: Any, simulator: Simulator, **answered: Any
    ) -> UpstreamIdentity:
        """Lead somebody there and back."""
        begun = await connector.begin(Asking(state=STATE))
        kept = Kept.from_json(json.loads(json.dumps(begun.kept.as_json())))
        parameters = simulator.arrive(begun.url, **answered)
        found: UpstreamIdentity = await connector.complete(parameters, kept)
        return found

    async def refused(
        self, connector: Any, simulator: Simulator, **answered: Any
    ) -> tuple[Reason, str]:
        """Return why somebody does not get in."""
        with pytest.raises(Refused) as caught:
            await self.sign_in(connector, simulator, **answered)
        assert caught.value.detail.isprintable()
        return caught.value.reason, caught.value.detail


@pytest.fixture
async def upstreams(clock: FakeClock) -> AsyncIterator[Connections]:
    """Connections to whatever is on loopback."""
    outbound = OutboundClient(
        CircuitBreakers(clock), allowed_hosts=frozenset({"127.0.0.1"}), timeout=60.0
    )
    yield Connections(Surroundings(outbound=outbound, clock=clock, randomness=CHANCE))
    await outbound.close()


@pytest.fixture
async def rerouted(clock: FakeClock) -> AsyncIterator[Connections]:
    """Connections to providers whose addresses are fixed."""
    outbound = Rerouted(
        CircuitBreakers(clock), allowed_hosts=frozenset({"127.0.0.1"}), timeout=60.0
    )
    yield Connections(Surroundings(outbound=outbound, clock=clock, randomness=CHANCE))
    await outbound.close()


@pytest.fixture
def world(rerouted: Connections) -> Connections:
    """Connections that a simulator is behind, whatever the host."""
    return rerouted


def _behind(world: Connections, simulator: Simulator) -> Simulator:
    door = world.world.outbound
    assert isinstance(door, Rerouted)
    door.base = simulator.url
    return simulator


@pytest.fixture
def start(clock: FakeClock, world: Connections) -> Iterator[Any]:
    """Start simulators of providers."""
    running: list[Simulator] = []

    def begin(issuer: str, **behaviour: Any) -> Simulator:
        simulator = Simulator(clock, issuer, Behaviour(**behaviour))
        running.append(simulator.__enter__())
        return _behind(world, simulator)

    yield begin
    for simulator in running:
        simulator.stop()


def query_of(url: str) -> dict[str, str]:
    """Return the parameters of a URL, each of them there once."""
    return {name: value for name, [value] in parse_qs(urlsplit(url).query).items()}
