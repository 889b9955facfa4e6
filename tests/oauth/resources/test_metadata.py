"""What the APIs of this server say of themselves."""

from app.oauth.resources.metadata import (
    metadata_url,
    resource_metadata,
    with_metadata,
)

ISSUER = "https://as.example.com"
API = f"{ISSUER}/api/v1"


def test_an_api_says_whom_to_ask_for_tokens_and_by_which_name() -> None:
    """RFC 9728 §2: resource is REQUIRED, and is what clients ask for."""
    told = resource_metadata(API, issuer=ISSUER, scopes=["account"], name="Ours")

    assert told == {
        "resource": API,
        "authorization_servers": [ISSUER],
        "scopes_supported": ["account"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Ours",
    }


def test_metadata_is_where_the_standard_looks_for_it() -> None:
    """RFC 9728 §3.1: inserted between the host and the path."""
    root = f"{ISSUER}/.well-known/oauth-protected-resource"

    assert metadata_url(API, ISSUER) == f"{root}/api/v1"
    assert metadata_url(ISSUER, ISSUER) == root


def test_a_challenge_says_where_it_is() -> None:
    """RFC 9728 §5.1: resource_metadata in WWW-Authenticate."""
    url = f"{ISSUER}/m"

    assert with_metadata("Bearer", url) == f'Bearer resource_metadata="{url}"'
    told = with_metadata('Bearer error="invalid_token"', url)
    assert told == f'Bearer error="invalid_token", resource_metadata="{url}"'
