"""Which claims about the person are given to whom."""

import json
from typing import Any

import pytest

from app.oauth.claims import (
    STANDARD_CLAIMS,
    beyond_scope,
    claims_for,
    is_essential,
    parse_claims,
    scope_claims,
    told_claims,
    wished_values,
)
from app.oauth.errors import InvalidRequest

_PERSON: dict[str, Any] = {
    "sub": "somebody else",
    "name": "Jane Doe",
    "nickname": None,
    "picture": "",
    "email": "janedoe@example.com",
    "email_verified": False,
    "phone_number": "+1 (425) 555-1212",
    "updated_at": 0,
}
_EXAMPLE = """
  {
   "userinfo":
    {
     "given_name": {"essential": true},
     "nickname": null,
     "email": {"essential": true},
     "email_verified": {"essential": true},
     "picture": null,
     "http://example.info/claims/groups": null
    },
   "id_token":
    {
     "auth_time": {"essential": true},
     "acr": {"values": ["urn:mace:incommon:iap:silver"] }
    }
  }
"""


def _given(where: Any, scope: str, claims: str = "{}") -> dict[str, Any]:
    wished = parse_claims(claims, STANDARD_CLAIMS)
    return claims_for(where, _PERSON, scope=scope.split(), claims=wished)


def test_the_example_of_the_claims_parameter() -> None:
    """OIDC Core §5.5: the example, verbatim; what is not known here is left out."""
    assert parse_claims(_EXAMPLE, STANDARD_CLAIMS) == {
        "userinfo": {
            "given_name": {"essential": True},
            "nickname": {},
            "email": {"essential": True},
            "email_verified": {"essential": True},
            "picture": {},
        },
        "id_token": {
            "auth_time": {"essential": True},
            "acr": {"values": ["urn:mace:incommon:iap:silver"]},
        },
    }


def test_what_was_read_can_be_stored_and_read_again() -> None:
    parsed = parse_claims(_EXAMPLE, STANDARD_CLAIMS)

    assert json.loads(json.dumps(parsed)) == parsed


@pytest.mark.parametrize("text", ["{}", '{"other": 1}', '{"userinfo": null}'])
def test_members_that_are_not_understood_are_ignored(text: str) -> None:
    """OIDC Core §5.5: other members must be ignored if they are not understood."""
    assert parse_claims(text, STANDARD_CLAIMS) == {}


def test_unknown_members_of_a_claim_are_ignored() -> None:
    """OIDC Core §5.5.1: members that are not understood must be ignored."""
    text = '{"userinfo": {"email": {"purpose": "x", "essential": false}}}'

    assert parse_claims(text, STANDARD_CLAIMS) == {
        "userinfo": {"email": {"essential": False}}
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '"x"',
        "1",
        "NaN",
        '{"userinfo": []}',
        '{"userinfo": "email"}',
        '{"id_token": 1}',
        '{"userinfo": {"email": true}}',
        '{"userinfo": {"email": []}}',
        '{"userinfo": {"email": {"essential": "true"}}}',
        '{"userinfo": {"email": {"essential": null}}}',
        '{"userinfo": {"email": {"values": "x"}}}',
        '{"userinfo": {"email": {"value": NaN}}}',
        '{"userinfo": {"email": {"value": 1e999}}}',
        '{"userinfo": {"email": {"value": "\\ud800"}}}',
        '{"userinfo": {"email": {"value": "\\u0000"}}}',
        '{"userinfo": {"email": null, "email": null}}',
        "[" * 30_000,
        '{"userinfo": {"email": {"value": ' + "9" * 5_000 + "}}}",
        '{"userinfo": {"email": {"value": 9223372036854775808}}}',
        '{"userinfo": {"email": {"values": [-9223372036854775809]}}}',
        '{"userinfo": {"email": {"value": ' + "[" * 20 + "]" * 20 + "}}}",
        '{"unknown": ' + '{"a":' * 20 + "1" + "}" * 20 + "}",
    ],
)
def test_malformed_claims_are_an_invalid_request(text: str) -> None:
    """OIDC Core §5.5: the value is a JSON object of the described form."""
    with pytest.raises(InvalidRequest) as refused:
        parse_claims(text, STANDARD_CLAIMS)

    assert refused.value.description.isascii()


def test_numbers_are_values_too() -> None:
    text = '{"userinfo": {"updated_at": {"value": 1.5}}}'

    assert wished_values(parse_claims(text, STANDARD_CLAIMS), "userinfo", "updated_at")


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        (
            "profile",
            "name family_name given_name middle_name nickname preferred_username "
            "profile picture website gender birthdate zoneinfo locale updated_at",
        ),
        ("email", "email email_verified"),
        ("address", "address"),
        ("phone", "phone_number phone_number_verified"),
        ("openid", ""),
        ("offline_access unknown", ""),
    ],
)
def test_scopes_stand_for_claims(scope: str, names: str) -> None:
    """OIDC Core §5.4: profile, email, address and phone."""
    assert scope_claims(scope.split()) == set(names.split())


def test_claims_of_scopes_are_given_at_the_userinfo_endpoint() -> None:
    """OIDC Core §5.4: with an access token, the claims come from userinfo."""
    assert _given("userinfo", "openid email") == {
        "email": "janedoe@example.com",
        "email_verified": False,
    }
    assert _given("id_token", "openid email profile") == {}


def test_what_has_to_be_looked_up_is_what_may_be_told() -> None:
    """OIDC Core §5.4, §5.5: by scope at userinfo, by the parameter where it says."""
    claims: dict[str, Any] = {"id_token": {"name": {}}, "userinfo": {"picture": {}}}

    at_userinfo = told_claims("userinfo", scope=["email"], claims=claims)
    in_the_token = told_claims("id_token", scope=["email"], claims=claims)

    assert at_userinfo == {"email", "email_verified", "picture"}
    assert in_the_token == {"name"}


def test_claims_without_a_value_are_left_out() -> None:
    """OIDC Core §5.3.2: no claim with a null or empty value."""
    assert _given("userinfo", "openid profile") == {"name": "Jane Doe", "updated_at": 0}


def test_t047_an_address_is_given_only_where_it_was_asked_for() -> None:
    """OIDC Core §5.4, §5.5: no email without its scope or a request."""
    assert "email" not in _given("userinfo", "openid profile")
    assert "email" not in _given("userinfo", "openid", '{"id_token": {"email": null}}')
    assert "email" in _given("userinfo", "openid", '{"userinfo": {"email": null}}')
    assert "email" in _given("id_token", "openid", '{"id_token": {"email": null}}')


def test_a_wish_goes_where_it_was_made() -> None:
    """OIDC Core §5.5: userinfo and id_token are asked for apart, beside the scopes."""
    wish = '{"userinfo": {"phone_number": null}, "id_token": {"name": null}}'

    assert set(_given("userinfo", "openid email", wish)) == {
        "email",
        "email_verified",
        "phone_number",
    }
    assert _given("id_token", "openid email", wish) == {"name": "Jane Doe"}


@pytest.mark.parametrize(
    ("wish", "is_given"),
    [
        ({"value": "janedoe@example.com"}, True),
        ({"value": "other@example.com"}, False),
        ({"values": ["other@example.com", "janedoe@example.com"]}, True),
        ({"values": ["other@example.com"]}, False),
        ({"values": []}, True),
        ({"value": {"not": "hashable"}}, False),
    ],
)
def test_a_claim_is_asked_for_with_a_value(
    wish: dict[str, Any], is_given: bool
) -> None:
    """OIDC Core §5.5.1: value and values; the scope asks for any value."""
    text = json.dumps({"userinfo": {"email": wish}})

    assert ("email" in _given("userinfo", "openid", text)) is is_given
    assert "email" in _given("userinfo", "openid email", text)


def test_the_claims_of_the_protocol_are_nobodys_wish() -> None:
    """OIDC Core §5.3.2: sub is the server's to say, whatever is asked for."""
    text = '{"userinfo": {"sub": null}, "id_token": {"sub": {"value": "x"}}}'

    assert _given("userinfo", "openid", text) == {}
    assert _given("id_token", "openid", text) == {}
    assert beyond_scope(parse_claims(text, STANDARD_CLAIMS), ["openid"]) == set()


def test_what_no_scope_gives_needs_consent_of_its_own() -> None:
    """OIDC Core §5.5: claims are asked for beyond what the scopes give."""
    text = '{"userinfo": {"email": null, "gender": null}, "id_token": {"name": null}}'
    claims = parse_claims(text, STANDARD_CLAIMS)

    assert beyond_scope(claims, ["openid", "email"]) == {"gender", "name"}


def test_essential_is_what_is_said_to_be() -> None:
    """OIDC Core §5.5.1: a claim is voluntary unless it says otherwise."""
    claims = parse_claims(_EXAMPLE, STANDARD_CLAIMS)

    assert is_essential(claims, "userinfo", "email")
    assert not is_essential(claims, "userinfo", "nickname")
    assert not is_essential(claims, "id_token", "acr")
    assert not is_essential(claims, "id_token", "email")
