"""Refresh tokens for new tokens."""

from typing import Any

import pytest

from app.oauth.clients.client import Client
from app.oauth.errors import InvalidGrant, InvalidRequest, InvalidScope
from app.oauth.grants.base import Granted, Stores
from app.oauth.grants.refresh_token import RefreshToken
from app.oauth.ports import RefreshedGrant
from tests.oauth.token_support import (
    AUTHENTICATION,
    CLIENT_ID,
    GRANT,
    client,
    parameters,
    stores,
)

GRANT_TYPE = RefreshToken()
TOKEN = "tGzv3JOkF0XG5Qx2TlKWIA"  # RFC 6749 §6
SCOPE = ("openid", "email", "offline_access")


def _grant(**members: Any) -> RefreshedGrant:
    usual: dict[str, Any] = {
        "grant_id": GRANT,
        "client_id": CLIENT_ID,
        "authentication": AUTHENTICATION,
        "scope": SCOPE,
        "claims": {},
        "counter": 3,
    }
    return RefreshedGrant(**(usual | members))


async def _redeem(held: Stores, known: Client | None = None, **values: str) -> Granted:
    body = parameters(**({"refresh_token": TOKEN} | values))
    return await GRANT_TYPE.redeem(body, known or client(), held)


async def test_a_refresh_token_gives_what_was_granted() -> None:
    """RFC 6749 §6: an omitted scope is the one that was granted."""
    granted = await _redeem(stores(grants={TOKEN: _grant()}))

    assert granted == Granted(
        client=client(),
        scope=SCOPE,
        authentication=AUTHENTICATION,
        grant_id=GRANT,
        refresh_counter=4,
    )
    assert granted.has_id_token
    assert granted.nonce is None  # OIDC Core §12.2: SHOULD NOT be there


async def test_every_use_rotates_it() -> None:
    """RFC 9700 §4.14.2: a new refresh token with each use."""
    held = stores(grants={TOKEN: _grant()})
    await _redeem(held)

    with pytest.raises(InvalidGrant):
        await _redeem(held)


async def test_less_may_be_asked_for_and_all_again_later() -> None:
    """RFC 6749 §6: the scope of a new refresh token MUST be that of the old one."""
    held = stores(grants={TOKEN: _grant()})

    less = await _redeem(held, scope="email")
    all_again = await _redeem(held, refresh_token=f"{TOKEN}+")

    assert less.scope == ("email",)
    assert not less.has_id_token
    assert less.has_refresh_token
    assert all_again.scope == SCOPE
    assert (less.is_narrowed, all_again.is_narrowed) == (True, False)


@pytest.mark.parametrize("scope", ["openid orders", "admin", "Email", " "])
async def test_t043_more_than_was_granted_is_refused(scope: str) -> None:
    """RFC 6749 §6: the scope MUST NOT include what was not granted."""
    with pytest.raises(InvalidScope):
        await _redeem(stores(grants={TOKEN: _grant()}), scope=scope)


async def test_t037_what_was_taken_from_the_client_is_not_given() -> None:
    """RFC 9700 §2.3: tokens have the least privileges, as they are now."""
    one = client(scope=frozenset({"openid"}))
    granted = await _redeem(stores(grants={TOKEN: _grant()}), one)

    with pytest.raises(InvalidScope):
        await _redeem(stores(grants={TOKEN: _grant()}), one, scope="email")
    with pytest.raises(InvalidGrant) as refusal:
        await _redeem(stores(grants={TOKEN: _grant()}), client(scope=frozenset()))
    assert granted.scope == ("openid",) and granted.is_narrowed
    assert refusal.value.hint == "no scope is left"


@pytest.mark.parametrize("careless", [False, True])
async def test_t023_a_refresh_token_is_one_clients(careless: bool) -> None:
    """RFC 6749 §6 and §10.4: bound to the client, which the server MUST check."""
    held = stores(grants={TOKEN: _grant(client_id="other")}, careless=careless)

    with pytest.raises(InvalidGrant) as refusal:
        await _redeem(held)

    assert refusal.value.description == "the refresh token is not valid"
    assert refusal.value.hint == (
        f"issued to other, sent by {CLIENT_ID}"
        if careless
        else "unknown, spent, expired, revoked, or of another client"
    )


async def test_a_refresh_token_is_demanded() -> None:
    """RFC 6749 §6: refresh_token is REQUIRED."""
    with pytest.raises(InvalidRequest):
        await _redeem(stores(), refresh_token="")
