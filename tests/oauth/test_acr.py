"""How strong a sign-in was, and how strong it has to be (RFC 9470)."""

from typing import Any

import pytest

from app.oauth.acr import LEVELS, acr_of, meets, meets_any
from app.oauth.errors import LoginRequired, UnmetAuthenticationRequirements
from app.oauth.interaction import Step, is_strong
from tests.oauth.authorization import a_client
from tests.oauth.authorization import decided as _decide
from tests.oauth.authorization import read
from tests.oauth.authorization import session as _session
from tests.oauth.authorization import wish as _wish

AAL2 = _wish("acr", essential=True, value="aal2")
_ONE: dict[str, Any] = {"acr": "aal1"}
_CAN: dict[str, Any] = {"acr": "aal1", "has_second_factor": True}
_SOON: dict[str, Any] = {"acr": "aal1", "has_second_factor": True, "may_step_up": True}
_TWO: dict[str, Any] = {"acr": "aal2"}
_STRICT = a_client(is_first_party=True, minimum_acr="aal2")


@pytest.mark.parametrize(
    ("who", "wished", "demanded"),
    [
        (_ONE, Step.DONE, Step.LOGIN),
        (_CAN, Step.LOGIN, Step.LOGIN),
        (_SOON, Step.STEP_UP, Step.STEP_UP),
        (_TWO, Step.DONE, Step.DONE),
    ],
)
def test_a_wish_is_followed_as_far_as_one_can_and_a_demand_is_met(
    who: dict[str, Any], wished: Step, demanded: Step
) -> None:
    """RFC 9470 §5, OIDC Core §5.5.1.1: acr_values, and an essential acr."""
    client = a_client(is_first_party=True, default_acr_values=("aal2",))

    assert _decide(_session(**who), acr_values="aal2") is wished
    assert _decide(_session(**who), acr_values="gold aal2") is wished
    assert _decide(_session(**who), claims=_wish("acr", values=["aal2"])) is wished
    assert _decide(_session(**who), client=client) is wished
    assert _decide(_session(**who), claims=AAL2) is demanded
    assert _decide(_session(**who), client=_STRICT) is demanded


@pytest.mark.parametrize("who", [_ONE, _CAN, _SOON, _TWO])
def test_what_is_met_or_unknown_asks_for_no_second_factor(who: dict[str, Any]) -> None:
    """OIDC Core §3.1.2.1: of acr_values any one will do; aal2 meets aal1."""
    aal1 = _wish("acr", essential=True, value="aal1")

    assert _decide(_session(**who)) is Step.DONE
    assert _decide(_session(**who), acr_values="aal1") is Step.DONE
    assert _decide(_session(**who), acr_values="aal2 aal1") is Step.DONE
    assert _decide(_session(**who), acr_values="gold") is Step.DONE
    assert _decide(_session(**who), claims=aal1) is Step.DONE
    gold = _wish("acr", essential=True, value="gold")
    assert _decide(_session(**who), claims=gold) is Step.LOGIN


def test_who_just_signed_in_with_one_factor_is_asked_for_the_other() -> None:
    """A device that is remembered does not meet a demand for two factors."""
    assert _decide(_session(10, **_SOON), client=_STRICT) is Step.STEP_UP
    assert _decide(_session(10, **_SOON), acr_values="aal2") is Step.STEP_UP
    assert _decide(_session(10, **_CAN), client=_STRICT) is Step.LOGIN
    assert _decide(_session(10, **_TWO), client=_STRICT) is Step.DONE
    assert _decide(_session(10, **_ONE), acr_values="aal2") is Step.DONE
    with pytest.raises(UnmetAuthenticationRequirements) as refused:
        _decide(_session(10, **_ONE), client=_STRICT)
    assert "no second factor" in refused.value.description


def test_an_older_sign_in_is_renewed_from_the_start() -> None:
    """OIDC Core §3.1.2.1: max_age and prompt=login are about the first factor too."""
    each: list[dict[str, Any]] = [{"max_age": "60"}, {"prompt": "login"}]
    for asked in each:
        assert _decide(_session(**_SOON), acr_values="aal2", **asked) is Step.LOGIN
        assert _decide(_session(**_TWO), acr_values="aal2", **asked) is Step.LOGIN


@pytest.mark.parametrize("who", [_ONE, _CAN, _SOON])
def test_without_a_page_a_wish_goes_on_and_a_demand_is_refused(
    who: dict[str, Any],
) -> None:
    """OIDC Core §3.1.2.1, §3.1.2.6: prompt=none."""
    each: list[dict[str, Any]] = [{"client": _STRICT}, {"claims": AAL2}]
    for demand in each:
        with pytest.raises(LoginRequired):
            _decide(_session(**who), prompt="none", **demand)
    assert _decide(_session(**who), prompt="none", acr_values="aal2") is Step.DONE


def test_a_client_cannot_wish_its_minimum_away() -> None:
    aal1 = _wish("acr", essential=True, value="aal1")

    assert _decide(_session(**_CAN), client=_STRICT, claims=aal1) is Step.LOGIN
    assert _decide(_session(**_SOON), client=_STRICT, acr_values="aal1") is Step.STEP_UP
    for acr, strong in (("aal1", False), ("aal2", True)):
        assert is_strong(read(_STRICT, acr_values="aal1"), acr) is strong


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
