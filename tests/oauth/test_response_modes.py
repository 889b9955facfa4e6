"""How answers get back to the client."""

from urllib.parse import parse_qs, urlsplit

import pytest

from app.oauth.authorization_response import code_response, error_response
from app.oauth.authorize import ReturnAddress
from app.oauth.errors import AccessDenied, InvalidRequest
from app.oauth.response_modes import RESPONSE_MODES, Answer, find_mode
from app.oauth.uri import add_query
from tests.oauth.authorization import a_client, a_query, identify

_ISSUER = "https://honest.as.example"


def _to(
    uri: str = "https://client.example/cb",
    mode: str = "query",
    state: str | None = None,
) -> ReturnAddress:
    return ReturnAddress(
        client=a_client(redirect_uris=(uri,)),
        redirect_uri=uri,
        redirect_uri_sent=uri,
        response_mode=mode,
        state=state,
    )


def _received(answer: Answer) -> dict[str, list[str]]:
    """Return what the client is given, however it travels."""
    parts = urlsplit(answer.url)
    received = parse_qs(parts.query, strict_parsing=bool(parts.query))
    for name, values in parse_qs(parts.fragment).items():
        received.setdefault(name, []).extend(values)
    for name, value in answer.fields.items():
        received.setdefault(name, []).append(value)
    return received


def test_the_issuer_is_in_the_answer() -> None:
    """RFC 9207 §2.1: the example of an authorization response, verbatim."""
    to = _to(state="ZWVlNDBlYzA1NjdkMDNhYjg3ZjUxZjAyNGQzMTM2NzI")

    answer = code_response(
        to, "x1848ZT64p4IirMPT0R-X3141MFPTuBX-VFL_cvaplMH58", _ISSUER
    )

    assert answer == Answer(
        "redirect",
        "https://client.example/cb?"
        "code=x1848ZT64p4IirMPT0R-X3141MFPTuBX-VFL_cvaplMH58"
        "&state=ZWVlNDBlYzA1NjdkMDNhYjg3ZjUxZjAyNGQzMTM2NzI"
        "&iss=https%3A%2F%2Fhonest.as.example",
    )


def test_the_issuer_is_in_the_refusal() -> None:
    """RFC 9207 §2.2: the example of an error response, verbatim."""
    to = _to(state="N2JjNGJhY2JiZjRhYzA3MGJkMzNmMDE5OWJhZmJhZjA")

    answer = error_response(to, AccessDenied(), _ISSUER)

    assert answer.url == (
        "https://client.example/cb?error=access_denied"
        "&state=N2JjNGJhY2JiZjRhYzA3MGJkMzNmMDE5OWJhZmJhZjA"
        "&iss=https%3A%2F%2Fhonest.as.example"
    )


def test_a_refusal_describes_itself_and_keeps_the_hint() -> None:
    """RFC 6749 §4.1.2.1: error, error_description and state, form-encoded."""
    error = InvalidRequest("Unsupported response_type value", hint="for the trail only")

    answer = error_response(_to(state="af0ifjsldkj"), error, _ISSUER)

    assert (
        "?error=invalid_request"
        "&error_description=Unsupported%20response_type%20value"
        "&state=af0ifjsldkj&" in answer.url
    )
    assert "trail" not in answer.url


def test_without_state_there_is_none() -> None:
    """RFC 6749 §4.1.2: state is required only if it was in the request."""
    answer = code_response(_to(), "abc", _ISSUER)

    assert set(_received(answer)) == {"code", "iss"}


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
@pytest.mark.parametrize(
    "state",
    [
        "x&code=evil&iss=evil",
        "a b+c%20d",
        '"><script>alert(1)</script>',
        "\u00fc\u202e#?/=;",
        "line\r\nSet-Cookie: x",
    ],
)
def test_t016_state_comes_back_as_it_was(mode: str, state: str) -> None:
    """RFC 6749 §4.1.2, appendix B: state is the exact value received."""
    answer = code_response(_to(mode=mode, state=state), "good", _ISSUER)

    assert _received(answer) == {"code": ["good"], "state": [state], "iss": [_ISSUER]}
    assert answer.url.isascii()
    assert answer.url.isprintable()


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
def test_t016_the_registered_query_is_kept_without_our_names(mode: str) -> None:
    """RFC 6749 §3.1.2, §3.1: the query is retained, and no parameter is there twice."""
    own = "code=evil&tenant=a%20b&c%6Fde=evil&iss=evil&error=x&state=y&flag"
    to = _to(f"https://client.example/cb?{own}", mode, state="good")

    answer = code_response(to, "good", _ISSUER)

    assert "/cb?tenant=a%20b&flag" in answer.url
    received = _received(
        Answer(answer.kind, answer.url.replace("&flag", ""), answer.fields)
    )
    assert received == {
        "tenant": ["a b"],
        "code": ["good"],
        "state": ["good"],
        "iss": [_ISSUER],
    }


def test_t016_a_query_of_our_names_only_goes() -> None:
    to = _to("https://client.example/cb?error=access_denied", "form_post")

    assert code_response(to, "good", _ISSUER).url == "https://client.example/cb"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://c.example", "https://c.example?a=1"),
        ("https://c.example/?", "https://c.example/?a=1"),
        ("https://c.example/?b=2", "https://c.example/?b=2&a=1"),
        ("https://c.example/?b=2&", "https://c.example/?b=2&a=1"),
        ("com.example.app:/cb", "com.example.app:/cb?a=1"),
    ],
)
def test_parameters_are_joined_with_what_is_there(uri: str, expected: str) -> None:
    """RFC 6749 §3.1.2: additional parameters are added to the query."""
    assert add_query(uri, {"a": "1"}) == expected
    assert add_query(uri, {}) == uri


def test_a_fragment_may_be_asked_for() -> None:
    """OAuth Multiple Response Types §2.1: response parameters in the fragment."""
    answer = code_response(_to(mode="fragment", state="s"), "abc", _ISSUER)

    assert answer.kind == "redirect"
    assert answer.url == (
        "https://client.example/cb#code=abc&state=s&iss=https%3A%2F%2Fhonest.as.example"
    )


def test_a_form_carries_the_parameters_as_fields() -> None:
    """OIDC Form Post §2: the action is the redirect URI, the fields the parameters."""
    to = _to(
        "https://client.example.org/callback",
        "form_post",
        "DcP7csa3hMlvybERqcieLHrRzKBra",
    )

    answer = code_response(to, "abc", _ISSUER)

    assert answer == Answer(
        "form",
        "https://client.example.org/callback",
        {"code": "abc", "state": "DcP7csa3hMlvybERqcieLHrRzKBra", "iss": _ISSUER},
    )


def test_query_is_the_default_for_a_code() -> None:
    """OAuth Multiple Response Types §2.1: the default of code is query."""
    mode = find_mode(None, "https://client.example/cb")

    assert mode is not None
    assert mode.name == "query"


@pytest.mark.parametrize("name", ["", "Query", "jwt", "query.jwt", "web_message", "x"])
def test_other_modes_are_unknown(name: str) -> None:
    assert find_mode(name, "https://client.example/cb") is None


def test_forms_are_posted_to_web_servers_only() -> None:
    app = "com.example.app:/cb"

    assert find_mode("form_post", app) is None
    assert find_mode("fragment", app) is not None
    assert find_mode("form_post", "http://127.0.0.1:5000/cb") is not None


@pytest.mark.parametrize("mode", [m.name for m in RESPONSE_MODES] + ["odd"])
def test_t056_no_mode_goes_around_the_redirect_uri(mode: str) -> None:
    """RFC 9700 §4.11: no redirect at all with an invalid redirect URI."""
    params = a_query(redirect_uri="https://evil.example/cb", response_mode=mode)

    with pytest.raises(InvalidRequest):
        identify(params, a_client())
