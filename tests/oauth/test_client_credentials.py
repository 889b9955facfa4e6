"""Clients that speak for themselves."""

from typing import Any

import pytest

from app.oauth.clients.client import Client
from app.oauth.errors import InvalidScope, UnauthorizedClient
from app.oauth.grants.base import Granted
from app.oauth.grants.client_credentials import ClientCredentials
from tests.oauth.token_support import client, parameters, stores

GRANT_TYPE = ClientCredentials()


def _client(*scope: str, **members: Any) -> Client:
    grants = frozenset({"client_credentials", "refresh_token"})
    return client(scope=frozenset(scope), grant_types=grants, **members)


async def _redeem(known: Client, **values: str) -> Granted:
    return await GRANT_TYPE.redeem(parameters(**values), known, stores())


async def test_a_client_is_given_what_it_asks_for() -> None:
    """RFC 6749 §4.4.3: an access token, and no refresh token."""
    one = _client("orders", "stock")

    granted = await _redeem(one, scope="stock")

    assert granted == Granted(client=one, scope=("stock",))
    assert not granted.has_id_token
    assert not granted.has_refresh_token


async def test_without_a_scope_it_is_all_that_is_assigned() -> None:
    """RFC 6749 §3.3: an omitted scope is a documented default, or refused."""
    one = _client("openid", "email", "offline_access", "stock", "orders")

    assert (await _redeem(one)).scope == ("orders", "stock")
    with pytest.raises(InvalidScope):
        await _redeem(_client("openid"))


async def test_who_has_scopes_at_an_api_alone_is_told_to_name_it() -> None:
    """RFC 8707 §2: without a resource no default says which API is meant."""
    there = {"https://orders.example": ("read",)}

    with pytest.raises(InvalidScope) as refusal:
        await _redeem(_client("openid", resources=there))

    assert "name one of its resources" in refusal.value.description


async def test_a_public_client_cannot() -> None:
    """RFC 6749 §4.4: MUST only be used by confidential clients."""
    one = _client("orders", token_endpoint_auth_method="none")

    with pytest.raises(UnauthorizedClient):
        await _redeem(one, scope="orders")


@pytest.mark.parametrize("scope", ["stock", "orders stock", "Orders", "*", "unknown"])
async def test_t050_an_unassigned_scope_is_refused(scope: str) -> None:
    """RFC 6749 §5.2: a scope beyond what the client has is invalid_scope."""
    with pytest.raises(InvalidScope) as refusal:
        await _redeem(_client("orders"), scope=scope)

    assert refusal.value.hint.startswith("not registered for ")


@pytest.mark.parametrize(
    "scope", ["openid", "offline_access", "profile", "email", "address", "phone"]
)
async def test_t050_a_scope_about_a_person_is_refused(scope: str) -> None:
    """OIDC Core §3.1.2.1 and §11: nobody is there to be told of or to be away."""
    with pytest.raises(InvalidScope):
        await _redeem(_client("orders", scope), scope=f"orders {scope}")
