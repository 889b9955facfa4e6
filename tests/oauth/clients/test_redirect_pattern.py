"""Redirect URIs of preview deployments."""

import pytest

from app.oauth.authorize import identify, read_request
from app.oauth.clients.redirect_pattern import (
    matches_pattern,
    pattern_parent,
    why_no_pattern,
)
from app.oauth.clients.redirect_uri import match_redirect_uri
from app.oauth.errors import InvalidRequest
from tests.oauth.authorization import CALLBACK, SUPPORTED, a_client, a_query

PATTERN = "https://*.preview.example.com/callback"
OWNED = ("preview.example.com",)
PREVIEW = "https://branch-7.preview.example.com/callback"


@pytest.mark.parametrize(
    "pattern",
    [
        PATTERN,
        "https://*.shop.preview.example.com/callback",
        "https://*.preview.example.com:8443/callback?from=idp",
    ],
)
def test_one_label_below_a_host_of_the_operator_may_be_anything(pattern: str) -> None:
    assert why_no_pattern(pattern, OWNED) is None
    assert matches_pattern(pattern.replace("*", "branch-7"), pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "https://preview.example.com/callback",
        "http://*.preview.example.com/callback",
        "https://*preview.example.com/callback",
        "https://a-*.preview.example.com/callback",
        "https://*.*.preview.example.com/callback",
        "https://*.preview.example.com/*",
        "https://a.*.preview.example.com/callback",
        "https://*.preview.example.com/a/../callback",
        "https://*.preview.example.com/%2e%2e/callback",
        "https://*.preview.example.com/callback#x",
        "https://u@*.preview.example.com/callback",
        "https://*.PREVIEW.example.com/callback",
        "https://*.com/callback",
        "https://*.example.com/callback",
        "https://*.evilpreview.example.com/callback",
        "https://*.preview.example.com.evil.example/callback",
        "https://*./callback",
        "https://*",
        "*",
        "",
    ],
)
def test_no_other_pattern_is_taken(pattern: str) -> None:
    assert why_no_pattern(pattern, OWNED) is not None


@pytest.mark.parametrize(
    ("pattern", "parent"),
    [(PATTERN, "preview.example.com"), ("https://*", ""), ("https://[::1/", "")],
)
def test_what_is_above_a_pattern_is_the_name_without_its_label(
    pattern: str, parent: str
) -> None:
    """RFC 1034 §3.1: labels; of what is no pattern there is none."""
    assert pattern_parent(pattern) == parent


def test_where_the_operator_owns_nothing_no_pattern_is_taken() -> None:
    flaw = why_no_pattern(PATTERN, ())
    assert flaw is not None and "AUTH_SERVE_OAUTH__PREVIEW_HOSTS" in flaw


@pytest.mark.parametrize(
    "uri",
    [
        "https://preview.example.com/callback",
        "https://.preview.example.com/callback",
        "https://a.b.preview.example.com/callback",
        "https://-a.preview.example.com/callback",
        "https://a_b.preview.example.com/callback",
        "https://xn--80ak6aa92e.preview.example.com/callback",
        "https://A.preview.example.com/callback",
        "https://*.preview.example.com/callback",
        "https://a.preview.example.com/callback/",
        "https://a.preview.example.com/callback?x=1",
        "https://a.preview.example.com:8443/callback",
        "https://a.preview.example.com/other/../callback",
        "http://a.preview.example.com/callback",
        "https://a.preview.example.com.evil.example/callback",
        "https://evil.example/a.preview.example.com/callback",
        "https://evil.example#.preview.example.com/callback",
        "https://evil.example\\.preview.example.com/callback",
        "https://u@a.preview.example.com/callback",
        f"https://{'a' * 64}.preview.example.com/callback",
    ],
)
def test_nothing_but_the_label_may_differ(uri: str) -> None:
    client = a_client(redirect_uri_patterns=(PATTERN,))
    assert not matches_pattern(uri, PATTERN)
    with pytest.raises(InvalidRequest):
        match_redirect_uri(uri, client)


def test_what_is_registered_as_it_stands_goes_on() -> None:
    client = a_client(redirect_uri_patterns=(PATTERN,))
    assert match_redirect_uri(CALLBACK, client) == CALLBACK
    assert match_redirect_uri(PREVIEW, client) == PREVIEW


def test_with_a_pattern_a_request_has_to_say_where_it_goes() -> None:
    """RFC 6749 §3.1.2.3: more than one may be meant."""
    with pytest.raises(InvalidRequest):
        match_redirect_uri(None, a_client(redirect_uri_patterns=(PATTERN,)))


@pytest.mark.parametrize("policy", ["pkce_or_nonce", "public_only"])
def test_a_preview_needs_pkce_whatever_the_policy_is(policy: str) -> None:
    client = a_client(redirect_uri_patterns=(PATTERN,), pkce=policy)
    query = a_query(
        redirect_uri=PREVIEW, code_challenge=None, code_challenge_method=None
    )
    to = identify(query, client, scopes=SUPPORTED.scopes)
    with pytest.raises(InvalidRequest, match="policy is always"):
        read_request(query, to, supported=SUPPORTED)
