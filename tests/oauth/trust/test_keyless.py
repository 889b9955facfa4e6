"""Machines that sign with nothing of their own."""

from dataclasses import replace
from typing import Any

import pytest

from app.oauth.clients.registration import ClientMetadata, read_client_metadata
from app.oauth.errors import InvalidClientMetadata
from tests.oauth.authorization import SUPPORTED


@pytest.mark.parametrize("keyless", [True, False])
def test_only_where_an_issuer_may_sign_a_machine_needs_no_keys(keyless: bool) -> None:
    """RFC 7523 §2.2: private_key_jwt, signed by a trusted issuer in its place."""
    supported = replace(SUPPORTED, keyless_jwt=keyless)
    document = {
        "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": ["client_credentials"],
    }

    def read(**more: Any) -> ClientMetadata:
        return read_client_metadata(
            document | more, development=False, supported=supported
        )

    web = {
        "grant_types": ["authorization_code"],
        "redirect_uris": ["https://a.example/cb"],
    }
    with pytest.raises(InvalidClientMetadata, match="jwks or jwks_uri is needed"):
        read(**web)
    if keyless:
        assert read().jwks is None
        return
    with pytest.raises(InvalidClientMetadata, match="jwks or jwks_uri is needed"):
        read()
