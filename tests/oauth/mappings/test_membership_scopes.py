"""Scopes that programs ask of any server, and an administrator gives."""

import pytest

from app.oauth.errors import InvalidScope
from app.oauth.scopes import resolve_scope
from tests.oauth.token_support import client

SUPPORTED = ("openid", "email", "account", "groups", "roles")


def test_what_a_person_belongs_to_is_left_out_for_who_is_not_told() -> None:
    """RFC 6749 §3.3: the server MAY ignore part of the scope, and says what it gave."""
    told = client(scope=frozenset({"openid", "groups"}))

    assert resolve_scope("openid groups roles", told, SUPPORTED) == ("openid", "groups")
    assert resolve_scope("openid groups", client(), SUPPORTED) == ("openid",)
    with pytest.raises(InvalidScope):  # other scopes are refused as ever
        resolve_scope("openid account", client(), SUPPORTED)
