"""RFC 8628 §3.4 and §3.5: what a poll gets."""

from typing import Any

import pytest

from app.oauth.errors import (
    AccessDenied,
    AuthorizationPending,
    ExpiredToken,
    InvalidGrant,
    InvalidRequest,
    InvalidTarget,
    OAuthError,
    SlowDown,
)
from app.oauth.grants.device_code import DeviceCode
from app.oauth.parameters import Parameters
from app.oauth.ports import DevicePoll, IssuedDeviceCode
from app.oauth.token_request import redeem_grant
from tests.oauth.resources.support import ORDERS, STOCK, a_resource
from tests.oauth.token_support import (
    AUTHENTICATION,
    CLIENT_ID,
    GRANT,
    client,
    parameters,
    stores,
)

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
BODY = parameters(grant_type=GRANT_TYPE, device_code="d")


def device_client(**members: Any) -> Any:
    """Return a client that is registered for the grant."""
    grants = frozenset({GRANT_TYPE, "refresh_token"})
    return client(**{"grant_types": grants} | members)


def issued(**members: Any) -> IssuedDeviceCode:
    """Return what the person agreed to."""
    usual: dict[str, Any] = {
        "grant_id": GRANT,
        "client_id": CLIENT_ID,
        "authentication": AUTHENTICATION,
        "scope": ("openid", "email"),
    }
    return IssuedDeviceCode(**(usual | members))


async def test_an_approved_code_is_redeemed() -> None:
    """RFC 8628 §3.5: as RFC 6749 §5.1 has it, refresh token included."""
    granted = await redeem_grant(BODY, device_client(), stores(devices={"d": issued()}))

    assert granted.scope == ("openid", "email")
    assert granted.authentication == AUTHENTICATION
    assert granted.grant_id == GRANT
    assert granted.has_refresh_token
    assert granted.has_id_token


async def test_it_is_redeemed_once() -> None:
    """RFC 8628 §3.5: device codes are for one use."""
    held = stores(devices={"d": issued()})
    await redeem_grant(BODY, device_client(), held)

    with pytest.raises(InvalidGrant):
        await redeem_grant(BODY, device_client(), held)


async def test_no_refresh_token_without_the_grant() -> None:
    """RFC 6749 §6: only who may refresh gets one."""
    one = device_client(grant_types=frozenset({GRANT_TYPE}))

    granted = await redeem_grant(BODY, one, stores(devices={"d": issued()}))

    assert not granted.has_refresh_token


async def test_the_code_is_demanded() -> None:
    """RFC 8628 §3.4: device_code is REQUIRED."""
    with pytest.raises(InvalidRequest):
        await redeem_grant(parameters(grant_type=GRANT_TYPE), device_client(), stores())


@pytest.mark.parametrize(
    ("poll", "refusal", "error"),
    [
        (DevicePoll.PENDING, AuthorizationPending, "authorization_pending"),
        (DevicePoll.TOO_SOON, SlowDown, "slow_down"),
        (DevicePoll.DENIED, AccessDenied, "access_denied"),
        (DevicePoll.EXPIRED, ExpiredToken, "expired_token"),
        (DevicePoll.INVALID, InvalidGrant, "invalid_grant"),
    ],
)
async def test_what_a_device_is_told(
    poll: DevicePoll, refusal: type[OAuthError], error: str
) -> None:
    """RFC 8628 §3.5: the four errors of the grant, and RFC 6749's own."""
    with pytest.raises(refusal) as raised:
        await redeem_grant(BODY, device_client(), stores(devices={"d": poll}))

    assert raised.value.error == error
    assert raised.value.status == 400
    assert raised.value.is_usual == (error in ("authorization_pending", "slow_down"))


async def test_another_clients_code_grants_nothing() -> None:
    """RFC 8628 §3.4: the code is bound to the client, whatever the store says."""
    held = stores(devices={"d": issued(client_id="other")})

    with pytest.raises(InvalidGrant, match="other"):
        await redeem_grant(BODY, device_client(), held)


async def test_a_scope_that_was_taken_away_is_not_granted() -> None:
    """RFC 6749 §5.1: the answer says what is left; of nothing there is no token."""
    less = device_client(scope=frozenset({"email"}))
    granted = await redeem_grant(BODY, less, stores(devices={"d": issued()}))
    assert granted.scope == ("email",)

    none = device_client(scope=frozenset({"orders"}))
    with pytest.raises(InvalidGrant, match="no scope"):
        await redeem_grant(BODY, none, stores(devices={"d": issued()}))


def test_its_name() -> None:
    """RFC 8628 §3.4: the value of grant_type."""
    assert DeviceCode.name == GRANT_TYPE


async def test_the_token_is_for_the_api_that_was_agreed_to() -> None:
    """RFC 8707 §2.2: for all that was granted, or less if that is asked for."""
    one = device_client(resources={ORDERS: None, STOCK: None})
    apis = a_resource(), a_resource(STOCK)
    agreed = issued(scope=("read",), resources=(ORDERS, STOCK))

    both = await redeem_grant(BODY, one, stores(devices={"d": agreed}, resources=apis))
    less = Parameters(BODY, {"resource": [STOCK]})
    stock = await redeem_grant(less, one, stores(devices={"d": agreed}, resources=apis))

    assert both.resources == apis
    assert stock.resources == apis[1:]


async def test_another_api_than_was_agreed_to_is_refused() -> None:
    """RFC 8707 §2.2: invalid_target."""
    one = device_client(resources={ORDERS: None, STOCK: None})
    held = stores(
        devices={"d": issued(scope=("read",), resources=(ORDERS,))},
        resources=(a_resource(), a_resource(STOCK)),
    )

    with pytest.raises(InvalidTarget):
        await redeem_grant(Parameters(BODY, {"resource": [STOCK]}), one, held)
