"""RFC 8628 §3.1 and §3.2: what a device asks, and what it gets."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from app.oauth.clients.resource import Resource
from app.oauth.device.authorization import (
    INTERVAL,
    Asked,
    device_request,
    device_response,
    read_device_request,
)
from app.oauth.errors import InvalidScope, InvalidTarget, UnauthorizedClient
from app.oauth.grants.device_code import DeviceCode
from app.oauth.interaction import ConsentState, SignedInState, Step, decide
from app.oauth.parameters import Parameters
from tests.oauth.resources.support import ORDERS, a_resource
from tests.oauth.token_support import ResourcesInMemory, client, parameters

SCOPES = ("openid", "email", "offline_access", "orders")
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def device_client(**members: Any) -> Any:
    """Return a client that is registered for the grant."""
    grants = frozenset({DeviceCode.name, "refresh_token"})
    return client(**{"grant_types": grants, "redirect_uris": (), **members})


async def read(
    asked: Parameters, one: Any, supported: tuple[str, ...], *known: Resource
) -> tuple[str, ...]:
    """Return the scope that a device is given."""
    held = ResourcesInMemory(known)
    found = await read_device_request(asked, one, supported, held)
    return found.scope


async def test_the_scope_is_the_clients_to_ask_for() -> None:
    """RFC 8628 §3.1: scope, as RFC 6749 §3.3 defines it."""
    asked = parameters(scope="openid offline_access")

    assert await read(asked, device_client(), SCOPES) == (
        "openid",
        "offline_access",
    )


async def test_a_foreign_scope_is_refused() -> None:
    """RFC 6749 §5.2: invalid_scope (T050: limits hold for this grant too)."""
    one = device_client(scope=frozenset({"openid"}))

    with pytest.raises(InvalidScope):
        await read(parameters(scope="openid orders"), one, SCOPES)


async def test_no_scope_is_refused_to_who_has_to_know_one() -> None:
    """RFC 6749 §3.3: without a default it is invalid_scope."""
    with pytest.raises(InvalidScope):
        await read(parameters(), device_client(), SCOPES)


async def test_who_registered_itself_gets_the_default() -> None:
    """ADR-0045, as at the authorization endpoint."""
    one = device_client(is_self_registered=True)

    assert await read(parameters(), one, SCOPES) == ("openid", "orders")


async def test_offline_access_is_nothing_without_refresh_tokens() -> None:
    """OIDC Core §11: it is ignored; alone it leaves nothing to ask for."""
    one = device_client(grant_types=frozenset({DeviceCode.name}))
    asked = parameters(scope="openid offline_access")

    assert await read(asked, one, SCOPES) == ("openid",)
    with pytest.raises(InvalidScope):
        await read(parameters(scope="offline_access"), one, SCOPES)


async def test_who_is_not_registered_for_the_grant_gets_no_code() -> None:
    """RFC 6749 §5.2: unauthorized_client."""
    with pytest.raises(UnauthorizedClient) as refusal:
        await read(parameters(scope="openid"), client(), SCOPES)

    assert "authorization_code" in refusal.value.hint


def test_the_answer_has_what_a_device_shows_and_polls_with() -> None:
    """RFC 8628 §3.2, §3.3.1: all members, also those that are optional."""
    body = device_response(
        device_code="as_ot_x",
        user_code="WDJBMJHT",
        page="https://server.example.com/device",
        expires_in=900,
    )

    assert body == {
        "device_code": "as_ot_x",
        "user_code": "WDJB-MJHT",
        "verification_uri": "https://server.example.com/device",
        "verification_uri_complete": "https://server.example.com/device"
        "?user_code=WDJB-MJHT",
        "expires_in": 900,
        "interval": INTERVAL,
    }


@pytest.mark.parametrize("is_first_party", [True, False])
def test_the_person_is_always_asked(is_first_party: bool) -> None:
    """RFC 8628 §5.4: another's device may have begun it, whoever vouches for it."""
    request = device_request(
        device_client(is_first_party=is_first_party),
        Asked(("openid",), ()),
        device_code_id=UUID(int=1),
        user_code="WDJBMJHT",
        ip="192.0.2.1",
        user_agent="tv",
        asked_at=NOW,
    )
    known = ConsentState(scope=frozenset({"openid"}))
    session = SignedInState(subject="s", authenticated_at=NOW, acr="aal1")

    assert decide(request, session, known, NOW, arrived_at=NOW) is Step.CONSENT
    assert decide(request, None, known, NOW, arrived_at=NOW) is Step.LOGIN


async def test_a_device_names_the_api_that_its_tokens_are_for() -> None:
    """RFC 8707 §2.1: as at the authorization endpoint, scopes of the API included."""
    one, api = device_client(resources={ORDERS: None}), a_resource()
    asked = Parameters({"scope": "openid read"}, {"resource": [ORDERS]})

    found = await read_device_request(asked, one, SCOPES, ResourcesInMemory((api,)))

    assert found == Asked(("openid", "read"), (api,))


async def test_an_unknown_api_is_refused() -> None:
    """RFC 8707 §2: invalid_target."""
    asked = Parameters({"scope": "openid"}, {"resource": [ORDERS]})

    with pytest.raises(InvalidTarget):
        await read(asked, device_client(), SCOPES)
