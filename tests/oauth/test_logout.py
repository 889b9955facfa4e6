"""Signing out at a client's wish, and telling the others."""

from typing import Any

import pytest

from app.oauth.errors import InvalidRequest
from app.oauth.logout import (
    CurrentSession,
    LogoutRequest,
    frontchannel_url,
    logout_client_id,
    logout_notices,
    read_logout,
)
from app.oauth.parameters import Parameters
from tests.oauth.authorization import a_client

_BYE = "https://client.example.org/bye?x=1"
_CLIENT = a_client(post_logout_redirect_uris=(_BYE,))
_HINT = {"aud": "s6BhdRkqt3", "sub": "jane", "sid": "08a5019c"}
_SESSION = CurrentSession(sid="08a5019c", subject="jane")
_RAW = "eyJhbGciOi"


def _read(hint: dict[str, Any] | None = None, **parameters: str) -> LogoutRequest:
    raw = {"id_token_hint": _RAW} if hint else {}
    params = Parameters(raw | parameters)
    client = _CLIENT if logout_client_id(params, hint) == _CLIENT.client_id else None
    return read_logout(params, client=client, hint=hint, session=_SESSION)


def test_the_usual_way() -> None:
    """OIDC RP-Initiated Logout §2, §3: the browser goes back, with state."""
    logout = _read(_HINT, post_logout_redirect_uri=_BYE, state="a b&c")

    assert logout == LogoutRequest(
        client=_CLIENT, redirect_url=f"{_BYE}&state=a%20b%26c", must_ask=False
    )


def test_without_state_the_uri_is_as_registered() -> None:
    """OIDC RP-Initiated Logout §3: state is passed back if it was included."""
    assert _read(_HINT, post_logout_redirect_uri=_BYE).redirect_url == _BYE


def test_without_a_redirect_uri_the_page_is_ours() -> None:
    """OIDC RP-Initiated Logout §2: post_logout_redirect_uri is optional."""
    logout = _read(_HINT, state="x")

    assert logout.redirect_url is None
    assert not logout.must_ask


@pytest.mark.parametrize(
    ("audience", "client_id", "found"),
    [
        ("a", None, "a"),
        ("a", "a", "a"),
        (["a"], None, "a"),
        (["a", "b"], "b", "b"),
    ],
)
def test_the_client_is_the_audience(
    audience: Any, client_id: str | None, found: str
) -> None:
    """OIDC RP-Initiated Logout §2: client_id and the hint's audience agree."""
    params = Parameters({"id_token_hint": _RAW, "client_id": client_id or ""})

    assert logout_client_id(params, {"aud": audience}) == found


@pytest.mark.parametrize(
    ("audience", "client_id"),
    [("a", "b"), (["a"], "b"), (["a", "b"], None), ([], None), ("ab", "a")],
)
def test_a_hint_for_another_client_is_refused(
    audience: Any, client_id: str | None
) -> None:
    """OIDC RP-Initiated Logout §2: the client must match the audience of the hint."""
    params = Parameters({"id_token_hint": _RAW, "client_id": client_id or ""})

    with pytest.raises(InvalidRequest) as refused:
        logout_client_id(params, {"aud": audience})

    assert "aud is" in refused.value.hint


def test_t001_a_hint_that_does_not_verify_is_refused() -> None:
    """OIDC RP-Initiated Logout §2: the hint must have been issued by this server."""
    with pytest.raises(InvalidRequest):
        logout_client_id(Parameters({"id_token_hint": _RAW, "client_id": "a"}), None)


def test_a_request_may_say_nothing() -> None:
    """OIDC RP-Initiated Logout §2: every parameter is optional."""
    assert _read() == LogoutRequest(client=None, redirect_url=None, must_ask=True)
    assert logout_client_id(Parameters({"client_id": "a"}), None) == "a"


def test_without_a_hint_the_person_is_asked() -> None:
    """OIDC RP-Initiated Logout §2: it must ask if no id_token_hint was provided."""
    logout = _read(client_id="s6BhdRkqt3", post_logout_redirect_uri=_BYE)

    assert logout.must_ask
    assert logout.redirect_url == _BYE


@pytest.mark.parametrize("other", [{"sid": "another"}, {"sub": "john"}])
def test_a_hint_of_another_session_asks(other: dict[str, str]) -> None:
    """OIDC RP-Initiated Logout §2: it must ask if the hint is not of this session."""
    assert _read(_HINT | other).must_ask


def test_a_hint_without_sid_is_judged_by_its_subject() -> None:
    """OIDC RP-Initiated Logout §2: the currently logged in End-User."""
    hint = {"aud": "s6BhdRkqt3", "sub": "jane"}

    assert not _read(hint).must_ask
    assert _read(hint | {"sub": "john"}).must_ask


def test_where_nobody_is_signed_in_nothing_is_asked() -> None:
    """OIDC RP-Initiated Logout §2: with a hint and no session, the way back is free."""
    params = Parameters({"id_token_hint": _RAW, "post_logout_redirect_uri": _BYE})

    logout = read_logout(params, client=_CLIENT, hint=_HINT, session=None)

    assert logout == LogoutRequest(client=_CLIENT, redirect_url=_BYE, must_ask=False)


@pytest.mark.parametrize(
    "sent", ["https://client.example.org/bye", _BYE + "&y=2", "https://evil.example/"]
)
def test_t013_the_target_is_one_that_is_registered(sent: str) -> None:
    """OIDC RP-Initiated Logout §3, §4: no redirect unless it exactly matches."""
    with pytest.raises(InvalidRequest) as refused:
        _read(_HINT, post_logout_redirect_uri=sent)

    assert "differs in" in refused.value.hint


def test_nobodys_target_is_not_gone_to() -> None:
    """OIDC RP-Initiated Logout §3: no redirect where its legitimacy cannot be told."""
    logout = _read(post_logout_redirect_uri=_BYE, state="x")

    assert logout.redirect_url is None
    assert logout.must_ask


def test_an_unknown_client_is_refused() -> None:
    """OIDC RP-Initiated Logout §4: errors are shown, never redirected."""
    with pytest.raises(InvalidRequest):
        _read(client_id="nobody", post_logout_redirect_uri=_BYE)


def test_development_is_handed_on() -> None:
    local = "http://localhost:3000/bye"
    client = a_client(post_logout_redirect_uris=(local,))
    params = Parameters({"client_id": "s6BhdRkqt3", "post_logout_redirect_uri": local})

    logout = read_logout(
        params, client=client, hint=None, session=None, development=True
    )

    assert logout.redirect_url == local
    with pytest.raises(InvalidRequest):
        read_logout(params, client=client, hint=None, session=None)


def test_frames_know_issuer_and_session() -> None:
    """OIDC Front-Channel Logout §2: iss and sid, both; the example, encoded."""
    client = a_client(
        frontchannel_logout_uri="https://rp.example.org/frontchannel_logout"
    )

    url = frontchannel_url(
        client, "https://server.example.com", "08a5019c-17e1-4977-8f42-65a12843ea02"
    )

    assert url == (
        "https://rp.example.org/frontchannel_logout?"
        "iss=https%3A%2F%2Fserver.example.com&sid=08a5019c-17e1-4977-8f42-65a12843ea02"
    )


def test_t016_frames_keep_their_query_without_our_names() -> None:
    """OIDC Front-Channel Logout §2: the query is retained, ours added once."""
    client = a_client(frontchannel_logout_uri="https://rp.example.org/?sid=evil&a=b")

    assert frontchannel_url(client, "https://a", "s") == (
        "https://rp.example.org/?a=b&iss=https%3A%2F%2Fa&sid=s"
    )


def test_each_client_of_a_session_is_told_as_it_asked_for() -> None:
    """OIDC Back-Channel Logout §2.5, OIDC Front-Channel Logout §2: every client that
    signed in during the session is told."""
    back = a_client(client_id="b", backchannel_logout_uri="https://b.example/out")
    front = a_client(client_id="f", frontchannel_logout_uri="https://f.example/out")
    both = a_client(
        client_id="fb",
        backchannel_logout_uri="https://fb.example/out",
        frontchannel_logout_uri="https://fb.example/frame",
    )
    neither = a_client(client_id="n")

    notices = logout_notices([back, front, both, neither, both], "https://as", "1")

    assert notices.backchannel == (back, both)
    assert [url.partition("?")[0] for url in notices.frontchannel] == [
        "https://f.example/out",
        "https://fb.example/frame",
    ]
