"""What mappings tell, and of whom."""

from typing import Any

import pytest

from app.oauth.mappings.mapping import read_mappings
from app.oauth.mappings.told import (
    claims_by_scope,
    mapped_claims,
    size_of,
    sources_of,
    within,
)

KNOWN: dict[str, Any] = {
    "groups": ["app-admins", "app-users", "payroll"],
    "roles": [],
    "email": "ann@example.com",
    "email_verified": True,
    "nickname": "",
    "updated_at": 7,
}
SCOPE = ("openid", "groups", "roles", "email", "profile")


def told(
    *documents: dict[str, Any], scope: tuple[str, ...] = SCOPE, known: Any = KNOWN
) -> dict[str, Any]:
    return mapped_claims(read_mappings(documents), known, scope)


def of(claim: str, source: str = "groups", **more: Any) -> dict[str, Any]:
    return {"claim": claim, "source": source, **more}


def test_a_list_is_told_under_its_name_with_its_prefix_and_no_more_of_it() -> None:
    """RFC 9068 §2.2.3.1: groups and roles as attributes of authorization."""
    assert told(of("teams")) == {"teams": KNOWN["groups"]}
    assert told(of("teams", values=["app-*", "x"], prefix="oidc:")) == {
        "teams": ["oidc:app-admins", "oidc:app-users"]
    }
    assert told(of("teams", values=["payroll"])) == {"teams": ["payroll"]}
    assert told(of("teams", values=["pay"])) == {"teams": []}
    assert told(of("r", "roles")) == {"r": []}


def test_dots_lead_through_objects_where_that_is_said() -> None:
    nested = {"format": "nested"}

    both = told(of("access.teams", **nested), of("access.mail", "email", **nested))

    assert both == {"access": {"teams": KNOWN["groups"], "mail": KNOWN["email"]}}
    assert told(of("access.teams")) == {"access.teams": KNOWN["groups"]}


def test_resources_that_disagree_leave_no_half_of_either() -> None:
    flat = read_mappings([of("access")])
    nested = read_mappings([of("access.teams", format="nested")])

    claims = mapped_claims((*flat, *nested), KNOWN, SCOPE)

    assert claims == {"access": {"teams": KNOWN["groups"]}}


def test_single_values_keep_their_kind() -> None:
    assert told(of("since", "updated_at")) == {"since": 7}
    assert told(of("user", "email", prefix="u:")) == {"user": "u:ann@example.com"}
    assert told(of("ok", "email_verified")) == {"ok": True}
    assert told(of("user", "email", values=["bob*"])) == {}
    assert told(of("nick", "nickname"), of("n", "name")) == {}


@pytest.mark.parametrize("name", ["email", "phone_number"])
@pytest.mark.parametrize("flag", [{}, {"verified": False}, {"verified": "true"}])
def test_what_nobody_confirmed_passes_for_nobody(
    name: str, flag: dict[str, Any]
) -> None:
    """OIDC Core §5.7: nothing but iss and sub identifies; such an address least."""
    stated = {f"{name}_{each}": value for each, value in flag.items()}
    documents = (of("login", name), of("a.b", name, format="nested"), of(name, name))
    scope = ("email", "phone")

    assert told(*documents, known={name: "x", **stated}, scope=scope) == {name: "x"}
    known = {name: "x", f"{name}_verified": True}
    everything = {"login": "x", "a": {"b": "x"}, name: "x"}
    assert told(*documents, known=known, scope=scope) == everything


def test_nothing_is_told_whose_scope_was_not_granted() -> None:
    """OIDC Core §5.4: scopes say which claims are made available."""
    documents = (of("teams"), of("mail", "email"))

    assert told(*documents, scope=("openid",)) == {}
    assert told(*documents, known={}) == {}


def test_the_scope_itself_is_told_also_where_nobody_is_there() -> None:
    may = of("may", "scope", values=["orders:*"])

    assert told(may, scope=("orders:read", "x"), known={}) == {"may": ["orders:read"]}


def test_sources_say_what_has_to_be_looked_up() -> None:
    assert sources_of(read_mappings([of("a"), of("b", "email")])) == {
        "groups",
        "email",
    }


def test_claims_of_choice_are_told_by_their_scope() -> None:
    """OIDC Core §5.4, §2: an ID token MAY contain other claims."""
    names = ("email", "email_verified", "groups", "nickname", "name")

    assert claims_by_scope(names, KNOWN, ("openid", "email", "profile")) == {
        "email": "ann@example.com",
        "email_verified": True,
    }


def test_what_is_too_large_loses_lists_whole_and_says_so() -> None:
    claims = {"sub": "ann", "groups": ["x" * 100] * 50, "teams": ["y"]}

    assert within(claims, {"groups"}, size_of(claims)) is claims
    assert within(claims, {"groups", "teams", "roles"}, 1_000) == {
        "sub": "ann",
        "claims_left_out": ["groups", "teams"],
    }
