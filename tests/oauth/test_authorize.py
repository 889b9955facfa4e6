"""Authorization requests: who is told what is wrong, and what is read."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from app.oauth.authorization_response import code_response, error_response
from app.oauth.authorize import read_request
from app.oauth.clients.client import PkcePolicy
from app.oauth.errors import (
    InvalidRequest,
    InvalidScope,
    OAuthError,
    RegistrationNotSupported,
    RequestNotSupported,
    RequestUriNotSupported,
    UnauthorizedClient,
    UnsupportedResponseType,
)
from app.oauth.parameters import parse_form
from tests.oauth.authorization import (
    CALLBACK,
    CHALLENGE,
    SUPPORTED,
    a_client,
    a_query,
    identify,
    read,
)


def test_the_example_of_oauth() -> None:
    """RFC 6749 §4.1.1, §4.1.2: the example request and response, verbatim."""
    client = a_client(redirect_uris=("https://client.example.com/cb",))
    params = parse_form(
        b"response_type=code&client_id=s6BhdRkqt3&state=xyz"
        b"&redirect_uri=https%3A%2F%2Fclient%2Eexample%2Ecom%2Fcb"
    )

    answer = code_response(
        identify(params, client), "SplxlOBeZQQYbYS6WxSbIA", "https://as.example"
    )

    assert answer.url.startswith(
        "https://client.example.com/cb?code=SplxlOBeZQQYbYS6WxSbIA&state=xyz"
    )


def test_the_example_of_openid_connect() -> None:
    """OIDC Core §3.1.2.1: the example request, verbatim."""
    params = parse_form(
        b"response_type=code"
        b"&scope=openid%20profile%20email"
        b"&client_id=s6BhdRkqt3"
        b"&state=af0ifjsldkj"
        b"&redirect_uri=https%3A%2F%2Fclient.example.org%2Fcb"
    )
    to = identify(params, a_client())

    request = read_request(params, to, supported=SUPPORTED, pkce="public_only")

    assert request.is_openid
    assert request.scope == ("openid", "profile", "email")
    assert request.redirect_uri == request.redirect_uri_sent == CALLBACK
    assert request.state == "af0ifjsldkj"
    assert request.response_mode == "query"


# --- Who asks: shown, never redirected ---


def test_t017_an_unknown_client_is_not_redirected() -> None:
    """RFC 6749 §4.1.2.1, RFC 9700 §4.11: no redirect without a known client."""
    params = a_query(redirect_uri="https://evil.example/cb", prompt="none")
    for client in (None, a_client(client_id="another")):
        with pytest.raises(InvalidRequest) as refused:
            identify(params, client)

        assert refused.value.description == "client_id is unknown"
        assert "s6BhdRkqt3" in refused.value.hint


def test_t017_a_foreign_redirect_uri_comes_before_all_else() -> None:
    """RFC 6749 §4.1.2.1: no redirect to an unregistered URI, whatever else is wrong."""
    params = a_query(
        redirect_uri="https://evil.example/cb",
        response_type="bogus",
        scope="bogus",
        prompt="none login",
    )

    with pytest.raises(InvalidRequest) as refused:
        identify(params, a_client())

    assert "evil.example" in refused.value.hint


def test_a_request_without_client_id_is_shown() -> None:
    """RFC 6749 §4.1.1: client_id is required."""
    with pytest.raises(InvalidRequest):
        identify(a_query(client_id=None), a_client())


@pytest.mark.parametrize("name", [b"client_id", b"redirect_uri", b"state", b"scope"])
def test_t016_a_parameter_that_is_there_twice_is_shown(name: bytes) -> None:
    """RFC 6749 §3.1: request parameters must not be included more than once."""
    with pytest.raises(InvalidRequest):
        parse_form(name + b"=a&" + name + b"=a")


def test_openid_connect_demands_a_redirect_uri() -> None:
    """OIDC Core §3.1.2.1: redirect_uri is required, even where one is registered."""
    with pytest.raises(InvalidRequest) as refused:
        identify(a_query(redirect_uri=None), a_client())

    assert refused.value.description == "redirect_uri is missing"


def test_plain_oauth_may_leave_the_only_one_out() -> None:
    """RFC 6749 §3.1.2.3: without openid, the one registered URI is used."""
    request = read(redirect_uri=None, scope="read")

    assert request.redirect_uri == CALLBACK
    assert request.redirect_uri_sent is None


def test_development_is_handed_on() -> None:
    local = "http://localhost:3000/cb"
    client, params = a_client(redirect_uris=(local,)), a_query(redirect_uri=local)

    assert identify(params, client, development=True).redirect_uri == local
    with pytest.raises(InvalidRequest):
        identify(params, client)


# --- What is asked: redirected ---


def test_a_refusal_goes_where_it_was_asked_to() -> None:
    """RFC 6749 §4.1.2.1, RFC 9207 §2: errors come with state and iss, in that mode."""
    to = identify(a_query(response_mode="fragment"), a_client())

    answer = error_response(to, InvalidScope(), "https://as.example")

    assert answer.url == (
        f"{CALLBACK}#error=invalid_scope&state=af0ifjsldkj"
        "&iss=https%3A%2F%2Fas.example"
    )


def test_a_refusal_of_the_mode_itself_goes_into_the_query() -> None:
    """OAuth Multiple Response Types §2.1: an unknown mode is refused by the default."""
    params = a_query(response_mode="carrier_pigeon")
    to = identify(params, a_client())

    assert to.response_mode == "query"
    with pytest.raises(InvalidRequest):
        read_request(params, to, supported=SUPPORTED)


def test_a_form_is_not_posted_to_an_app() -> None:
    """OIDC Form Post §2: a form needs a web server behind the redirect URI."""
    app = "com.example.app:/cb"
    client = a_client(redirect_uris=(app,), application_type="native")

    with pytest.raises(InvalidRequest):
        read(client, redirect_uri=app, response_mode="form_post")


def test_form_post_is_read() -> None:
    """OIDC Form Post §2: response_mode=form_post is for any response type."""
    assert read(response_mode="form_post").response_mode == "form_post"


@pytest.mark.parametrize(
    "sent",
    [
        "token",
        "id_token",
        "id_token token",
        "code token",
        "code id_token",
        "none",
        "Code",
        "CODE",
        " code",
        "code ",
        "code code",
        "bogus",
    ],
)
def test_t029_only_a_code_is_given(sent: str) -> None:
    """RFC 6749 §3.1.1, RFC 9700 §2.1.2: no token in an authorization response."""
    with pytest.raises(UnsupportedResponseType):
        read(response_type=sent)


def test_the_response_type_is_required() -> None:
    """RFC 6749 §3.1.1: a missing response_type is an invalid request."""
    with pytest.raises(InvalidRequest) as refused:
        read(response_type=None)

    assert refused.value.description == "response_type is missing"


@pytest.mark.parametrize(
    "lacking",
    [
        {"response_types": frozenset[str]()},
        {"grant_types": frozenset({"client_credentials"})},
    ],
)
def test_a_client_uses_what_it_is_registered_for(
    lacking: dict[str, frozenset[str]],
) -> None:
    """RFC 6749 §4.1.2.1: unauthorized_client."""
    with pytest.raises(UnauthorizedClient):
        read(a_client(**lacking))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("request", RequestNotSupported),
        ("request_uri", RequestUriNotSupported),
        ("registration", RegistrationNotSupported),
    ],
)
def test_what_is_not_supported_is_refused(name: str, kind: type[OAuthError]) -> None:
    """OIDC Core §3.1.2.6, §6.1, §6.2, §7.2.1: the errors of what is not taken."""
    sent: dict[str, Any] = {name: "eyJhbGciOiJub25lIn0.e30."}
    with pytest.raises(kind):
        read(**sent)


@pytest.mark.parametrize("server", ["always", "pkce_or_nonce", "public_only"])
@pytest.mark.parametrize("own", [None, "always", "pkce_or_nonce", "public_only"])
def test_public_clients_always_need_pkce(
    server: PkcePolicy, own: PkcePolicy | None
) -> None:
    """RFC 9700 §2.1.1: public clients must use PKCE, whatever policy says."""
    client = a_client(token_endpoint_auth_method="none", pkce=own)

    with pytest.raises(InvalidRequest) as refused:
        read(
            client,
            pkce=server,
            code_challenge=None,
            code_challenge_method=None,
            nonce="n-0S6_WzA2Mj",
        )

    assert refused.value.description == "code_challenge is missing"


@pytest.mark.parametrize(
    ("server", "own", "nonce", "is_taken"),
    [
        ("always", None, "n", False),
        ("pkce_or_nonce", None, None, False),
        ("pkce_or_nonce", None, "n", True),
        ("public_only", None, None, True),
        ("public_only", "always", "n", False),
        ("always", "public_only", None, True),
        ("always", "pkce_or_nonce", "n", True),
        ("always", "pkce_or_nonce", None, False),
    ],
)
def test_confidential_clients_follow_the_policy(
    server: PkcePolicy, own: PkcePolicy | None, nonce: str | None, is_taken: bool
) -> None:
    """RFC 9700 §2.1.1: PKCE or nonce; the client's own choice before the server's."""
    changes: dict[str, Any] = {"nonce": nonce}
    changes |= {"code_challenge": None, "code_challenge_method": None}

    def ask() -> None:
        read(a_client(pkce=own), pkce=server, **changes)

    if is_taken:
        ask()
        return
    with pytest.raises(InvalidRequest) as refused:
        ask()
    assert refused.value.hint == f"PKCE policy is {own or server}"


def test_a_nonce_protects_only_who_gets_an_id_token() -> None:
    """RFC 9700 §2.1.1: nonce is of OpenID Connect; plain OAuth needs PKCE."""
    with pytest.raises(InvalidRequest):
        read(scope="read", nonce="n", code_challenge=None, code_challenge_method=None)


@pytest.mark.parametrize(
    ("challenge", "method"),
    [
        (CHALLENGE, None),
        (CHALLENGE, "plain"),
        (CHALLENGE, "s256"),
        (None, "S256"),
        (CHALLENGE[:-1], "S256"),
        (CHALLENGE + "A", "S256"),
        (CHALLENGE[:-1] + "=", "S256"),
        (CHALLENGE[:-1] + "+", "S256"),
    ],
)
def test_t022_a_challenge_is_well_formed(
    challenge: str | None, method: str | None
) -> None:
    """RFC 7636 §4.4.1: a transformation or challenge that is not taken."""
    with pytest.raises(InvalidRequest):
        read(pkce="public_only", code_challenge=challenge, code_challenge_method=method)


def test_the_challenge_is_kept() -> None:
    """RFC 7636 §4.4: the server associates the challenge with the code."""
    assert read().code_challenge == CHALLENGE


def _object(claims: Any, **header: Any) -> str:
    """Return a request object as applications make it, without a signature."""
    parts = ({"alg": "none"} | header, claims)
    texts = (urlsafe_b64encode(json.dumps(part).encode()) for part in parts)
    return ".".join(text.rstrip(b"=").decode() for text in texts) + "."


@pytest.mark.parametrize(
    ("claims", "mode", "state"),
    [
        ({"response_mode": "form_post", "state": "of it"}, "form_post", "of it"),
        ({"response_mode": "fragment"}, "fragment", "of the query"),
        ({"state": "of it"}, "query", "of it"),
        ({"response_mode": "web_message", "state": "of it"}, "query", "of it"),
        ({"response_mode": ["form_post"], "state": 5}, "query", "of the query"),
        ({"response_mode": "", "state": ""}, "query", "of the query"),
        ({"state": "\ud800"}, "query", "of the query"),
        ({"state": "a\0b"}, "query", "of the query"),
        (["state"], "query", "of the query"),
        ({}, "query", "of the query"),
    ],
)
def test_a_refused_request_object_says_how_it_is_answered(
    claims: Any, mode: str, state: str
) -> None:
    """OIDC Core §6.1, OIDC Form Post §2: its values go before those of the query."""
    to = identify(a_query(request=_object(claims), state="of the query"), a_client())

    assert (to.response_mode, to.state) == (mode, state)


@pytest.mark.parametrize(
    "text", ["x", "e30.e30.", "a.b.c.d.e", _object({"state": "s"}, crit=["x"])]
)
def test_a_request_object_that_cannot_be_read_changes_nothing(text: str) -> None:
    """OIDC Core §6.1: what is no request object says nothing."""
    query = a_query(request=text, state="s0", response_mode="form_post")
    to = identify(query, a_client())

    assert (to.response_mode, to.state) == ("form_post", "s0")


def test_a_request_object_does_not_say_where_the_answer_goes() -> None:
    """OIDC Core §3.1.2.1: the redirect URI is known without it, or nobody is told."""
    evil = {"redirect_uri": "https://evil.example/cb", "response_mode": "form_post"}
    to = identify(a_query(request=_object(evil)), a_client())

    assert to.redirect_uri == CALLBACK
    with pytest.raises(InvalidRequest):
        identify(a_query(request=_object(evil), redirect_uri=None), a_client())


def test_a_mode_that_cannot_reach_the_client_is_not_taken_from_an_object() -> None:
    """OIDC Form Post §2: browsers post forms to web servers only."""
    uri = "com.example.app:/cb"
    native = a_client(redirect_uris=(uri,), application_type="native")
    asked = a_query(
        redirect_uri=uri, request=_object({"response_mode": "form_post", "state": "x"})
    )

    assert identify(asked, native).response_mode == "query"
