"""How strong a sign-in was, and what is good enough."""

import pytest

from app.oauth.acr import LEVELS, acr_of, meets, meets_any


@pytest.mark.parametrize(
    ("amr", "acr"),
    [
        ((), "aal1"),
        (("pwd",), "aal1"),
        (("otp",), "aal1"),
        (("pwd", "otp"), "aal1"),  # whoever proved two says so
        (("pwd", "otp", "mfa"), "aal2"),
        (["hwk", "user", "mfa"], "aal2"),
    ],
)
def test_the_level_is_read_from_what_was_proven(amr: list[str], acr: str) -> None:
    """RFC 8176 §2: mfa says that more than one factor was used."""
    assert acr_of(amr) == acr


@pytest.mark.parametrize(
    ("acr", "wanted", "met"),
    [
        ("aal1", "aal1", True),
        ("aal1", "aal2", False),
        ("aal2", "aal1", True),
        ("aal2", "aal2", True),
        ("aal2", "gold", False),
        ("aal2", "AAL2", False),
        ("aal2", 2, False),
        ("aal2", None, False),
        ("aal2", ["aal2"], False),
        ("gold", "gold", True),
    ],
)
def test_more_is_good_enough_and_the_unknown_is_not(
    acr: str, wanted: object, met: bool
) -> None:
    assert meets(acr, wanted) is met
    assert meets_any(acr, ["gold+", wanted]) is met
    assert not meets_any(acr, [])
    assert LEVELS == ("aal1", "aal2")
