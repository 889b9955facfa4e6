"""What scopes a request gets, asked for or by default."""

import pytest

from app.oauth.errors import InvalidRequest, InvalidScope
from tests.oauth.authorization import CALLBACK, a_client, a_query, identify, read


@pytest.mark.parametrize(
    ("scope", "kept"),
    [
        ("openid", ("openid",)),
        ("openid unknown email openid", ("openid", "email")),
        ("read", ("read",)),
    ],
)
def test_scopes_that_are_not_understood_are_ignored(
    scope: str, kept: tuple[str, ...]
) -> None:
    """OIDC Core §3.1.2.1: scope values that are not understood should be ignored."""
    assert read(scope=scope).scope == kept


@pytest.mark.parametrize("scope", [None, "unknown", 'a"b', "openid  email"])
def test_a_scope_that_says_nothing_is_refused(scope: str | None) -> None:
    """RFC 6749 §3.3: no scope, or a malformed one, is an invalid_scope."""
    with pytest.raises(InvalidScope):
        read(scope=scope)


@pytest.mark.parametrize("scope", [None, "", "claudeai", "read:data write"])
def test_programs_that_know_no_scope_get_the_default(scope: str | None) -> None:
    """RFC 6749 §3.3: who signs in and the APIs; no profile, no address, no more."""
    program = a_client(is_self_registered=True)

    assert read(program, scope=scope).scope == ("openid", "read")


@pytest.mark.parametrize("scope", ["openid", None, "claudeai"])
def test_with_the_default_it_is_an_openid_request_as_any_other(
    scope: str | None,
) -> None:
    """OIDC Core §2, §3.1.2.1, §5.5: nonce and claims count where an ID token is due."""
    program = a_client(is_self_registered=True)
    claims = '{"id_token":{"sub":{"value":"u1"}}}'

    asked = read(program, scope=scope, nonce="N1", claims=claims)

    assert asked.is_openid and asked.nonce == "N1"
    assert asked.claims == read(program, scope="openid", claims=claims).claims != {}


@pytest.mark.parametrize("scope", ["openid", "openid read", None, "", "claudeai"])
def test_with_the_default_it_needs_a_redirect_uri_as_any_other(
    scope: str | None,
) -> None:
    """OIDC Core §3.1.2.1: redirect_uri is required, whoever said openid."""
    program = a_client(is_self_registered=True)

    with pytest.raises(InvalidRequest, match="redirect_uri is missing"):
        read(program, scope=scope, redirect_uri=None)


@pytest.mark.parametrize(
    ("scope", "registered"), [("read", {"openid", "read"}), (None, {"read"})]
)
def test_where_no_id_token_is_due_the_only_one_may_be_left_out(
    scope: str | None, registered: set[str]
) -> None:
    """RFC 6749 §3.1.2.3: the default of a program may be an API's scopes alone."""
    program = a_client(is_self_registered=True, scope=frozenset(registered))

    asked = read(program, scope=scope, redirect_uri=None)

    assert (asked.scope, asked.is_openid) == (("read",), False)
    assert asked.redirect_uri == program.redirect_uris[0]


@pytest.mark.parametrize(
    ("scope", "registered"),
    [
        ('a"b', {"openid", "read"}),
        (" ", {"openid", "read"}),
        ("read", {"openid"}),
        ("claudeai read", {"openid"}),
        (None, {"profile", "email", "offline_access"}),
    ],
)
def test_the_default_is_no_way_to_more(scope: str | None, registered: set[str]) -> None:
    """RFC 6749 §3.3: what is malformed, of others or personal is not made good."""
    program = a_client(is_self_registered=True, scope=frozenset(registered))

    with pytest.raises(InvalidScope):
        read(program, scope=scope)


def test_t050_a_scope_of_others_is_refused() -> None:
    """RFC 6749 §4.1.2.1: a scope that the client may not ask for."""
    with pytest.raises(InvalidScope) as refused:
        read(a_client(scope=frozenset({"openid"})), scope="openid read")

    assert refused.value.hint == "not registered for read"


def test_offline_access_is_for_those_with_refresh_tokens() -> None:
    """OIDC Core §11: offline_access is ignored where no refresh token can follow."""
    without = a_client(grant_types=frozenset({"authorization_code"}))

    assert read(scope="openid offline_access").scope == ("openid", "offline_access")
    assert read(without, scope="openid offline_access").scope == ("openid",)
    with pytest.raises(InvalidScope):
        read(without, scope="offline_access")


# --- PKCE ---


@pytest.mark.parametrize("scope", ["read  openid-like", "admin"])
def test_what_is_refused_later_asks_for_no_openid(scope: str) -> None:
    """RFC 6749 §3.1.2.3, §4.1.2.1: it is sent back to the only redirect URI."""
    to = identify(a_query(scope=scope, redirect_uri=None), a_client())

    assert to.redirect_uri == CALLBACK
