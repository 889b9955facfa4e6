"""Which addresses and names clients may register, and who they are one with."""

from dataclasses import replace
from typing import Any

import pytest

from app.oauth.clients.registration import check_sector_document, read_client_metadata
from app.oauth.errors import InvalidClientMetadata, InvalidRedirectUri
from tests.oauth.authorization import SUPPORTED
from tests.oauth.clients.registration_support import CALLBACK, refused, register

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
    error = refused(**{name: [CALLBACK, uri]})

    expected = InvalidRedirectUri if name == "redirect_uris" else InvalidClientMetadata
    assert type(error) is expected
    assert error.description.endswith(f": {uri}")  # which of them, in its own words


def test_the_kind_of_client_decides_what_it_may_register() -> None:
    """OIDC Registration §2: web with https, native with schemes and loopback."""
    app = ["com.example.app:/cb", "http://127.0.0.1/cb", "https://app.example.com/cb"]
    local = ["http://localhost:3000/cb"]

    assert register(application_type="native", redirect_uris=app)
    assert register(application_type="native", redirect_uris=local)
    refused(redirect_uris=local)
    refused(redirect_uris=app)
    assert register(development=True, redirect_uris=local)


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

    assert refused(**{name: uri}).description.startswith(name)
    assert register(**good)


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
    assert refused(**{name: uri}).description.startswith(name)


@pytest.mark.parametrize("name", [n for n in _CALLED if n != "initiate_login_uri"])
def test_in_development_addresses_of_this_machine_are_called(name: str) -> None:
    local = "http://localhost:3000/x"
    ours: dict[str, Any] = {"redirect_uris": ["http://localhost:3000/cb"], name: local}
    remote: dict[str, Any] = {name: "http://client.example.org/x"}

    assert register(development=True, **ours)
    with pytest.raises(InvalidClientMetadata):
        register(development=True, **remote)


@pytest.mark.parametrize("uri", ["http://localhost:3000/x", "http://127.0.0.1/x"])
def test_where_a_sign_in_is_begun_is_https_everywhere(uri: str) -> None:
    """OIDC Registration §2, OIDC Core §4: initiate_login_uri MUST use https."""
    for development in (False, True):
        with pytest.raises(InvalidClientMetadata, match="initiate_login_uri"):
            register(development=development, initiate_login_uri=uri)
    https = "https://localhost:3000/x"
    assert register(development=True, initiate_login_uri=https)


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
        assert register(frontchannel_logout_uri=uri).frontchannel_logout_uri == uri
    else:
        assert "origin" in refused(frontchannel_logout_uri=uri).description


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
    assert "directional" in refused(**{name: f"Bank{character}knaB"}).description


@pytest.mark.parametrize(
    "text",
    [
        *("Ba\u200bnk", "Ba\u00adnk", "Ba\u2060nk", "Ba\ufeffnk", "Ba\u034fnk"),
        *(
            "Ba\U000e0061nk",
            "Ba\U000e0100nk",
            "Ba\ufe0fnk",
            "Ba\u200dnk",
            "Bank \u200c",
        ),
        *("\u3164", "\u2800", "\u200d", "\ufe0f", "\u115f\u1160", "\uffa0"),
    ],
)
@pytest.mark.parametrize("name", ["client_name", "software_id"])
def test_t061_names_have_nothing_that_nobody_sees(name: str, text: str) -> None:
    """It would look like the name of another, or like none."""
    assert "nobody sees" in refused(**{name: text}).description


@pytest.mark.parametrize(
    "text",
    [
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f Cup",
        "\U0001f469\u200d\U0001f4bb at work",
        "\u2764\ufe0f",
        "1\ufe0f\u20e3 One",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u845b\U000e0100\u57ce",
    ],
)
def test_letters_and_emoji_are_joined_as_they_want(text: str) -> None:
    assert register(client_name=text).client_name == text


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
    assert register(client_name=f" {name} ").client_name == name


# --- Pairwise subjects ---


def test_one_host_is_the_sector() -> None:
    """OIDC Core §8.1: the host of the redirect URIs."""
    uris = [CALLBACK, "https://Client.example.org:8443/other"]

    metadata = register(subject_type="pairwise", redirect_uris=uris)

    assert metadata.sector == "client.example.org"


def test_several_hosts_have_to_say_what_joins_them() -> None:
    """OIDC Core §8.1: several hosts need a sector_identifier_uri."""
    several = [CALLBACK, "https://other.example.org/cb"]

    assert register(redirect_uris=several).sector is None
    error = refused(subject_type="pairwise", redirect_uris=several)
    assert error.description.startswith("sector_identifier_uri")
    app = ["com.example.app:/cb"]
    refused(subject_type="pairwise", redirect_uris=app, application_type="native")


def test_the_sector_lists_every_redirect_uri() -> None:
    """OIDC Registration §5: the redirect URIs must be included in the array."""
    metadata = register(
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
