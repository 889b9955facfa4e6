"""A second Auth Serve as the provider that people of the first one sign in at."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.core.circuit_breaker import CircuitBreakers
from app.core.clock import SystemClock
from app.core.jose import generate_key, public_jwk
from app.core.outbound import OutboundClient
from app.core.randomness import SystemRandomness
from app.upstreams.kinds import KINDS
from app.upstreams.protocol import (
    Asking,
    ConnectionConfig,
    Reason,
    Refused,
    Surroundings,
)
from tests.interop.browser import Browser
from tests.interop.conftest import Ann, Provider
from tests.upstreams.simulator import pem

_REDIRECT_URI = "https://here.example.com/upstreams/acme/callback"
_SCOPES = ["openid", "profile", "email", "offline_access"]


@pytest.fixture
async def world() -> AsyncIterator[Surroundings]:
    clock = SystemClock()
    outbound = OutboundClient(
        CircuitBreakers(clock), allowed_hosts=frozenset({"127.0.0.1", "localhost"})
    )
    chance = SystemRandomness()
    yield Surroundings(outbound=outbound, clock=clock, randomness=chance)
    await outbound.close()


def _registered(provider: Provider, method: str) -> dict[str, Any]:
    """Register this service there, and return the settings of the connection."""
    members: dict[str, Any] = {
        "client_name": "Acme",
        "redirect_uris": [_REDIRECT_URI],
        "post_logout_redirect_uris": ["https://here.example.com/signed-out"],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": method,
    }
    key = generate_key("ES256")
    if method == "private_key_jwt":
        members["jwks"] = {"keys": [public_jwk(key, "k1", "ES256")]}
    client = provider.register(**members)
    settings = {
        "issuer": provider.issuer,
        "client_id": client["client_id"],
        "scopes": _SCOPES,
    }
    if method == "private_key_jwt":
        return settings | {"private_key": pem(key), "key_id": "k1"}
    return settings | {
        "client_secret": client["client_secret"],
        "authentication": method,
    }


def _connect(settings: dict[str, Any], world: Surroundings) -> Any:
    kind = KINDS["oidc"]
    config = ConnectionConfig(
        name="acme",
        kind=kind.name,
        settings=kind.settings.model_validate(settings),
        redirect_uri=_REDIRECT_URI,
    )
    return kind.connect(config, world)


@pytest.mark.parametrize(
    "method", ["client_secret_basic", "client_secret_post", "private_key_jwt"]
)
async def test_people_sign_in_at_a_second_auth_serve(
    provider: Provider, browser: Browser, ann: Ann, world: Surroundings, method: str
) -> None:
    connector = _connect(_registered(provider, method), world)
    steps = await connector.test()
    begun = await connector.begin(Asking(state="state", max_age=300))

    page = ann.sign_in(browser, browser.open(begun.url))
    if not browser.left_for:
        browser.press(page, "Allow")
    query = parse_qs(urlsplit(browser.left_for).query)
    answer = {name: value for name, [value] in query.items()}
    found = await connector.complete(answer, begun.kept)
    again = await connector.refresh(found.subject, found.tokens)
    with pytest.raises(Refused) as repeated:
        await connector.complete(answer, begun.kept)
    out = await connector.sign_out(
        found.subject, found.tokens, "https://here.example.com/signed-out", "s"
    )

    assert [(step.name, step.ok) for step in steps] == [
        ("discovery", True),
        ("keys", True),
        ("client", True),
    ]
    assert steps[-1].saw == "it knows this client"
    assert (found.subject, found.issuer) == (ann.user_id, provider.issuer)
    assert (found.email, found.amr) == (ann.email, ("pwd",))
    assert found.auth_time is not None and found.acr is not None
    assert (again.subject, again.email) == (ann.user_id, ann.email)
    assert repeated.value.reason is Reason.PROVIDER_ERROR
    browser.open(str(out))  # and they are signed out there, and back
    assert browser.left_for == "https://here.example.com/signed-out?state=s"


async def test_the_test_tells_of_a_secret_that_is_wrong(
    provider: Provider, world: Surroundings
) -> None:
    settings = _registered(provider, "client_secret_basic")
    connector = _connect(settings | {"client_secret": "another"}, world)

    steps = await connector.test()

    assert [step.ok for step in steps] == [True, True, False]
    assert "invalid_client" in steps[-1].saw
