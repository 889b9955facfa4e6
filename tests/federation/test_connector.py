"""What a connector does with real providers besides: refresh, sign out, be refused."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.core.circuit_breaker import CircuitBreakers
from app.core.clock import SystemClock
from app.core.outbound import OutboundClient
from app.core.randomness import SystemRandomness
from app.upstreams.kinds import KINDS
from app.upstreams.protocol import (
    Asking,
    Begun,
    ConnectionConfig,
    Reason,
    Refused,
    Surroundings,
)
from tests.federation.servers.openid import OpenIdPeer
from tests.federation.service import AuthServe
from tests.interop.browser import Browser


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


def _there(peer: OpenIdPeer) -> Browser:
    """Return a browser that stops where it is led back here."""
    return Browser("/".join(peer.issuer.split("/", 3)[:3]))


def _answered(peer: OpenIdPeer, browser: Browser, begun: Begun) -> dict[str, str]:
    peer.sign_in(browser, browser.open(begun.url))
    query = parse_qs(urlsplit(browser.left_for).query)
    return {name: value for name, [value] in query.items()}


async def test_a_refresh_tells_of_the_same_person(
    peer: OpenIdPeer, connector: Any
) -> None:
    begun = await connector.begin(Asking(state="state", prompt="consent"))
    with _there(peer) as browser:
        answer = _answered(peer, browser, begun)
    found = await connector.complete(answer, begun.kept)
    again = await connector.refresh(found.subject, found.tokens)
    last = await connector.refresh(found.subject, again.tokens)

    assert (found.issuer, found.email) == (peer.issuer, peer.email)
    assert found.email_verified and found.claims["name"] == peer.full_name
    assert {again.subject, last.subject} == {found.subject}
    assert last.email == peer.email


async def test_a_code_counts_once(peer: OpenIdPeer, connector: Any) -> None:
    begun = await connector.begin(Asking(state="state", prompt="consent"))
    with _there(peer) as browser:
        answer = _answered(peer, browser, begun)
    await connector.complete(answer, begun.kept)
    with pytest.raises(Refused) as repeated:
        await connector.complete(answer, begun.kept)

    assert repeated.value.reason is Reason.PROVIDER_ERROR
