"""What all token requests have in common."""

import pytest

from app.oauth.errors import (
    InvalidRequest,
    UnauthorizedClient,
    UnsupportedGrantType,
)
from app.oauth.grants import GRANTS
from app.oauth.token_request import redeem_grant
from tests.oauth.token_support import client, issued_code, parameters, stores

NAMES = sorted(grant.name for grant in GRANTS)
OF_OAUTH_2_1 = {"authorization_code", "client_credentials", "refresh_token"}


def test_what_exists() -> None:
    """RFC 9700 §2.1.2, §2.4: neither a password nor the way to the browser grants."""
    assert OF_OAUTH_2_1 <= set(NAMES)
    assert {"password", "implicit"}.isdisjoint(NAMES)
    assert len(set(NAMES)) == len(NAMES)


async def test_a_grant_is_redeemed_by_its_name() -> None:
    """RFC 6749 §4.1.3: grant_type says what is redeemed."""
    body = parameters(
        grant_type="authorization_code",
        code="a",
        redirect_uri="https://client.example.com/cb",
    )

    granted = await redeem_grant(body, client(), stores({"a": issued_code()}))

    assert granted.scope == ("openid", "email")


async def test_a_grant_type_is_demanded() -> None:
    """RFC 6749 §5.2: a missing parameter is invalid_request."""
    with pytest.raises(InvalidRequest):
        await redeem_grant(parameters(code="a"), client(), stores())


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "implicit",
        "Authorization_Code",
        "authorization_code ",
        "urn:ietf:params:oauth:grant-type:saml2-bearer",
        "x" * 9_000,
    ],
)
async def test_an_unknown_grant_is_unsupported(name: str) -> None:
    """RFC 6749 §5.2: unsupported_grant_type."""
    with pytest.raises(UnsupportedGrantType) as refusal:
        await redeem_grant(parameters(grant_type=name), client(), stores())

    assert refusal.value.error == "unsupported_grant_type"
    assert len(refusal.value.hint) < 300


@pytest.mark.parametrize("name", NAMES)
async def test_a_grant_that_is_not_registered_is_unauthorized(name: str) -> None:
    """RFC 6749 §5.2: unauthorized_client; and nothing is used up by it."""
    held = stores({"a": issued_code()})
    one = client(grant_types=frozenset(NAMES) - {name})
    body = parameters(
        grant_type=name, code="a", refresh_token="a", device_code="a", scope="orders"
    )

    with pytest.raises(UnauthorizedClient) as refusal:
        await redeem_grant(body, one, held)

    assert refusal.value.hint.startswith(f"asked for {name}, registered for ")
    assert await held.codes.redeem("a", one.client_id)


@pytest.mark.parametrize("name", NAMES)
async def test_a_grant_that_is_switched_off_is_unsupported(name: str) -> None:
    """RFC 6749 §5.2: unsupported_grant_type, also to who is registered for it."""
    one = client(grant_types=frozenset(NAMES))
    offered = [each for each in NAMES if each != name]

    with pytest.raises(UnsupportedGrantType):
        await redeem_grant(parameters(grant_type=name), one, stores(), offered)
