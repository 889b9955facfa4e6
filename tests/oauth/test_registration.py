"""What clients may say of themselves."""

import json
from dataclasses import replace
from typing import Any

import pytest

from app.oauth.errors import InvalidClientMetadata, InvalidRedirectUri, OAuthError
from app.oauth.registration import (
    ClientMetadata,
    check_sector_document,
    read_client_metadata,
)
from tests.oauth.authorization import SUPPORTED

CALLBACK = "https://client.example.org/callback"
_KEY = {
    "e": "AQAB",
    "n": "nj3YJwsLUFl9BmpAbkOswCNVx17Eh9wMO-_AReZwBqfaWFcfGHrZXsIV2VMCNVNU8Tpb4obUaSXc"
    "RcQ-VMsfQPJm9IzgtRdAY8NN8Xb7PEcYyklBjvTtuPbpzIaqyiUepzUXNDFuAOOkrIol3WmflPUUgMKU"
    "LBN0EUd1fpOD70pRM0rlp_gg_WNUKoW1V-3keYUJoXH9NztEDm_D2MQXj9eGOJJ8yPgGL8PAZMLe2R7j"
    "b9TxOCPDED7tY_TU4nFPlxptw59A42mldEmViXsKQt60s1SLboazxFKveqXC_jpLUt22OC6GUG63p-RE"
    "w-ZOr3r845z50wMuzifQrMI9bQ",
    "kty": "RSA",
}


def _register(
    development: bool = False, scopes: tuple[str, ...] | None = None, **members: Any
) -> ClientMetadata:
    document = {"redirect_uris": [CALLBACK]} | members
    return read_client_metadata(
        document, development=development, supported=SUPPORTED, scopes=scopes
    )


def _refused(**members: Any) -> OAuthError:
    with pytest.raises(OAuthError) as refused:
        _register(**members)
    assert refused.value.description.isascii()
    assert '"' not in refused.value.description
    return refused.value


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
    metadata = _register(
        jwks={"keys": [_KEY]},
        token_endpoint_auth_method="private_key_jwt",
        policy_uri="https://client.example.org/policy.html",
    )

    assert metadata.jwks == {"keys": [_KEY]}
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
    assert _register().document() == {
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
    assert _register(client_name=None, grant_types=None, scope=None) == _register()


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

    assert _register(**members).document() == members


def test_t188_a_client_chooses_neither_its_id_nor_its_secret() -> None:
    """RFC 7591 §3.2.1, RFC 9700 §4.15: client_id is the server's to choose."""
    metadata = _register(
        client_id="admin",
        client_secret="mine",
        registration_access_token="mine",
        is_first_party=True,
        pkce="public_only",
    )

    assert metadata == _register()


def test_a_software_statement_is_ignored() -> None:
    """RFC 7591 §2.3: a server that does not understand it ignores it."""
    assert _register(software_statement="eyJhbGciOi") == _register()


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
        ("jwks", {"keys": [_KEY] * 21}),
    ],
)
def test_known_members_have_their_type(name: str, value: Any) -> None:
    """RFC 7591 §3.2.2: invalid_redirect_uri or invalid_client_metadata."""
    error = _refused(**{name: value})

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
    error = _refused(**{name: value})

    assert error.error == "invalid_client_metadata"
    assert error.description.startswith(name)


def test_t188_scopes_that_are_not_for_everybody_are_refused() -> None:
    """RFC 7591 §2: scope is what the client can use; the server may limit it."""
    assert _register(scopes=("openid",)).scope == ("openid",)
    assert _register(scopes=("openid", "email"), scope="email").scope == ("email",)
    with pytest.raises(InvalidClientMetadata):
        _register(scopes=("openid",), scope="openid read")


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
    error = _refused(grant_types=grants, response_types=responses)

    assert error.error == "invalid_client_metadata"


def test_a_machine_needs_neither_response_type_nor_redirect() -> None:
    """RFC 7591 §2: redirect URIs are for flows with redirection."""
    metadata = _register(redirect_uris=[], grant_types=["client_credentials"])

    assert metadata.response_types == ()
    assert metadata.document()["response_types"] == []
    assert metadata.sector is None


def test_a_flow_with_redirection_needs_a_redirect_uri() -> None:
    """RFC 7591 §2, OIDC Registration §2: redirect_uris must be registered."""
    for missing in (list[str](), None):
        assert type(_refused(redirect_uris=missing)) is InvalidRedirectUri


def test_only_who_keeps_secrets_acts_for_itself() -> None:
    """RFC 6749 §4.4: client credentials are for confidential clients only."""
    grants = ["client_credentials"]

    assert _register(grant_types=grants).needs_secret
    error = _refused(grant_types=grants, token_endpoint_auth_method="none")
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
    metadata = _register(token_endpoint_auth_method=method, application_type=kind)

    assert metadata.needs_secret is needs_secret


def test_keys_are_said_in_one_way() -> None:
    """RFC 7591 §2: jwks and jwks_uri must not both be present."""
    both = {"jwks": {"keys": [_KEY]}, "jwks_uri": "https://client.example.org/jwks"}

    assert "jwks" in _refused(**both).description


def test_private_key_jwt_needs_keys() -> None:
    """OIDC Core §9: private_key_jwt is for clients that registered a public key."""
    assert (
        "needed" in _refused(token_endpoint_auth_method="private_key_jwt").description
    )
    uri = "https://client.example.org/jwks"
    assert _register(token_endpoint_auth_method="private_key_jwt", jwks_uri=uri)


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_no_private_key_is_kept(member: str) -> None:
    """RFC 7591 §2: jwks holds the client's public keys."""
    keys = [_KEY, _KEY | {member: "x"}]

    assert "public" in _refused(jwks={"keys": keys}).description


# --- Addresses ---


@pytest.mark.parametrize("name", ["redirect_uris", "post_logout_redirect_uris"])
@pytest.mark.parametrize(
    "uri",
    [
        "http://client.example.org/cb",
        "http://localhost/cb",
        "https://*.example.org/cb",
        "https://client.example.org/cb#x",
        "https://client.example.org/cb/../x",
        "https://user@client.example.org/cb",
        "http://[::1",
        "https://client.example.org:99999/",
        "javascript:alert(1)",
        "data:text/html,x",
        "com.example.app:/cb",
        "x",
    ],
)
def test_t013_t019_t058_redirect_uris_are_judged_when_registered(
    name: str, uri: str
) -> None:
    """RFC 7591 §5, §3.2.2, RFC 9700 §4.1.3: bad redirect URIs are refused here."""
    error = _refused(**{name: [CALLBACK, uri]})

    expected = InvalidRedirectUri if name == "redirect_uris" else InvalidClientMetadata
    assert type(error) is expected
    assert uri not in error.description.split()


def test_the_kind_of_client_decides_what_it_may_register() -> None:
    """OIDC Registration §2: web with https, native with schemes and loopback."""
    app = ["com.example.app:/cb", "http://127.0.0.1/cb", "https://app.example.com/cb"]
    local = ["http://localhost:3000/cb"]

    assert _register(application_type="native", redirect_uris=app)
    _refused(application_type="native", redirect_uris=local)
    _refused(redirect_uris=app)
    assert _register(development=True, redirect_uris=local)


@pytest.mark.parametrize("name", ["client_uri", "logo_uri", "policy_uri", "tos_uri"])
@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "javascript://client.example.org/%0aalert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "com.example.app:/x",
        "//client.example.org/",
        "/logo.png",
        "https://user@client.example.org/",
        "https://",
        "x",
    ],
)
def test_t059_pages_link_to_the_web_only(name: str, uri: str) -> None:
    """RFC 7591 §5: URIs that pages show are http or https URLs."""
    good: dict[str, Any] = {name: "http://client.example.org/x?y=z"}

    assert _refused(**{name: uri}).description.startswith(name)
    assert _register(**good)


_CALLED = (
    "jwks_uri",
    "sector_identifier_uri",
    "initiate_login_uri",
    "backchannel_logout_uri",
    "frontchannel_logout_uri",
)


@pytest.mark.parametrize("name", _CALLED)
@pytest.mark.parametrize(
    "uri",
    [
        "http://client.example.org/x",
        "http://localhost/x",
        "https://client.example.org/x#y",
        "ftp://client.example.org/x",
        "file:///etc/passwd",
        "gopher://client.example.org/x",
        "x",
    ],
)
def test_addresses_that_are_called_are_https(name: str, uri: str) -> None:
    """OIDC Registration §2, OIDC Back-Channel Logout §2.2,
    OIDC Front-Channel Logout §2: https, and no fragment."""
    assert _refused(**{name: uri}).description.startswith(name)


@pytest.mark.parametrize("name", _CALLED)
def test_in_development_addresses_of_this_machine_are_called(name: str) -> None:
    local = "http://localhost:3000/x"
    ours: dict[str, Any] = {"redirect_uris": ["http://localhost:3000/cb"], name: local}
    remote: dict[str, Any] = {name: "http://client.example.org/x"}

    assert _register(development=True, **ours)
    with pytest.raises(InvalidClientMetadata):
        _register(development=True, **remote)


@pytest.mark.parametrize(
    ("uri", "is_own"),
    [
        ("https://client.example.org/out", True),
        ("https://CLIENT.example.org:443/out", True),
        ("https://client.example.org:8443/out", False),
        ("https://other.example.org/out", False),
        ("https://client.example.org.evil.example/out", False),
    ],
)
def test_frames_are_of_the_clients_own_site(uri: str, is_own: bool) -> None:
    """OIDC Front-Channel Logout §2: domain, port and scheme of a redirect URI."""
    if is_own:
        assert _register(frontchannel_logout_uri=uri).frontchannel_logout_uri == uri
    else:
        assert "origin" in _refused(frontchannel_logout_uri=uri).description


# --- Names ---


@pytest.mark.parametrize("name", ["client_name", "software_id", "software_version"])
@pytest.mark.parametrize(
    "character",
    [
        "\0",
        "\n",
        "\x1b",
        "\x7f",
        "\x85",
        "\u200e",
        "\u061c",
        "\u202e",
        "\u2066",
        "\u2069",
        "\u2028",
        "\ud800",
    ],
)
def test_t061_names_do_not_disguise_themselves(name: str, character: str) -> None:
    """RFC 7591 §5: the name is shown to people, who must not be misled."""
    assert "directional" in _refused(**{name: f"Bank{character}knaB"}).description


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "\u30af\u30e9\u30a4",
        "\u05e9\u05dc\u05d5\u05dd",
        "A & B \U0001f469\u200d\U0001f4bb",
    ],
)
def test_t061_names_are_kept_as_text(name: str) -> None:
    """RFC 7591 §2: client_name is a human-readable string, in any script."""
    assert _register(client_name=f" {name} ").client_name == name


# --- Pairwise subjects ---


def test_one_host_is_the_sector() -> None:
    """OIDC Core §8.1: the host of the redirect URIs."""
    uris = [CALLBACK, "https://Client.example.org:8443/other"]

    metadata = _register(subject_type="pairwise", redirect_uris=uris)

    assert metadata.sector == "client.example.org"


def test_several_hosts_have_to_say_what_joins_them() -> None:
    """OIDC Core §8.1: several hosts need a sector_identifier_uri."""
    several = [CALLBACK, "https://other.example.org/cb"]

    assert _register(redirect_uris=several).sector is None
    error = _refused(subject_type="pairwise", redirect_uris=several)
    assert error.description.startswith("sector_identifier_uri")
    app = ["com.example.app:/cb"]
    _refused(subject_type="pairwise", redirect_uris=app, application_type="native")


def test_the_sector_lists_every_redirect_uri() -> None:
    """OIDC Registration §5: the redirect URIs must be included in the array."""
    metadata = _register(
        redirect_uris=[CALLBACK, "https://other.example.org/cb"],
        subject_type="pairwise",
        sector_identifier_uri="https://sector.example.org/uris.json",
    )

    assert metadata.sector == "sector.example.org"
    check_sector_document(metadata, [*metadata.redirect_uris, "https://x.example/"])
    for document in ([CALLBACK], [], {}, None, "x", {CALLBACK: 1}, CALLBACK):
        with pytest.raises(InvalidClientMetadata):
            check_sector_document(metadata, document)


def test_what_is_not_offered_cannot_be_had() -> None:
    """RFC 7591 §2: each server decides what it supports."""
    supported = replace(SUPPORTED, auth_methods=("private_key_jwt",))

    with pytest.raises(InvalidClientMetadata):
        read_client_metadata(
            {"redirect_uris": [CALLBACK]}, development=False, supported=supported
        )


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
    _register(**{name: fits})

    with pytest.raises(OAuthError, match=name):
        _register(**{name: too_much})
