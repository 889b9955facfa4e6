"""Where answers may go."""

from dataclasses import replace

import pytest

from app.oauth.clients.client import ApplicationType, Client
from app.oauth.clients.redirect_uri import (
    is_native,
    match_post_logout_redirect_uri,
    match_redirect_uri,
    may_register,
    place_of,
)
from app.oauth.errors import InvalidRequest
from tests.oauth.authorization import a_client

_TYPES: tuple[ApplicationType, ...] = ("web", "native")
_MALFORMED = (
    "http://[::1",
    "http://[:x]/",
    "https://[::1:::]/cb",
    "https://rp.example.com:99999/cb",
    "https://rp.example.com:0/cb",
    "https://rp.example.com:/cb",
    "https://rp.example.com:port/cb",
    "https:///cb",
    "https:/cb",
    "https:",
    "https://",
    "//rp.example.com/cb",
    "/cb",
    "cb",
    "",
    "https://rp.example.com./cb",
    "https://rp..example.com/cb",
    "https://-rp.example.com/cb",
    "https://127.1/cb",
    "https://2130706433/cb",
    "https://0x7f000001/cb",
    "HTTPS://rp.example.com/cb",
    "https://rp.example.com/cb%",
    "https://rp.example.com/%zz",
    "https://rp.example.com/" + "a" * 2_048,
)
_NEVER = (
    "https://rp.example.com/cb#",
    "https://rp.example.com/cb#x",
    "https://user@rp.example.com/cb",
    "https://user:word@rp.example.com/cb",
    "https://rp.example.com@evil.example/cb",
    "https://*.example.com/cb",
    "https://rp.example.com/*",
    "https://rp.example.com/cb?*",
    "https://rp.example.com/cb/../x",
    "https://rp.example.com/..;/x",
    "https://rp.example.com/cb/..",
    "https://rp.example.com/./cb",
    "https://rp.example.com/cb/.",
    "https://rp.example.com/cb/%2e%2e/x",
    "https://rp.example.com/cb/%2E%2e/x",
    "https://rp.example.com/cb/%252e%252e/x",
    "https://rp.example.com/cb%2fx",
    "https://rp.example.com/cb%5Cx",
    "https://rp.example.com/cb\\x",
    "https://rp.example.com\\@evil.example/cb",
    "https://rp.example.com/cb\r\nx",
    "https://rp.example.com/cb\tx",
    "https://rp.example.com/cb\n",
    " https://rp.example.com/cb",
    "https://rp.example.com/c b",
    "https://rp.example.com/%0d%0a",
    "https://rp.example.com/%00",
    "https://rp.example.com/?a=%7f",
    "https://rp.example.com/\u202ecb",
    "https://rp.ex\u0430mple.com/cb",
    "javascript:alert(1)",
    "javascript://rp.example.com/%250aalert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "ftp://rp.example.com/cb",
    "blob:https://rp.example.com/x",
    "myapp:/cb",
    "myapp://cb",
    "com.example.app:cb",
    "com..app:/cb",
)


@pytest.mark.parametrize("development", [True, False])
@pytest.mark.parametrize("kind", _TYPES)
@pytest.mark.parametrize("uri", _NEVER + _MALFORMED)
def test_t013_t058_what_is_never_registered(
    uri: str, kind: ApplicationType, development: bool
) -> None:
    """RFC 6749 §3.1.2, RFC 9700 §4.1.3: absolute, no fragment, and nothing that two
    parsers could read differently."""
    assert not may_register(uri, kind, development)


@pytest.mark.parametrize("development", [True, False])
@pytest.mark.parametrize("kind", _TYPES)
@pytest.mark.parametrize(
    "uri",
    [
        "https://client.example.org/cb",
        "https://client.example.org",
        "https://client.example.org:8443/cb?tenant=a%20b&x=/y?z",
        "https://Client.example.org/a.b/.well-known",
        "https://my_host/cb",
        "https://192.0.2.1/cb",
        "https://[2001:db8::1]:444/cb",
        "https://xn--bcher-kva.example/cb",
    ],
)
def test_https_is_always_acceptable(
    uri: str, kind: ApplicationType, development: bool
) -> None:
    """RFC 9700 §2.6: what travels encrypted may be registered by every client."""
    assert may_register(uri, kind, development)


@pytest.mark.parametrize("uri", ["http://127.0.0.1/cb", "http://[::1]:8080/cb"])
def test_plain_http_is_for_native_clients_on_this_machine(uri: str) -> None:
    """RFC 8252 §7.3, RFC 9700 §2.6: http on the loopback interface only."""
    assert may_register(uri, "native", False)
    assert not may_register(uri, "web", False)


@pytest.mark.parametrize(
    "uri", ["http://client.example.org/cb", "http://192.0.2.1/cb", "http://[::2]/cb"]
)
@pytest.mark.parametrize("kind", _TYPES)
@pytest.mark.parametrize("development", [True, False])
def test_plain_http_never_leaves_the_machine(
    uri: str, kind: ApplicationType, development: bool
) -> None:
    """RFC 9700 §2.6: no authorization response over unencrypted connections."""
    assert not may_register(uri, kind, development)


@pytest.mark.parametrize("kind", _TYPES)
@pytest.mark.parametrize("host", ["localhost:3000", "app.localhost", "127.0.0.1"])
def test_names_of_this_machine_are_for_development(
    host: str, kind: ApplicationType
) -> None:
    """RFC 8252 §8.3: localhost is not what a redirect should rely on."""
    assert may_register(f"http://{host}/cb", kind, True)
    assert not may_register(f"http://{host}/cb", "web", False)


def test_localhost_is_this_machine_for_a_native_client() -> None:
    """RFC 8252 §7.3, §8.3: programs name it, browsers resolve it to loopback alone."""
    assert may_register("http://localhost:8787/callback", "native", False)
    for host in ("app.localhost", "localhost.", "localhost.evil.example", "LOCALHOST"):
        assert not may_register(f"http://{host}/cb", "native", False), host
    assert not may_register("http://localhost.evil.example/cb", "native", True)
    assert not may_register("http://127.0.0.1.evil.example/cb", "native", True)


_CURSOR = "cursor://anysphere.cursor-mcp/oauth/callback"


def test_a_scheme_without_a_dot_has_to_be_named() -> None:
    """RFC 8252 §7.1: it wants a dot; the operator may know better."""
    schemes = ("cursor", "raycast")

    assert not may_register(_CURSOR, "native", False)
    assert may_register(_CURSOR, "native", False, schemes)
    assert may_register(
        "raycast://oauth?package_name=Extension", "native", True, schemes
    )
    assert not may_register(_CURSOR, "web", True, schemes)
    assert not may_register("cursors://x/cb", "native", False, schemes)
    assert not may_register("javascript:alert(1)", "native", False, schemes)


def test_a_scheme_that_is_not_named_any_more_leads_nowhere() -> None:
    """RFC 9700 §4.11: what is accepted is asked when the answer goes out as well."""
    known = Client(
        client_id="c",
        application_type="native",
        redirect_uris=(_CURSOR,),
        post_logout_redirect_uris=(_CURSOR,),
    )
    accepted = replace(known, private_schemes=("cursor",))

    assert match_redirect_uri(_CURSOR, accepted) == _CURSOR
    assert match_post_logout_redirect_uri(_CURSOR, accepted) == _CURSOR
    for match in (match_redirect_uri, match_post_logout_redirect_uri):
        with pytest.raises(InvalidRequest):
            match(_CURSOR, known)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("http://127.0.0.1/cb", True),
        ("http://[::1]:99/cb", True),
        ("http://localhost:6274/oauth/callback", True),
        ("com.example.app:/cb", True),
        (_CURSOR, True),
        ("https://localhost/cb", False),
        ("https://app.example/cb", False),
        ("http://app.example/cb", False),
        ("not a uri", False),
    ],
)
def test_what_leads_to_a_program_on_the_device(uri: str, expected: bool) -> None:
    """RFC 8252 §7: private schemes, and http on the loopback interface."""
    assert is_native(uri) is expected


def test_private_use_schemes_are_reversed_domain_names() -> None:
    """RFC 8252 §7.1: the scheme of a native app has a dot (its example verbatim)."""
    uri = "com.example.app:/oauth2redirect/example-provider"

    assert may_register(uri, "native", False)
    assert may_register("com.example.app://cb", "native", False)
    assert not may_register(uri, "web", False)
    assert not may_register(uri, "web", True)


_REGISTERED = "https://rp.example.com/cb"


@pytest.mark.parametrize(
    "sent",
    [
        "https://rpXexample.com/cb",
        "https://rp.example.com/cb/",
        "https://rp.example.com/cb?",
        "https://rp.example.com/cb?x=1",
        "https://rp.example.com/cb#",
        "https://rp.example.com/cb#x",
        "https://rp.example.com/cb/../x",
        "https://rp.example.com/cb/../cb",
        "https://rp.example.com/x/%2e%2e/cb",
        "https://rp.example.com/x/%252e%252e/cb",
        "https://rp.example.com/%63b",
        "https://rp.example.com/CB",
        "https://RP.example.com/cb",
        "HTTPS://rp.example.com/cb",
        "https://rp.example.com./cb",
        "https://rp.example.com:443/cb",
        "https://rp.example.com:8443/cb",
        "http://rp.example.com/cb",
        "https://rp.example.com@evil.example/cb",
        "https://user@rp.example.com/cb",
        "https://evil.example/https://rp.example.com/cb",
        "https://rp.example.com",
        " https://rp.example.com/cb",
        "https://rp.example.com/cb\n",
        "",
    ],
)
@pytest.mark.parametrize("kind", _TYPES)
def test_t013_t014_redirect_uris_are_compared_as_strings(
    sent: str, kind: ApplicationType
) -> None:
    """RFC 9700 §2.1, §4.1.3, OIDC Core §3.1.2.1: exact string match."""
    client = a_client(redirect_uris=(_REGISTERED,), application_type=kind)

    assert match_redirect_uri(_REGISTERED, client) == _REGISTERED
    with pytest.raises(InvalidRequest):
        match_redirect_uri(sent, client)


@pytest.mark.parametrize("sent", _MALFORMED + _NEVER)
def test_t019_what_cannot_be_read_is_refused_like_the_rest(sent: str) -> None:
    """RFC 6749 §4.1.2.1: an invalid redirect URI is a refusal, never a fault."""
    native = a_client(redirect_uris=("http://127.0.0.1/cb",), application_type="native")

    with pytest.raises(InvalidRequest) as refused:
        match_redirect_uri(sent, native)

    assert refused.value.description == "redirect_uri is not registered for this client"
    assert ascii(sent[:300]) in refused.value.hint


@pytest.mark.parametrize(
    ("registered", "sent"),
    [
        (
            "http://127.0.0.1/oauth2redirect/example-provider",
            "http://127.0.0.1:51004/oauth2redirect/example-provider",
        ),
        (
            "http://[::1]/oauth2redirect/example-provider",
            "http://[::1]:61023/oauth2redirect/example-provider",
        ),
        ("http://127.0.0.1:1/cb?a=b", "http://127.0.0.1:2/cb?a=b"),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1/cb"),
    ],
)
def test_a_native_client_listens_on_any_port(registered: str, sent: str) -> None:
    """RFC 8252 §7.3: any port of a loopback address (its examples verbatim)."""
    native = a_client(redirect_uris=(registered,), application_type="native")
    web = a_client(redirect_uris=(registered,))

    assert match_redirect_uri(sent, native) == sent
    with pytest.raises(InvalidRequest):
        match_redirect_uri(sent, web, development=True)


@pytest.mark.parametrize(
    "sent",
    [
        "http://127.0.0.1:5000/other",
        "http://127.0.0.1:5000/cb?x=1",
        "http://127.0.0.2:5000/cb",
        "http://[::1]:5000/cb",
        "http://localhost:5000/cb",
        "https://127.0.0.1:5000/cb",
        "http://127.0.0.1:5000@evil.example/cb",
        "http://127.0.0.1:99999/cb",
    ],
)
def test_nothing_but_the_port_may_differ(sent: str) -> None:
    """RFC 8252 §7.3, RFC 9700 §4.1.3: the port is the one exception."""
    native = a_client(
        redirect_uris=("http://127.0.0.1/cb", "https://127.0.0.1/cb"),
        application_type="native",
    )

    with pytest.raises(InvalidRequest):
        match_redirect_uri(sent, native, development=True)


def _registered_in_development() -> Client:
    return a_client(
        redirect_uris=("http://app.localhost:3000/cb",), application_type="native"
    )


def test_what_was_for_development_does_not_match_in_production() -> None:
    """RFC 9700 §2.6: http redirect URIs are not used in production, even if stored."""
    client = _registered_in_development()
    known = "http://app.localhost:3000/cb"

    assert match_redirect_uri(known, client, development=True) == known
    other_port = "http://app.localhost:4000/cb"
    assert match_redirect_uri(other_port, client, development=True) == other_port
    for sent in (known, other_port, None):
        with pytest.raises(InvalidRequest):
            match_redirect_uri(sent, client)
    with pytest.raises(InvalidRequest) as refused:
        match_redirect_uri(known, client)
    assert "may not be used outside development" in refused.value.hint


def test_the_only_registered_uri_need_not_be_sent() -> None:
    """RFC 6749 §3.1.2.3: it may be left out where exactly one is registered."""
    several = a_client(redirect_uris=(_REGISTERED, "https://rp.example.com/other"))

    assert match_redirect_uri(None, a_client()) == "https://client.example.org/cb"
    for client in (several, a_client(redirect_uris=())):
        with pytest.raises(InvalidRequest) as refused:
            match_redirect_uri(None, client)
        assert refused.value.description == "redirect_uri is missing"


def test_a_client_without_redirect_uris_has_none_to_match() -> None:
    with pytest.raises(InvalidRequest) as refused:
        match_redirect_uri(_REGISTERED, a_client(redirect_uris=()))

    assert refused.value.hint == f"sent '{_REGISTERED}'; registered none"


def test_after_signing_out_the_match_is_exact() -> None:
    """OIDC RP-Initiated Logout §3: no redirect unless it exactly matches."""
    registered = "http://127.0.0.1:1/bye"
    client = a_client(
        post_logout_redirect_uris=(registered, "http://app.localhost/bye"),
        application_type="native",
    )

    assert match_post_logout_redirect_uri(registered, client) == registered
    for sent in ("http://127.0.0.1:2/bye", "http://127.0.0.1:1/bye?x=1"):
        with pytest.raises(InvalidRequest) as refused:
            match_post_logout_redirect_uri(sent, client)
        assert "differs in" in refused.value.hint
    with pytest.raises(InvalidRequest):
        match_post_logout_redirect_uri("http://app.localhost/bye", client)


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("https://rp.example.com:8443/cb", "https://rp.example.com:8443"),
        ("http://127.0.0.1:5000/cb", "http://127.0.0.1"),
        ("http://[::1", "http://[::1"),
    ],
)
def test_people_agree_to_a_place_and_not_to_its_path(uri: str, place: str) -> None:
    """RFC 8252 §7.3: on this machine any port is the same; RFC 9700 §4.1.3."""
    assert place_of(uri) == place
