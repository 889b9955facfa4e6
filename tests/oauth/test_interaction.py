"""What the person has to do next, and when nobody may be asked."""

from datetime import timedelta
from typing import Any

import pytest

from app.oauth.authorize import AuthorizationRequest
from app.oauth.clients.client import Client
from app.oauth.errors import (
    AccountSelectionRequired,
    ConsentRequired,
    InteractionRequired,
    LoginRequired,
    OAuthError,
    UnmetAuthenticationRequirements,
)
from app.oauth.interaction import (
    ConsentState,
    SignedInState,
    Step,
    decide,
    demanded_acr,
    wished_acr,
)
from tests.oauth.authorization import AGREED, ARRIVED, FIRST_PARTY, NOW, a_client
from tests.oauth.authorization import decided as _decide
from tests.oauth.authorization import read
from tests.oauth.authorization import session as _session
from tests.oauth.authorization import wish as _wish

# --- Signing in ---


def test_who_is_signed_in_goes_on() -> None:
    """OIDC Core §3.1.2.3: no sign-in is needed where one is good enough."""
    assert _decide(None) is Step.LOGIN
    assert _decide(_session()) is Step.DONE


def test_prompt_login_asks_once_and_does_not_loop() -> None:
    """OIDC Core §3.1.2.1: prompt=login re-authenticates the person."""
    assert _decide(_session(-1), prompt="login") is Step.LOGIN
    assert _decide(None, prompt="login") is Step.LOGIN
    assert _decide(_session(0), prompt="login") is Step.DONE
    assert _decide(_session(30), prompt="login") is Step.DONE


@pytest.mark.parametrize(
    ("max_age", "seconds", "step"),
    [
        ("300", 0, Step.DONE),
        ("301", -1, Step.DONE),
        ("300", -1, Step.LOGIN),
        ("0", -1, Step.LOGIN),
        ("0", 1, Step.DONE),
        ("10", 1, Step.DONE),
        ("9999999999", -3_600, Step.DONE),
    ],
)
def test_t106_max_age(max_age: str, seconds: float, step: Step) -> None:
    """OIDC Core §3.1.2.1: older than max_age seconds re-authenticates, once.

    A sign-in for this request is recent enough, however long consenting takes.
    """
    assert _decide(_session(seconds), max_age=max_age) is step


def test_the_clients_default_max_age_counts() -> None:
    """OIDC Registration §2: default_max_age."""
    client = a_client(is_first_party=True, default_max_age=60)

    assert _decide(_session(), client=client) is Step.LOGIN
    assert _decide(_session(), client=client, max_age="99999") is Step.DONE


def test_the_person_of_the_hint_is_the_one_who_goes_on() -> None:
    """OIDC Core §3.1.2.1: id_token_hint names who has to be signed in."""
    assert _decide(_session(), hinted="jane") is Step.DONE
    assert _decide(_session(), hinted="john") is Step.LOGIN
    with pytest.raises(LoginRequired):
        _decide(_session(), hinted="john", prompt="none")
    with pytest.raises(LoginRequired):
        _decide(_session(10), hinted="john")


def test_a_demanded_subject_is_the_one_who_goes_on() -> None:
    """OIDC Core §3.1.2.2, §5.5.1: no answer about another sub than was asked for."""
    john = _wish("sub", value="john")

    assert _decide(_session(), claims=_wish("sub", value="jane")) is Step.DONE
    assert _decide(_session(), claims=_wish("sub", values=["x", "jane"])) is Step.DONE
    assert _decide(_session(), claims=john) is Step.LOGIN
    with pytest.raises(LoginRequired):
        _decide(_session(10), claims=john)


def test_t106_an_essential_acr_is_met_or_refused() -> None:
    """OIDC Core §5.5.1.1: an essential acr that is not met is a failed sign-in."""
    strong = _wish("acr", essential=True, values=["2", "3"])

    assert _decide(_session(acr="2"), claims=strong) is Step.DONE
    assert _decide(_session(acr="1"), claims=strong) is Step.LOGIN
    assert _decide(_session(10, acr="3"), claims=strong) is Step.DONE
    with pytest.raises(UnmetAuthenticationRequirements) as refused:
        _decide(_session(10, acr="1"), claims=strong)
    assert refused.value.error == "unmet_authentication_requirements"
    with pytest.raises(LoginRequired):
        _decide(_session(acr="1"), claims=strong, prompt="none")


def test_a_voluntary_acr_is_a_wish() -> None:
    """OIDC Core §5.5.1.1, §3.1.2.1: acr_values is a voluntary claim."""
    wish = _wish("acr", values=["2"])

    assert _decide(_session(), claims=wish) is Step.DONE
    assert _decide(_session(), acr_values="2") is Step.DONE
    assert _decide(_session(), claims=_wish("acr", essential=True)) is Step.DONE
    assert demanded_acr(read(claims=wish)) == []
    assert demanded_acr(read(claims=_wish("acr", essential=True, value="2"))) == ["2"]


def test_each_acr_that_would_do_is_told_to_who_signs_in() -> None:
    """OIDC Core §3.1.2.1, §5.5.1.1: either way to ask; a client's minimum rules."""
    claims, client = _wish("acr", values=["3", 4]), a_client(minimum_acr="aal2")

    assert wished_acr(read()) == ()
    assert wished_acr(read(acr_values="1 2", claims=claims)) == ("1", "2", "3")
    assert wished_acr(read(client, acr_values="1", claims=claims)) == ("aal2",)


def test_t101_a_duty_comes_before_the_code() -> None:
    assert _decide(_session(has_duty=True), consent=AGREED) is Step.LOGIN
    assert _decide(_session(10, has_duty=True), prompt="login") is Step.LOGIN
    with pytest.raises(InteractionRequired):
        _decide(_session(has_duty=True), prompt="none")


# --- Which account ---


def test_select_account_asks_once() -> None:
    """OIDC Core §3.1.2.1: prompt=select_account lets the person choose."""
    chosen = ARRIVED + timedelta(seconds=1)

    assert _decide(_session(), prompt="select_account") is Step.SELECT_ACCOUNT
    assert _decide(_session(chosen_at=chosen), prompt="select_account") is Step.DONE
    assert _decide(_session(10), prompt="select_account") is Step.DONE
    assert _decide(None, prompt="select_account") is Step.LOGIN
    assert _decide(_session(chosen_at=ARRIVED - timedelta(1)), prompt="select_account")
    both = "select_account login"
    assert _decide(_session(), prompt=both) is Step.SELECT_ACCOUNT
    assert _decide(_session(chosen_at=chosen), prompt=both) is Step.LOGIN


def test_an_old_choice_does_not_answer_select_account() -> None:
    """OIDC Core §3.1.2.1: the choice is of this request."""
    session = _session(chosen_at=ARRIVED - timedelta(days=1))

    assert _decide(session, prompt="select_account") is Step.SELECT_ACCOUNT


def test_several_accounts_have_to_be_told_apart() -> None:
    """OIDC Core §3.1.2.6: several accounts and none chosen."""
    several = _session(has_several=True)

    assert _decide(several) is Step.SELECT_ACCOUNT
    assert _decide(several, hinted="jane") is Step.DONE
    assert _decide(several, claims=_wish("sub", value="jane")) is Step.DONE
    before = ARRIVED - timedelta(days=1)
    assert _decide(_session(has_several=True, chosen_at=before)) is Step.DONE


def test_a_new_account_is_made_once() -> None:
    """OIDC Core §3.1.2.1: prompt=create (Initiating User Registration §4)."""
    assert _decide(None, prompt="create") is Step.CREATE_ACCOUNT
    assert _decide(_session(), prompt="create") is Step.CREATE_ACCOUNT
    assert _decide(_session(10), prompt="create") is Step.DONE


# --- Consent ---


def _remembered(scope: str, *claims: str) -> ConsentState:
    return ConsentState(scope=frozenset(scope.split()), claims=frozenset(claims))


@pytest.mark.parametrize(
    ("asked", "remembered", "step"),
    [
        ("openid", "", Step.CONSENT),
        ("openid email", "openid email", Step.DONE),
        ("openid", "openid email", Step.DONE),
        ("openid email", "openid", Step.CONSENT),
    ],
)
def test_a_remembered_consent_covers_what_it_names(
    asked: str, remembered: str, step: Step
) -> None:
    """OIDC Core §3.1.2.4: an authorization decision before anything is released."""
    consent = _remembered(remembered)

    assert _decide(_session(), client=a_client(), consent=consent, scope=asked) is step


def test_claims_are_agreed_to_as_well() -> None:
    """OIDC Core §3.1.2.4, §5.5: requested claims need consent like scopes do."""
    asked: dict[str, Any] = {"client": a_client(), "claims": _wish("gender")}

    assert _decide(_session(), consent=_remembered("openid"), **asked) is Step.CONSENT
    both = _remembered("openid", "gender", "name")
    assert _decide(_session(), consent=both, **asked) is Step.DONE


def test_prompt_consent_asks_once_whatever_is_remembered() -> None:
    """OIDC Core §3.1.2.1: prompt=consent asks before anything is returned."""
    for client in (a_client(), FIRST_PARTY):
        remembered = _remembered("openid")
        asked: dict[str, Any] = {"client": client, "prompt": "consent"}
        assert _decide(_session(), consent=remembered, **asked) is Step.CONSENT
        assert _decide(_session(), consent=AGREED, **asked) is Step.DONE


def test_first_party_clients_do_not_ask() -> None:
    """OIDC Core §3.1.2.4: consent may come from elsewhere, here the administrator."""
    assert _decide(_session(), client=FIRST_PARTY) is Step.DONE


@pytest.mark.parametrize(
    ("redirect_uri", "step"),
    [
        ("https://app.example.com/callback", Step.DONE),
        ("com.example.phone:/callback", Step.CONSENT),
        ("http://127.0.0.1:49152/callback", Step.CONSENT),
        ("http://[::1]:49152/callback", Step.CONSENT),
    ],
)
def test_t067_first_party_programs_ask_where_others_could_listen(
    redirect_uri: str, step: Step
) -> None:
    """RFC 6749 §10.2, RFC 8252 §8.6: no answer unasked where another may have it."""
    members: dict[str, Any] = {
        "is_first_party": True,
        "application_type": "native",
        "redirect_uris": (redirect_uri,),
    }
    phone = a_client(token_endpoint_auth_method="none", **members)
    asked: dict[str, Any] = {"client": phone, "redirect_uri": redirect_uri}

    assert _decide(_session(), **asked) is step
    assert _decide(_session(), consent=AGREED, **asked) is Step.DONE
    asked["client"] = a_client(**members)  # with a secret the answer alone is no use
    assert _decide(_session(), **asked) is Step.DONE
    if step is Step.CONSENT:
        asked["client"] = phone
        with pytest.raises(ConsentRequired):
            _decide(_session(), prompt="none", **asked)


def test_t067_public_clients_ask_each_time() -> None:
    """RFC 6749 §10.2, RFC 8252 §8.6: no automatic repetition for public clients."""
    public = a_client(token_endpoint_auth_method="none")
    remembered = _remembered("openid")

    assert _decide(_session(), client=public, consent=remembered) is Step.CONSENT
    assert _decide(_session(), client=public, consent=AGREED) is Step.DONE


def test_offline_access_is_agreed_to_in_so_many_words() -> None:
    """OIDC Core §11: consent to offline access, now, earlier, or by the operator."""
    asked: dict[str, Any] = {"client": a_client(), "scope": "openid offline_access"}

    assert _decide(_session(), consent=_remembered("openid"), **asked) is Step.CONSENT
    earlier = _remembered("openid offline_access")
    assert _decide(_session(), consent=earlier, **asked) is Step.DONE
    assert (
        _decide(_session(), consent=earlier, prompt="consent", **asked) is Step.CONSENT
    )


def test_consent_comes_last() -> None:
    """OIDC Core §3.1.2.4: once the person is authenticated, consent is asked for."""
    asked: dict[str, Any] = {"client": a_client(), "prompt": "login consent"}

    assert _decide(None, **asked) is Step.LOGIN
    assert _decide(_session(), **asked) is Step.LOGIN
    assert _decide(_session(10), **asked) is Step.CONSENT
    assert _decide(_session(10), consent=AGREED, **asked) is Step.DONE


# --- prompt=none ---


@pytest.mark.parametrize(
    ("session", "client", "kind"),
    [
        (None, FIRST_PARTY, LoginRequired),
        (_session(has_several=True), FIRST_PARTY, AccountSelectionRequired),
        (_session(), a_client(), ConsentRequired),
        (_session(has_duty=True), FIRST_PARTY, InteractionRequired),
    ],
)
def test_nobody_is_asked_with_prompt_none(
    session: SignedInState | None, client: Client, kind: type[OAuthError]
) -> None:
    """OIDC Core §3.1.2.1, §3.1.2.6: no page is shown; the error says what is needed."""
    with pytest.raises(kind) as refused:
        _decide(session, client=client, prompt="none")

    assert type(refused.value) is kind


def test_prompt_none_with_an_old_sign_in() -> None:
    """OIDC Core §3.1.2.3: prompt=none and max_age passed is an error."""
    with pytest.raises(LoginRequired):
        _decide(_session(), prompt="none", max_age="60")


def test_prompt_none_succeeds_where_nothing_is_needed() -> None:
    """OIDC Core §3.1.2.1: prompt=none checks for a sign-in and consent that exist."""
    remembered = _remembered("openid")

    assert _decide(_session(), prompt="none") is Step.DONE
    assert (
        _decide(_session(), client=a_client(), consent=remembered, prompt="none")
        is Step.DONE
    )


def _all_requests() -> list[AuthorizationRequest]:
    prompts = ("", "login", "consent", "select_account", "create", "login consent")
    ages = (None, "0", "60")
    return [read(prompt=p or None, max_age=age) for p in prompts for age in ages]


@pytest.mark.parametrize("session", [None, _session(), _session(has_several=True)])
def test_no_request_asks_for_the_same_step_twice(session: SignedInState | None) -> None:
    """OIDC Core §3.1.2.3: each step of the person brings the request further."""
    for request in _all_requests():
        state, consent, seen = session, ConsentState(), []
        while True:
            step = decide(request, state, consent, NOW, arrived_at=ARRIVED)
            assert step not in seen
            seen.append(step)
            if step is Step.DONE:
                break
            if step is Step.CONSENT:
                consent = AGREED
            elif step is Step.SELECT_ACCOUNT:
                state = _session(chosen_at=NOW)
            else:
                state = _session(10)
