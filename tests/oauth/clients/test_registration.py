"""What clients may say of themselves."""

import json
from dataclasses import replace
from typing import Any

import pytest

from app.oauth.clients.registration import read_client_metadata
from app.oauth.errors import InvalidClientMetadata, InvalidRedirectUri, OAuthError
from tests.oauth.authorization import SUPPORTED
from tests.oauth.clients.registration_support import CALLBACK, KEY, refused, register

# --- The standards' examples ---


def test_the_example_of_oauth() -> None:
    """RFC 7591 §3.1: the first example, verbatim; what is not known is ignored."""
    document = json.loads("""
     {
      "redirect_uris": [
        "https://client.example.org/callback",
        "https://client.example.org/callback2"],
      "client_name": "My Example Client",
      "client_name#ja-Jpan-JP":
         "\\u30AF\\u30E9\\u30A4\\u30A2\\u30F3\\u30C8\\u540D",
      "token_endpoint_auth_method": "client_secret_basic",
      "logo_uri": "https://client.example.org/logo.png",
      "jwks_uri": "https://client.example.org/my_public_keys.jwks",
      "example_extension_parameter": "example_value"
     }
    """)

    metadata = read_client_metadata(document, development=False, supported=SUPPORTED)

    kept = metadata.document()
    for name in ("client_name#ja-Jpan-JP", "example_extension_parameter"):
        assert document.pop(name)
        assert name not in kept
    assert document.items() <= kept.items()


def test_the_example_with_keys() -> None:
    """RFC 7591 §3.1: the key set of the second example, verbatim."""
    metadata = register(
        jwks={"keys": [KEY]},
        token_endpoint_auth_method="private_key_jwt",
        policy_uri="https://client.example.org/policy.html",
    )

    assert metadata.jwks == {"keys": [KEY]}
    assert not metadata.needs_secret


def test_the_example_of_openid_connect() -> None:
    """OIDC Registration §3.1: the example, verbatim."""
    document = json.loads("""
      {
       "application_type": "web",
       "redirect_uris":
         ["https://client.example.org/callback",
          "https://client.example.org/callback2"],
       "client_name": "My Example",
       "client_name#ja-Jpan-JP":
         "\u30af\u30e9\u30a4\u30a2\u30f3\u30c8\u540d",
       "logo_uri": "https://client.example.org/logo.png",
       "subject_type": "pairwise",
       "sector_identifier_uri":
         "https://other.example.net/file_of_redirect_uris.json",
       "token_endpoint_auth_method": "client_secret_basic",
       "jwks_uri": "https://client.example.org/my_public_keys.jwks",
       "userinfo_encrypted_response_alg": "RSA-OAEP-256",
       "userinfo_encrypted_response_enc": "A128CBC-HS256",
       "contacts": ["ve7jtb@example.org", "mary@example.org"],
       "request_uris":
         ["https://client.example.org/rf.txt#qpXaRLh_n93TTR9F252ValdatUQvQiJi5BDub2BeznA"]
      }
    """)

    metadata = read_client_metadata(document, development=False, supported=SUPPORTED)

    assert metadata.sector == "other.example.net"
    assert metadata.contacts == ("ve7jtb@example.org", "mary@example.org")
    assert "userinfo_encrypted_response_alg" not in metadata.document()


# --- Defaults, unknown members, types ---


def test_what_is_left_out_has_the_standards_defaults() -> None:
    """RFC 7591 §2, OIDC Registration §2: the defaults."""
    assert register().document() == {
        "redirect_uris": [CALLBACK],
        "application_type": "web",
        "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "scope": "openid profile email offline_access read",
        "subject_type": "public",
        "id_token_signed_response_alg": "RS256",
        "require_auth_time": False,
        "backchannel_logout_session_required": False,
        "frontchannel_logout_session_required": False,
    }


def test_null_is_as_if_left_out() -> None:
    """RFC 7591 §2: members without a value are omitted ones."""
    assert register(client_name=None, grant_types=None, scope=None) == register()


def test_what_is_registered_is_said() -> None:
    """RFC 7591 §3.2.1: all registered metadata about this client is returned."""
    members: dict[str, Any] = {
        "redirect_uris": [CALLBACK],
        "application_type": "native",
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": "openid email",
        "client_name": "Example",
        "client_uri": "https://client.example.org/",
        "logo_uri": "https://client.example.org/logo.png",
        "policy_uri": "https://client.example.org/policy",
        "tos_uri": "http://client.example.org/tos",
        "contacts": ["a@example.org"],
        "software_id": "4NRB1-0XZABZI9E6-5SM3R",
        "software_version": "1.0 beta",
        "jwks_uri": "https://client.example.org/jwks",
        "subject_type": "pairwise",
        "sector_identifier_uri": "https://client.example.org/sector",
        "id_token_signed_response_alg": "ES256",
        "userinfo_signed_response_alg": "RS256",
        "default_max_age": 0,
        "require_auth_time": True,
        "default_acr_values": ["2", "1"],
        "initiate_login_uri": "https://client.example.org/login",
        "post_logout_redirect_uris": ["https://client.example.org/bye"],
        "backchannel_logout_uri": "https://other.example.org/out?x=1",
        "backchannel_logout_session_required": True,
        "frontchannel_logout_uri": "https://client.example.org/out",
        "frontchannel_logout_session_required": True,
    }

    assert register(**members).document() == members


def test_t188_a_client_chooses_neither_its_id_nor_its_secret() -> None:
    """RFC 7591 §3.2.1, RFC 9700 §4.15: client_id is the server's to choose."""
    metadata = register(
        client_id="admin",
        client_secret="mine",
        registration_access_token="mine",
        is_first_party=True,
        pkce="public_only",
    )

    assert metadata == register()


def test_a_software_statement_is_ignored() -> None:
    """RFC 7591 §2.3: a server that does not understand it ignores it."""
    assert register(software_statement="eyJhbGciOi") == register()


@pytest.mark.parametrize("document", [None, [], "x", 1, True])
def test_metadata_is_a_json_object(document: Any) -> None:
    """RFC 7591 §3.1: the request is a JSON object."""
    with pytest.raises(InvalidClientMetadata):
        read_client_metadata(document, development=False, supported=SUPPORTED)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("redirect_uris", CALLBACK),
        ("redirect_uris", [1]),
        ("redirect_uris", [None]),
        ("redirect_uris", {"0": CALLBACK}),
        ("redirect_uris", [CALLBACK + str(n) for n in range(51)]),
        ("client_name", 1),
        ("client_name", ["x"]),
        ("client_name", ""),
        ("client_name", "  "),
        ("client_name", "x" * 201),
        ("contacts", "a@example.org"),
        ("contacts", [["a@example.org"]]),
        ("scope", ["openid"]),
        ("grant_types", "authorization_code"),
        ("response_types", "code"),
        ("application_type", 1),
        ("application_type", ""),
        ("application_type", "desk top"),
        ("logo_uri", "https://client.example.org/\u00fc"),
        ("require_auth_time", "true"),
        ("require_auth_time", 1),
        ("default_max_age", "60"),
        ("default_max_age", True),
        ("default_max_age", -1),
        ("default_max_age", 1.5),
        ("default_max_age", 10**10),
        ("default_acr_values", ["a b"]),
        ("jwks", []),
        ("jwks", {}),
        ("jwks", {"keys": {}}),
        ("jwks", {"keys": []}),
        ("jwks", {"keys": [1]}),
        ("jwks", {"keys": [{}]}),
        ("jwks", {"keys": [{"kty": 1}]}),
        ("jwks", {"keys": [KEY] * 21}),
    ],
)
def test_known_members_have_their_type(name: str, value: Any) -> None:
    """RFC 7591 §3.2.2: invalid_redirect_uri or invalid_client_metadata."""
    error = refused(**{name: value})

    expected = InvalidRedirectUri if name == "redirect_uris" else InvalidClientMetadata
    assert type(error) is expected
    assert error.description.startswith(name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("application_type", "desktop"),
        ("token_endpoint_auth_method", "client_secret_jwt"),
        ("token_endpoint_auth_method", "tls_client_auth"),
        ("token_endpoint_auth_signing_alg", "none"),
        ("token_endpoint_auth_signing_alg", "HS256"),
        ("subject_type", "private"),
        ("id_token_signed_response_alg", "none"),
        ("id_token_signed_response_alg", "HS256"),
        ("userinfo_signed_response_alg", "none"),
        ("grant_types", ["password"]),
        ("grant_types", ["authorization_code", "implicit"]),
        ("response_types", ["token"]),
        ("response_types", ["code", "code id_token"]),
        ("scope", "openid users:write"),
    ],
)
def test_known_members_have_values_that_are_offered(name: str, value: Any) -> None:
    """RFC 7591 §2, §3.2.2: a value that is not supported is refused, not replaced."""
    error = refused(**{name: value})

    assert error.error == "invalid_client_metadata"
    assert error.description.startswith(name)


def test_t188_scopes_that_are_not_offered_are_refused() -> None:
    """RFC 7591 §2: scope is what the client can use; the server may limit it."""
    one, two = (
        replace(SUPPORTED, scopes=scopes)
        for scopes in (("openid",), ("openid", "email"))
    )

    assert register(supported=one).scope == ("openid",)
    assert register(supported=two, scope="email").scope == ("email",)
    with pytest.raises(InvalidClientMetadata) as refusal:
        register(supported=one, scope="openid read")
    assert "read; it may have openid" in refusal.value.description


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("token_endpoint_auth_method", "tls_client_auth", "tls_client_auth; it may"),
        ("grant_types", ["authorization_code", "implicit"], ": implicit; it may have"),
        ("response_types", ["code", "token"], ": token; it may have code"),
        ("redirect_uris", ["https://a.example/", "http://b.example/"], "//b.example/"),
        ("logo_uri", "data:image/png,x", ": data:image/png,x"),
        ("jwks_uri", "http://a.example/jwks", ": http://a.example/jwks"),
        ("client_name", "a\u202eb", ": a?b"),
        ("subject_type", "\"'\\\u00fc", ": ?'??"),
        ("application_type", "x" * 2_000, f": {'x' * 200}..."),
        ("default_max_age", "60", ": 60"),
        ("contacts", [5], ": int"),
    ],
)
def test_a_refusal_names_the_value(name: str, value: Any, shown: str) -> None:
    """RFC 7591 §3.2.2, RFC 6749 §5.2: in characters that a description may have."""
    error = refused(**{name: value})

    assert error.description.startswith(name)
    assert shown in error.description
    assert len(error.description) < 800


# --- What goes with what ---


@pytest.mark.parametrize(
    ("grants", "responses"),
    [
        (["authorization_code"], []),
        (["client_credentials"], ["code"]),
        (["refresh_token"], ["code"]),
        ([], ["code"]),
    ],
)
def test_grants_and_response_types_go_together(
    grants: list[str], responses: list[str]
) -> None:
    """RFC 7591 §2.1: code goes with authorization_code, and neither without."""
    error = refused(grant_types=grants, response_types=responses)

    assert error.error == "invalid_client_metadata"


def test_a_machine_needs_neither_response_type_nor_redirect() -> None:
    """RFC 7591 §2: redirect URIs are for flows with redirection."""
    metadata = register(redirect_uris=[], grant_types=["client_credentials"])

    assert metadata.response_types == ()
    assert metadata.document()["response_types"] == []
    assert metadata.sector is None


def test_a_flow_with_redirection_needs_a_redirect_uri() -> None:
    """RFC 7591 §2, OIDC Registration §2: redirect_uris must be registered."""
    for missing in (list[str](), None):
        assert type(refused(redirect_uris=missing)) is InvalidRedirectUri


def test_only_who_keeps_secrets_acts_for_itself() -> None:
    """RFC 6749 §4.4: client credentials are for confidential clients only."""
    grants = ["client_credentials"]

    assert register(grant_types=grants).needs_secret
    error = refused(grant_types=grants, token_endpoint_auth_method="none")
    assert "public" in error.description


@pytest.mark.parametrize(
    ("method", "needs_secret"),
    [("client_secret_basic", True), ("client_secret_post", True), ("none", False)],
)
@pytest.mark.parametrize("kind", ["web", "native"])
def test_t188_a_public_client_gets_no_secret(
    method: str, needs_secret: bool, kind: str
) -> None:
    """RFC 7591 §2, RFC 8252 §8.5: none is public; a secret is per instance."""
    metadata = register(token_endpoint_auth_method=method, application_type=kind)

    assert metadata.needs_secret is needs_secret


def test_keys_are_said_in_one_way() -> None:
    """RFC 7591 §2: jwks and jwks_uri must not both be present."""
    both = {"jwks": {"keys": [KEY]}, "jwks_uri": "https://client.example.org/jwks"}

    assert "jwks" in refused(**both).description


def test_private_key_jwt_needs_keys() -> None:
    """OIDC Core §9: private_key_jwt is for clients that registered a public key."""
    assert "needed" in refused(token_endpoint_auth_method="private_key_jwt").description
    uri = "https://client.example.org/jwks"
    assert register(token_endpoint_auth_method="private_key_jwt", jwks_uri=uri)


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_no_private_key_is_kept(member: str) -> None:
    """RFC 7591 §2: jwks holds the client's public keys."""
    keys = [KEY, KEY | {member: "x"}]

    assert "public" in refused(jwks={"keys": keys}).description


@pytest.mark.parametrize(
    ("name", "fits", "too_much"),
    [
        (
            "redirect_uris",
            [f"https://client.example.org/{n}" for n in range(50)],
            [f"https://client.example.org/{n}" for n in range(51)],
        ),
        ("contacts", [f"{n}@example.org" for n in range(50)], ["a"] * 51),
        (
            "logo_uri",
            f"https://client.example.org/{'x' * 2_021}",
            f"https://client.example.org/{'x' * 2_022}",
        ),
        ("client_name", "x" * 200, "x" * 201),
    ],
)
def test_t188_what_is_kept_of_a_client_is_bounded(
    name: str, fits: Any, too_much: Any
) -> None:
    register(**{name: fits})

    with pytest.raises(OAuthError, match=name):
        register(**{name: too_much})
