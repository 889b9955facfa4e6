"""OIDC Discovery §3, RFC 8414 §2 and §3.2, RFC 9207 §3: what the server publishes.

RFC 8628 §4: where devices ask, if they may.
draft-ietf-oauth-client-id-metadata-document §5.1: whether clients may bring their own.
Also OIDC RP-Initiated Logout §2.1, Back-Channel Logout §2.1, Front-Channel Logout §3,
and Initiating User Registration §4. One document serves both well-known addresses.
"""

from typing import Any

from app.oauth.grants.device_code import DeviceCode
from app.oauth.pkce import METHOD
from app.oauth.response_modes import RESPONSE_MODES
from app.oauth.supported import Supported

_PATHS = {
    "authorization_endpoint": "/oauth2/authorize",
    "token_endpoint": "/oauth2/token",
    "userinfo_endpoint": "/oauth2/userinfo",
    "jwks_uri": "/.well-known/jwks.json",
    "introspection_endpoint": "/oauth2/introspect",
    "revocation_endpoint": "/oauth2/revoke",
    "end_session_endpoint": "/oauth2/logout",
}
_REGISTRATION = "/oauth2/register"
_REVOKED = "/oauth2/revoked"
_DEVICE = "/oauth2/device_authorization"
_DOCUMENTS = "client_id_metadata_document_supported"
# Said in so many words, also where the standard's default says the same: libraries
# differ about the defaults.
_FLAGS = {
    "authorization_response_iss_parameter_supported": True,
    "backchannel_logout_session_supported": True,
    "backchannel_logout_supported": True,
    "claims_parameter_supported": True,
    "frontchannel_logout_session_supported": True,
    "frontchannel_logout_supported": True,
    "request_parameter_supported": False,
    "request_uri_parameter_supported": False,
    "require_request_uri_registration": False,
}


def provider_metadata(
    issuer: str,
    *,
    supported: Supported,
    registration: bool,
    revoked_tokens: bool = False,
    service_documentation: str | None = None,
    op_policy_uri: str | None = None,
    op_tos_uri: str | None = None,
) -> dict[str, Any]:
    """Return the metadata; what is empty or unset is left out (RFC 8414 §3.2).

    Args:
        issuer: The public URL, exactly as tokens name it.
        supported: What is really offered.
        registration: Whether clients may register themselves.
        revoked_tokens: Whether APIs are told what was revoked (ADR-0084).
        service_documentation: For developers.
        op_policy_uri: How clients may use what they learn about people.
        op_tos_uri: Terms for clients.
    """
    base = issuer.rstrip("/")
    members: dict[str, Any] = {"issuer": issuer}
    members |= {name: base + path for name, path in _PATHS.items()}
    members["registration_endpoint"] = base + _REGISTRATION if registration else None
    members["revoked_tokens_endpoint"] = base + _REVOKED if revoked_tokens else None
    if DeviceCode.name in supported.grant_types:
        members["device_authorization_endpoint"] = base + _DEVICE
    members |= _lists(supported) | _FLAGS
    members[_DOCUMENTS] = supported.metadata_documents
    members["service_documentation"] = service_documentation
    members["op_policy_uri"] = op_policy_uri
    members["op_tos_uri"] = op_tos_uri
    return {name: value for name, value in members.items() if value not in (None, [])}


def _lists(supported: Supported) -> dict[str, list[str]]:
    confidential = [method for method in supported.auth_methods if method != "none"]
    algs = supported.assertion_algs if "private_key_jwt" in confidential else ()
    lists = {
        "response_types_supported": ["code"],
        "response_modes_supported": [mode.name for mode in RESPONSE_MODES],
        "grant_types_supported": supported.grant_types,
        "scopes_supported": supported.scopes,
        "claims_supported": ("sub", *supported.claims),
        "claim_types_supported": ["normal"],
        "subject_types_supported": supported.subject_types,
        "acr_values_supported": supported.acr_values,
        "prompt_values_supported": supported.prompts,
        "display_values_supported": ["page"],
        "ui_locales_supported": supported.ui_locales,
        "code_challenge_methods_supported": [METHOD],
        "id_token_signing_alg_values_supported": supported.id_token_algs,
        "userinfo_signing_alg_values_supported": supported.userinfo_algs,
        "token_endpoint_auth_methods_supported": supported.auth_methods,
        "token_endpoint_auth_signing_alg_values_supported": algs,
        # A public client may revoke its own tokens; only others may ask about tokens.
        "revocation_endpoint_auth_methods_supported": supported.auth_methods,
        "revocation_endpoint_auth_signing_alg_values_supported": algs,
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": algs,
    }
    return {name: list(dict.fromkeys(values)) for name, values in lists.items()}
