"""What tests of client metadata share: a client of the standards' examples."""

from typing import Any

import pytest

from app.oauth.clients.registration import ClientMetadata, read_client_metadata
from app.oauth.errors import OAuthError
from app.oauth.supported import Supported
from tests.oauth.authorization import SUPPORTED

CALLBACK = "https://client.example.org/callback"
KEY = {
    "e": "AQAB",
    "n": "nj3YJwsLUFl9BmpAbkOswCNVx17Eh9wMO-_AReZwBqfaWFcfGHrZXsIV2VMCNVNU8Tpb4obUaSXc"
    "RcQ-VMsfQPJm9IzgtRdAY8NN8Xb7PEcYyklBjvTtuPbpzIaqyiUepzUXNDFuAOOkrIol3WmflPUUgMKU"
    "LBN0EUd1fpOD70pRM0rlp_gg_WNUKoW1V-3keYUJoXH9NztEDm_D2MQXj9eGOJJ8yPgGL8PAZMLe2R7j"
    "b9TxOCPDED7tY_TU4nFPlxptw59A42mldEmViXsKQt60s1SLboazxFKveqXC_jpLUt22OC6GUG63p-RE"
    "w-ZOr3r845z50wMuzifQrMI9bQ",
    "kty": "RSA",
}


def register(
    development: bool = False, supported: Supported = SUPPORTED, **members: Any
) -> ClientMetadata:
    document = {"redirect_uris": [CALLBACK]} | members
    return read_client_metadata(document, development=development, supported=supported)


def refused(**members: Any) -> OAuthError:
    with pytest.raises(OAuthError) as refused:
        register(**members)
    assert refused.value.description.isascii()
    assert '"' not in refused.value.description
    return refused.value
