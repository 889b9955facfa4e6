"""Conditions on claims: exactly, or by a pattern; and what is none."""

from typing import Any

import pytest

from app.oauth.trust.condition import MAX_LENGTH, Condition, matches

KUBERNETES: dict[str, Any] = {
    "sub": "system:serviceaccount:ci:deployer",
    "kubernetes.io": {"namespace": "ci", "serviceaccount": {"name": "deployer"}},
    "a/b": {"m~n": 7},
    "runs": 1,
    "protected": True,
    "groups": ["ci"],
    "nothing": None,
}


@pytest.mark.parametrize(
    ("glob", "value", "fits"),
    [
        ("repo:acme/*:ref:refs/heads/main", "repo:acme/app:ref:refs/heads/main", True),
        ("repo:acme/*", "repo:acme/app:ref:refs/heads/main", False),
        ("repo:acme/**", "repo:acme/app:ref:refs/heads/main", True),
        ("repo:acme*", "repo:acme-evil/app", False),
        ("refs/heads/*", "refs/heads/main", True),
        ("refs/heads/*", "refs/heads/feature/x", False),
        ("refs/heads/**", "refs/heads/feature/x", True),
        ("refs/heads/*", "refs/heads/", True),
        ("*-prod-*", "a-prod-b", True),
        ("*-prod-*", "a-prod-b/c", False),
        ("**main", "refs/main/main", True),
        ("**main", "refs/main/mainly", False),
        ("a*a*a", "aaa", True),
        ("a*a*a", "aa", False),
        ("main", "main", True),
        ("main", "Main", False),
        ("m.in", "main", False),
        ("x*", "x\ny", True),
        ("x**", "x" * (MAX_LENGTH + 1), False),
        ("**a" * 100 + "b", "a" * MAX_LENGTH, False),
        ("*a" * 100 + "b", "a" * MAX_LENGTH, False),
    ],
)
def test_a_pattern_is_of_the_whole_text(glob: str, value: str, fits: bool) -> None:
    """A star stays between separators, two do not; nothing makes it slow."""
    assert matches(glob, value) is fits


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (Condition(claim="sub", equals="system:serviceaccount:ci:deployer"), True),
        (Condition(claim="sub", glob="system:serviceaccount:ci:*"), True),
        (Condition(claim="/kubernetes.io/namespace", equals="ci"), True),
        (Condition(claim="/kubernetes.io/serviceaccount/name", glob="dep*"), True),
        (Condition(claim="kubernetes.io", equals="ci"), False),
        (Condition(claim="/kubernetes.io/namespace/x", equals="ci"), False),
        (Condition(claim="/a~1b/m~0n", equals=7), True),
        (Condition(claim="runs", equals=1), True),
        (Condition(claim="runs", equals="1"), False),
        (Condition(claim="runs", equals=True), False),
        (Condition(claim="runs", glob="*1"), False),
        (Condition(claim="protected", equals=True), True),
        (Condition(claim="protected", equals=1), False),
        (Condition(claim="groups", equals="ci"), False),
        (Condition(claim="missing", equals=""), False),
        (Condition(claim="missing", glob="**x"), False),
    ],
)
def test_a_claim_is_compared_in_its_own_type(condition: Condition, holds: bool) -> None:
    """RFC 8725 §3.10: no claim is taken for more than it says."""
    assert condition.holds(KUBERNETES) is holds


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        (Condition(claim="aud", equals="x"), "is judged anyway"),
        (Condition(claim="jti", equals="x"), "is judged anyway"),
        (Condition(claim="/a~2", equals="x"), "JSON Pointer"),
        (Condition(claim="ref"), "exactly one"),
        (Condition(claim="ref", equals="x", glob="x*"), "exactly one"),
        (Condition(claim="ref", glob="*"), "everything fits"),
        (Condition(claim="ref", glob="**/*:**"), "everything fits"),
        (Condition(claim="ref", glob="x*"), None),
        (Condition(claim="/a~0~1", equals=False), None),
    ],
)
def test_what_tells_nobody_apart_is_no_condition(
    condition: Condition, reason: str | None
) -> None:
    why = condition.why_not()

    assert (why is None) is (reason is None)
    assert (reason or "") in (why or "")
