"""What ends when a client gives a token back."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.oauth.errors import InvalidGrant, UnsupportedTokenType
from app.oauth.introspection import KnownToken, TokenKind
from app.oauth.revocation import EndAccessToken, EndGrant, decide_revocation
from tests.oauth.token_support import CLIENT_ID, GRANT, SECONDS, client

CLAIMS: dict[str, Any] = {
    "client_id": CLIENT_ID,
    "exp": SECONDS,
    "jti": "1",
    "grant_id": str(GRANT),
}
KINDS: list[TokenKind] = ["access_token", "refresh_token"]


def test_a_refresh_token_ends_its_grant() -> None:
    """RFC 7009 §2.1: access tokens of the same grant SHOULD end too."""
    token = KnownToken("refresh_token", CLAIMS)

    assert decide_revocation(token, client()) == EndGrant(GRANT)


def test_an_access_token_ends_alone() -> None:
    """RFC 7009 §2.1: the refresh token MAY end too; here it does not."""
    token = KnownToken("access_token", CLAIMS)

    ended = EndAccessToken("1", datetime.fromtimestamp(SECONDS, UTC))
    assert decide_revocation(token, client()) == ended


@pytest.mark.parametrize("kind", KINDS)
def test_t038_a_public_client_revokes_too(kind: TokenKind) -> None:
    """RFC 7009 §2.1: only confidential clients have credentials to validate."""
    public = client(token_endpoint_auth_method="none")

    assert decide_revocation(KnownToken(kind, CLAIMS), public) is not None


def test_what_is_no_token_is_a_success() -> None:
    """RFC 7009 §2.2: invalid tokens do not cause an error."""
    assert decide_revocation(None, client()) is None


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_over_is_a_success(kind: TokenKind) -> None:
    """RFC 7009 §2.2: the purpose is met already, for whomever it was."""
    token = KnownToken(kind, CLAIMS, is_revoked=True)

    assert decide_revocation(token, client()) is None
    assert decide_revocation(token, client(client_id="other")) is None


@pytest.mark.parametrize("kind", KINDS)
def test_t151_a_token_of_another_client_stays(kind: TokenKind) -> None:
    """RFC 7009 §2.1: issued to another client: refused, and the client informed."""
    with pytest.raises(InvalidGrant) as refusal:
        decide_revocation(KnownToken(kind, CLAIMS), client(client_id="other"))

    assert refusal.value.hint == f"issued to {CLIENT_ID}, sent by other"
    assert CLIENT_ID not in refusal.value.description


def test_other_tokens_cannot_be_revoked() -> None:
    """RFC 7009 §2.2.1: unsupported_token_type."""
    with pytest.raises(UnsupportedTokenType):
        decide_revocation(None, client(), is_other_jwt=True)
