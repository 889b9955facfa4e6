"""What the server publishes about itself."""

from dataclasses import replace
from typing import Any

import pytest

from app.oauth.grants.device_code import DeviceCode
from app.oauth.metadata import provider_metadata
from tests.oauth.authorization import SUPPORTED

_ISSUER = "https://as.example.com"


def _metadata(registration: bool = True, **changes: Any) -> dict[str, Any]:
    supported = replace(SUPPORTED, **changes)
    return provider_metadata(_ISSUER, supported=supported, registration=registration)


def test_what_discovery_requires_is_there() -> None:
    """OIDC Discovery §3: the required members."""
    metadata = _metadata()

    assert metadata["issuer"] == _ISSUER
    assert metadata["authorization_endpoint"] == f"{_ISSUER}/oauth2/authorize"
    assert metadata["token_endpoint"] == f"{_ISSUER}/oauth2/token"
    assert metadata["userinfo_endpoint"] == f"{_ISSUER}/oauth2/userinfo"
    assert metadata["jwks_uri"] == f"{_ISSUER}/.well-known/jwks.json"
    assert metadata["response_types_supported"] == ["code"]
    assert metadata["subject_types_supported"] == ["public", "pairwise"]
    assert "RS256" in metadata["id_token_signing_alg_values_supported"]
    assert "openid" in metadata["scopes_supported"]
    assert metadata["claims_supported"][0] == "sub"


def test_what_the_oauth_metadata_adds() -> None:
    """RFC 8414 §2: grants, revocation, introspection, PKCE."""
    metadata = _metadata()

    assert metadata["grant_types_supported"] == [
        "authorization_code",
        "refresh_token",
        "client_credentials",
    ]
    assert metadata["revocation_endpoint"] == f"{_ISSUER}/oauth2/revoke"
    assert metadata["introspection_endpoint"] == f"{_ISSUER}/oauth2/introspect"
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert "none" in metadata["revocation_endpoint_auth_methods_supported"]
    assert "none" not in metadata["introspection_endpoint_auth_methods_supported"]


def test_pkce_can_be_detected() -> None:
    """RFC 9700 §2.1.1: the server must make support for PKCE detectable."""
    assert _metadata()["code_challenge_methods_supported"] == ["S256"]


def test_the_issuer_in_responses_is_announced() -> None:
    """RFC 9207 §3: authorization_response_iss_parameter_supported."""
    assert _metadata()["authorization_response_iss_parameter_supported"] is True


def test_defaults_that_would_be_wrong_are_overridden() -> None:
    """OIDC Discovery §3: request_uri_parameter_supported defaults to true."""
    metadata = _metadata()

    assert metadata["request_parameter_supported"] is False
    assert metadata["request_uri_parameter_supported"] is False
    assert metadata["claims_parameter_supported"] is True


def test_logout_is_announced() -> None:
    """OIDC RP-Initiated Logout §2.1, OIDC Back-Channel Logout §2.1,
    OIDC Front-Channel Logout §3: end_session_endpoint and the flags."""
    metadata = _metadata()

    assert metadata["end_session_endpoint"] == f"{_ISSUER}/oauth2/logout"
    for channel in ("backchannel", "frontchannel"):
        assert metadata[f"{channel}_logout_supported"] is True
        assert metadata[f"{channel}_logout_session_supported"] is True


def test_prompts_are_announced() -> None:
    """OIDC Discovery §3: prompt_values_supported, with create (Prompt Create §4)."""
    assert "create" in _metadata()["prompt_values_supported"]
    assert _metadata(prompts=("none",))["prompt_values_supported"] == ["none"]


def test_response_modes_are_the_ones_that_exist() -> None:
    """OIDC Discovery §3, OIDC Form Post §2: response_modes_supported."""
    assert _metadata()["response_modes_supported"] == [
        "query",
        "fragment",
        "form_post",
    ]


def test_algorithms_of_assertions_go_with_the_method() -> None:
    """RFC 8414 §2: required with private_key_jwt, and none must not be used."""
    name = "token_endpoint_auth_signing_alg_values_supported"

    assert _metadata()[name] == ["ES256", "RS256"]
    without = _metadata(auth_methods=("none", "client_secret_basic"))
    assert name not in without
    assert without["token_endpoint_auth_methods_supported"] == [
        "none",
        "client_secret_basic",
    ]


@pytest.mark.parametrize("is_on", [True, False])
def test_registration_is_announced_only_where_it_is_on(is_on: bool) -> None:
    """RFC 8414 §2, OIDC Discovery §3: registration_endpoint."""
    endpoint = _metadata(registration=is_on).get("registration_endpoint")

    assert endpoint == (f"{_ISSUER}/oauth2/register" if is_on else None)


@pytest.mark.parametrize("is_on", [True, False])
def test_devices_are_told_where_to_begin_only_where_they_may(is_on: bool) -> None:
    """RFC 8628 §4: device_authorization_endpoint."""
    grants = ("authorization_code", *([DeviceCode.name] if is_on else []))

    endpoint = _metadata(grant_types=grants).get("device_authorization_endpoint")

    assert endpoint == (f"{_ISSUER}/oauth2/device_authorization" if is_on else None)


def test_what_is_empty_is_left_out() -> None:
    """RFC 8414 §3.2: claims with zero elements must be omitted."""
    metadata = _metadata(False, acr_values=(), ui_locales=(), userinfo_algs=())

    assert all(value not in (None, [], "") for value in metadata.values())
    assert "acr_values_supported" not in metadata
    assert "op_policy_uri" not in metadata


def test_an_issuer_with_a_path_keeps_it() -> None:
    """RFC 8414 §2: the issuer identifier, and endpoints below it."""
    for issuer in ("https://as.example.com/tenant", "https://as.example.com/tenant/"):
        metadata = provider_metadata(
            issuer,
            supported=SUPPORTED,
            registration=False,
            service_documentation="https://as.example.com/docs",
            op_policy_uri="https://as.example.com/policy",
            op_tos_uri="https://as.example.com/tos",
        )

        assert metadata["issuer"] == issuer
        assert (
            metadata["token_endpoint"] == "https://as.example.com/tenant/oauth2/token"
        )
        assert metadata["op_tos_uri"] == "https://as.example.com/tos"
