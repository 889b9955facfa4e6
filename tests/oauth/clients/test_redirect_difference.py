"""What the audit trail learns of a redirect URI that does not match."""

import pytest

from app.oauth.clients.redirect_uri import match_redirect_uri
from app.oauth.errors import InvalidRequest
from tests.oauth.authorization import a_client


def test_the_audit_trail_learns_the_difference() -> None:
    client = a_client(
        redirect_uris=("https://a.example/cb", "https://b.example/in?x=1")
    )

    with pytest.raises(InvalidRequest) as refused:
        match_redirect_uri("https://b.example/in?x=2", client)

    assert refused.value.hint == (
        "sent 'https://b.example/in?x=2'; "
        "registered 'https://a.example/cb', 'https://b.example/in?x=1'; "
        "differs in query ('x=2' for 'x=1')"
    )
    assert "b.example" not in refused.value.description


def test_the_difference_shows_letters_that_only_look_alike() -> None:
    with pytest.raises(InvalidRequest) as refused:
        match_redirect_uri("https://\u0430.example/cb", a_client())

    assert refused.value.hint.isascii()
    assert "differs in authority ('\\u0430.example' for" in refused.value.hint


def test_the_difference_has_bounds() -> None:
    many = tuple(f"https://rp.example.com/{n}" for n in range(50))

    with pytest.raises(InvalidRequest) as refused:
        match_redirect_uri("https://x/" + "a" * 30_000, a_client(redirect_uris=many))

    assert len(refused.value.hint) < 2_000
    assert "and more" in refused.value.hint
