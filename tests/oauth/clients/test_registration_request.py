"""What is made of a registration before it is judged: left out, replaced, refused."""

from dataclasses import replace
from typing import Any

import pytest

from app.oauth.clients.registration import read_client_metadata
from app.oauth.clients.registration_request import adapt, present
from app.oauth.errors import InvalidClientMetadata, OAuthError
from tests.oauth.authorization import SUPPORTED
from tests.oauth.clients.registration_support import refused

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
OFFERED = replace(SUPPORTED, grant_types=("authorization_code", "refresh_token"))
CALLBACK = "https://client.example.org/callback"


def _registered(**members: Any) -> dict[str, Any]:
    """Return what a program is registered as."""
    adapted = adapt({"redirect_uris": [CALLBACK]} | members, OFFERED)
    read = read_client_metadata(adapted, development=False, supported=OFFERED)
    return read.document()


def _refused(**members: Any) -> str:
    with pytest.raises(OAuthError) as refusal:
        _registered(**members)
    return refusal.value.description


CODE = ["authorization_code"]


@pytest.mark.parametrize(
    ("asked", "registered"),
    [
        (["authorization_code", DEVICE, "refresh_token"], [*CODE, "refresh_token"]),
        (["password", "implicit", "authorization_code", "urn:x"], CODE),
        (["client_credentials", "authorization_code"], CODE),
        (["authorization_code", "authorization_code", ""], CODE),
        ([], CODE),
        ([""], CODE),
        ("", CODE),
        (None, CODE),
    ],
)
def test_grant_types_that_are_not_offered_are_left_out(
    asked: Any, registered: list[str]
) -> None:
    """RFC 7591 §2, §3.2.1: the server may replace values, and says what it did."""
    told = _registered(grant_types=asked)

    assert told["grant_types"] == registered
    assert told["response_types"] == ["code"]


@pytest.mark.parametrize(
    "asked",
    [
        ["refresh_token"],
        ["client_credentials"],
        [DEVICE],
        ["implicit", "refresh_token"],
    ],
)
def test_a_client_that_could_begin_nothing_is_refused_by_name(
    asked: list[str],
) -> None:
    """RFC 7591 §3.2.2: one usable grant has to remain."""
    told = _refused(grant_types=asked, response_types=["code"])

    assert told.startswith("grant_types has none ")
    assert f": {', '.join(asked)}; it may have authorization_code" in told


@pytest.mark.parametrize(
    "asked",
    [
        ["code", "token"],
        ["id_token token", "code", "none"],
        ["code id_token"],
        ["token"],
        [],
        [""],
        "",
        None,
    ],
)
def test_response_types_follow_the_grant(asked: Any) -> None:
    """RFC 7591 §2.1: code goes with authorization_code, whatever was asked besides."""
    told = _registered(grant_types=CODE, response_types=asked)

    assert told["response_types"] == ["code"]


@pytest.mark.parametrize("asked", [["token"], ["id_token token"], ["none"]])
def test_response_types_alone_say_what_a_client_can(asked: list[str]) -> None:
    """RFC 7591 §2.1: who asks for the implicit flow alone cannot use a code."""
    assert _refused(response_types=asked) == (
        f"response_types has none that is supported: {asked[0]}; it may have code"
    )


@pytest.mark.parametrize(
    ("asked", "registered"),
    [
        ("openid read:data read", "openid read"),
        ("read:data", " ".join(OFFERED.scopes)),
        ("openid  openid", "openid"),
        ("", " ".join(OFFERED.scopes)),
        ("   ", " ".join(OFFERED.scopes)),
        (None, " ".join(OFFERED.scopes)),
        (" ".join(f"s{n}" for n in range(9_000)) + " read", "read"),
    ],
)
def test_scopes_that_are_not_offered_are_left_out(asked: Any, registered: str) -> None:
    """RFC 7591 §2: without any, the server may register a default set."""
    assert _registered(scope=asked)["scope"] == registered


@pytest.mark.parametrize(
    ("uris", "kind"),
    [
        (["http://127.0.0.1:33418/"], "native"),
        (["http://localhost:6274/oauth/callback"], "native"),
        (["com.example.app:/cb"], "native"),
        (["https://vscode.dev/redirect", "http://127.0.0.1/"], "native"),
        (["https://claude.ai/api/mcp/auth_callback"], "web"),
    ],
)
def test_where_a_client_comes_back_to_says_what_it_is(
    uris: list[str], kind: str
) -> None:
    """RFC 8252 §7, OIDC Registration §2: unless the client says so itself."""
    for absent in ({}, {"application_type": ""}, {"application_type": None}):
        assert _registered(redirect_uris=uris, **absent)["application_type"] == kind


def test_what_a_client_says_it_is_stays() -> None:
    """OIDC Registration §2: a web client has no business on loopback."""
    told = _refused(redirect_uris=["http://127.0.0.1/"], application_type="web")

    assert told == "redirect_uris must use https: http://127.0.0.1/"


EMPTY = {
    name: ""
    for name in (
        "client_name client_uri logo_uri policy_uri tos_uri software_id jwks jwks_uri "
        "software_version subject_type sector_identifier_uri default_max_age "
        "token_endpoint_auth_method require_auth_time initiate_login_uri contacts "
        "backchannel_logout_uri frontchannel_logout_uri post_logout_redirect_uris "
        "id_token_signed_response_alg userinfo_signed_response_alg default_acr_values"
    ).split()
}


def test_empty_texts_are_absent_everywhere() -> None:
    """RFC 7591 §2: what a client does not say has its default."""
    for blank in ("", "  ", None):
        assert _registered(**dict.fromkeys(EMPTY, blank)) == _registered()
    lists = {"contacts": [""], "redirect_uris": [CALLBACK, ""]}
    assert _registered(**lists) == _registered()
    assert _refused(redirect_uris=[""]) == "redirect_uris must not be empty"


@pytest.mark.parametrize(
    "members",
    [
        {"grant_types": "authorization_code"},
        {"grant_types": [1]},
        {"grant_types": {"a": 1}},
        {"response_types": [["code"]]},
        {"scope": ["openid"]},
        {"scope": 0},
        {"redirect_uris": [1]},
        {"redirect_uris": "https://a.example/"},
        {"application_type": []},
        {"application_type": False},
    ],
)
def test_wrong_types_are_refused_and_not_mended(members: dict[str, Any]) -> None:
    """RFC 7591 §3.2.2: only what is well-formed is replaced."""
    if members == {"application_type": []}:  # an empty list says nothing
        assert _registered(**members)["application_type"] == "web"
        return
    assert _refused(**members).startswith(next(iter(members)))


@pytest.mark.parametrize("document", [None, [], "x", 1, True])
def test_a_document_that_is_no_object_is_refused(document: Any) -> None:
    """RFC 7591 §3.1: a JSON object."""
    for read in (present, lambda given: adapt(given, OFFERED)):
        with pytest.raises(InvalidClientMetadata):
            read(document)


@pytest.mark.parametrize(
    "name", ["redirect_uris", "contacts", "post_logout_redirect_uris"]
)
def test_long_lists_are_bounded(name: str) -> None:
    """RFC 7591 §5: what strangers leave here has an end."""
    many = [f"https://a.example/{n}" for n in range(51)]

    assert _refused(**{name: many}) == f"{name} must be an array of at most 50 values"


def test_long_lists_of_what_is_left_out_cost_nothing() -> None:
    """RFC 7591 §2: of a thousand grant types the one that is offered remains."""
    many = [f"urn:example:{n}" for n in range(1_000)]

    assert _registered(grant_types=many + CODE)["grant_types"] == CODE
    assert len(_refused(grant_types=many)) < 3_000


@pytest.mark.parametrize(
    ("scopes", "said"),
    [
        (("openid", "email"), "and no scope is for programs without people: x"),
        (("openid", "email", "orders:read"), "x; it may have orders:read"),
    ],
)
def test_a_machine_is_told_of_scopes_that_it_can_have(
    scopes: tuple[str, ...], said: str
) -> None:
    machine = {"grant_types": ["client_credentials"], "redirect_uris": []}
    supported = replace(SUPPORTED, scopes=scopes)

    error = refused(supported=supported, scope="x", **machine)

    assert error.description.endswith(said)
