"""Which issuers may be trusted: fail closed."""

from typing import Any
from uuid import UUID

import pytest

from app.oauth.trust.condition import Condition
from app.oauth.trust.issuer import NotTrustworthy, check_issuer
from tests.oauth.token_support import ISSUER
from tests.oauth.trust.support import GITHUB, RULE, rule, trusted


def _check(development: bool = False, **members: Any) -> None:
    check_issuer(trusted(**members), own=ISSUER, development=development)


def test_the_one_of_the_documentation_may_be_trusted() -> None:
    _check()
    _check(jwks=None)
    _check(jwks=None, jwks_uri="https://keys.example.com/jwks")
    _check(issuer="https://oidc.eks.eu-west-1.amazonaws.com/id/7")
    _check(development=True, issuer="http://127.0.0.1:8001")


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"issuer": "http://issuer.example.com"}, "issuer"),
        ({"issuer": "http://127.0.0.1:8001"}, "issuer"),
        ({"issuer": "issuer.example.com"}, "issuer"),
        ({"issuer": "https://issuer.example.com?a=b"}, "issuer"),
        ({"issuer": "https://issuer.example.com#a"}, "issuer"),
        ({"issuer": ISSUER}, "issuer"),
        ({"issuer": f"{ISSUER}/"}, "issuer"),
        ({"jwks": None, "jwks_uri": "http://keys.example.com/"}, "jwks_uri"),
        ({"jwks_uri": "https://keys.example.com/"}, "jwks"),
        ({"algorithms": ()}, "algorithms"),
        ({"algorithms": ("RS256", "HS256")}, "algorithms"),
        ({"algorithms": ("none",)}, "algorithms"),
        ({"rules": ()}, "rules"),
        ({"rules": (rule(conditions=()),)}, "rules.0.conditions"),
        (
            {"rules": (RULE, rule(conditions=(Condition(claim="aud", equals="x"),)))},
            "rules.1.conditions.0",
        ),
        ({"rules": (rule(scope=()),)}, "rules.0.scope"),
        ({"rules": (rule(scope=("orders", "openid")),)}, "rules.0.scope"),
        ({"rules": (rule(scope=("account",)),)}, "rules.0.scope"),
        ({"rules": (rule(resources=()),)}, "rules.0.resources"),
        (
            {"rules": (rule(authenticates_client=True, resources=("a",)),)},
            "rules.0.authenticates_client",
        ),
        (
            {"rules": (rule(authenticates_client=True, scope=("orders",)),)},
            "rules.0.authenticates_client",
        ),
        (
            {"rules": (rule(authenticates_client=True, user_id=UUID(int=1)),)},
            "rules.0.authenticates_client",
        ),
    ],
)
def test_what_could_not_be_believed_safely_is_refused(
    members: dict[str, Any], field: str
) -> None:
    """RFC 8725 §3.1, §3.8: a fixed issuer, fixed algorithms, and nobody in general."""
    with pytest.raises(NotTrustworthy) as refusal:
        _check(**members)

    assert refusal.value.field == field
    assert refusal.value.message


@pytest.mark.parametrize(
    ("condition", "names_owner"),
    [
        (Condition(claim="repository", equals="octo-org/octo-repo"), True),
        (Condition(claim="repository", glob="octo-org/*"), True),
        (Condition(claim="repository", glob="octo*/app"), False),
        (Condition(claim="repository", glob="*/app"), False),
        (Condition(claim="sub", glob="repo:octo-org/**"), True),
        (Condition(claim="sub", glob="repo:octo**"), False),
        (Condition(claim="sub", glob="repo:**"), False),
        (Condition(claim="repository_id", equals="74"), True),
        (Condition(claim="repository_owner", equals="octo-org"), True),
        (Condition(claim="repository_owner", glob="octo-*"), False),
        (Condition(claim="repository_id", glob="74*"), False),
        (Condition(claim="ref", equals="refs/heads/main"), False),
        (Condition(claim="job_workflow_ref", glob="octo-org/**"), False),
    ],
)
def test_of_an_issuer_for_everybody_the_owner_is_named(
    condition: Condition, names_owner: bool
) -> None:
    """Anybody's job has a token of GitHub; a branch's name is everybody's."""
    rules = (rule(conditions=(condition,)),)
    try:
        _check(rules=rules)
    except NotTrustworthy as refusal:
        found = refusal.field == "rules.0.conditions"
        assert found and not names_owner
    else:
        assert names_owner
    _check(issuer="https://cluster.example.com", rules=rules)  # one's own


@pytest.mark.parametrize(
    ("issuer", "condition", "names_owner"),
    [
        ("accounts.google.com", Condition(claim="sub", equals="1049"), True),
        ("accounts.google.com", Condition(claim="sub", glob="1**"), False),
        ("accounts.google.com", Condition(claim="sub", glob="1049*"), False),
        ("accounts.google.com", Condition(claim="email", glob="a**"), False),
        ("gitlab.com", Condition(claim="sub", glob="project_path:a/**"), True),
        ("app.terraform.io", Condition(claim="sub", glob="organization:a:**"), True),
        ("app.terraform.io", Condition(claim="sub", glob="organization:a**"), False),
        ("agent.buildkite.com", Condition(claim="sub", glob="organization:a:*"), True),
    ],
)
def test_a_pattern_names_an_owner_only_where_a_separator_ends_the_name(
    issuer: str, condition: Condition, names_owner: bool
) -> None:
    """Numbers of Google begin with every digit: a pattern would mean strangers."""
    rules = (rule(conditions=(condition,)),)
    try:
        _check(issuer=f"https://{issuer}", rules=rules)
    except NotTrustworthy as refusal:
        assert refusal.field == "rules.0.conditions" and not names_owner
    else:
        assert names_owner


def test_keys_are_asked_for_where_they_are_said_to_be() -> None:
    """OIDC Discovery §4: below the issuer, unless an address is given."""
    assert trusted().keys_at == f"{GITHUB}/.well-known/openid-configuration"
    assert trusted(issuer="https://a.example/b/").keys_at == (
        "https://a.example/b/.well-known/openid-configuration"
    )
    assert trusted(jwks_uri="https://k.example/").keys_at == "https://k.example/"


def test_the_first_rule_that_is_fulfilled_counts() -> None:
    names = {"repository": "octo-org/octo-repo", "ref": "refs/heads/main"}
    other = rule(client_id="other")
    proves = rule(client_id="proves", authenticates_client=True)
    both = trusted(rules=(other, RULE, proves))

    assert both.rule_for(names, None, authenticates=False) == other
    assert both.rule_for(names, RULE.client_id, authenticates=False) == RULE
    assert both.rule_for(names, "proves", authenticates=True) == proves
    assert both.rule_for(names, RULE.client_id, authenticates=True) is None
    assert both.rule_for(names, "nobody", authenticates=False) is None
    assert both.rule_for({**names, "ref": "x"}, None, authenticates=False) is None
    assert not rule(conditions=()).holds(names)
