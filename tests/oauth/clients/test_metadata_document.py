"""Client ID Metadata Documents, draft-ietf-oauth-client-id-metadata-document."""

from typing import Any

import pytest

from app.oauth.clients.metadata_document import (
    CEILING,
    FLOOR,
    USUAL,
    believed_for,
    domain_of,
    is_document_url,
    is_json,
    read_metadata_document,
)
from app.oauth.errors import InvalidClientMetadata, OAuthError
from app.oauth.supported import Supported

URL = "https://app.example/oauth/client.json"
KEYS = {"keys": [{"kty": "EC", "crv": "P-256", "x": "x", "y": "y"}]}
SUPPORTED = Supported(
    scopes=("openid", "orders:read"),
    claims=(),
    grant_types=("authorization_code", "refresh_token", "client_credentials"),
    auth_methods=("none", "client_secret_basic", "private_key_jwt"),
    keyless_jwt=True,
)


def read(**changed: Any) -> Any:
    document = {"client_id": URL, "redirect_uris": ["https://app.example/cb"]}
    document |= changed
    return read_metadata_document(URL, document, development=False, supported=SUPPORTED)


@pytest.mark.parametrize(
    "client_id",
    [
        URL,
        "https://app.example/",
        "https://app.example:8443/c",
        "https://xn--pple-43d.example/c",  # section 3 allows it; people see it so
        "https://chat.example/c.json?token_endpoint_auth_method=none",
    ],
)
def test_an_https_url_with_a_path_is_an_identifier(client_id: str) -> None:
    assert is_document_url(client_id)


@pytest.mark.parametrize(
    "client_id",
    [
        "http://app.example/c",  # section 3: MUST have an https scheme
        "https://app.example",  # MUST contain a path component
        "https://app.example/a/./c",  # MUST NOT contain dot segments
        "https://app.example/a/../c",
        "https://app.example/a/..",
        "https://app.example/a/%2e%2e/c",
        "https://app.example/a/%252e/c",
        "https://app.example/c#part",  # MUST NOT contain a fragment
        "https://user@app.example/c",  # MUST NOT contain a username or password
        "https://user:word@app.example/c",
        "https://App.example/c",  # one spelling: compared as strings
        "https://app.example:443/c",
        "https://аpple.example/c",  # a Cyrillic letter
        "https://app.example/" + "c" * 236,
        "https://127.1/c",
        "client-1",
        "",
    ],
)
def test_another_identifier_is_no_address_of_a_document(client_id: str) -> None:
    assert not is_document_url(client_id)
    assert domain_of(client_id) == ""


def test_the_domain_is_the_host_and_a_port_that_is_not_usual() -> None:
    """Section 6.4: people are told the host."""
    assert domain_of(URL) == "app.example"
    assert domain_of("https://app.example:8443/c") == "app.example:8443"


def test_a_document_has_the_defaults_of_a_client_without_secret() -> None:
    """Section 4.1: nothing shared, so that ``none`` stands for what is unsaid."""
    metadata = read(grant_types=["authorization_code", "client_credentials"])

    assert metadata.token_endpoint_auth_method == "none"
    assert metadata.grant_types == ("authorization_code",)
    assert metadata.redirect_uris == ("https://app.example/cb",)


def test_a_document_may_name_keys() -> None:
    metadata = read(token_endpoint_auth_method="private_key_jwt", jwks=KEYS)

    assert metadata.jwks == KEYS


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": f"{URL}?"},  # section 4: MUST match by string comparison
        {"client_id": None},
        {"token_endpoint_auth_method": "client_secret_basic"},  # section 4.1: MUST NOT
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"client_secret": "word"},
        {"client_secret_expires_at": 0},
        {"token_endpoint_auth_method": "private_key_jwt"},  # no keys, nobody to trust
        {"redirect_uris": []},
        {"redirect_uris": ["http://app.example/cb"]},
        {"grant_types": ["client_credentials"]},
        {"client_name": "a\u202eb"},
    ],
)
def test_a_document_that_says_what_it_must_not_is_refused(
    changed: dict[str, Any],
) -> None:
    with pytest.raises(OAuthError):
        read(**changed)


@pytest.mark.parametrize("document", [None, [], "x", 1])
def test_a_document_is_a_json_object(document: Any) -> None:
    with pytest.raises(InvalidClientMetadata):
        read_metadata_document(URL, document, development=False, supported=SUPPORTED)


@pytest.mark.parametrize(
    ("content_type", "is_one"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/oauth-client+json", True),
        ("text/plain", False),
        ("text/html; a=application/json", False),
        ("application/jsonp", False),
        ("", False),
    ],
)
def test_an_answer_has_to_say_that_it_is_json(content_type: str, is_one: bool) -> None:
    assert is_json(content_type) is is_one


@pytest.mark.parametrize(
    ("cache_control", "seconds"),
    [
        ("", USUAL),
        ("public", USUAL),
        ("max-age=600", 600.0),
        ('public, Max-Age="601"', 601.0),
        ("max-age=0", FLOOR),
        ("no-store", FLOOR),
        ("no-cache, max-age=600", FLOOR),
        ("max-age=31536000", CEILING),
        ("max-age=-1", USUAL),
    ],
)
def test_a_document_is_believed_within_bounds(
    cache_control: str, seconds: float
) -> None:
    """Section 5.2: cache headers are respected, within bounds of the server's own."""
    assert believed_for(cache_control) == seconds
