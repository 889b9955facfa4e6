"""People of real providers sign in here: node-oidc-provider, Dex, Keycloak."""

import time
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.federation.servers.openid import OpenIdPeer
from tests.federation.service import ADMIN, AuthServe
from tests.interop.browser import Browser


def test_the_test_button_sees_all_of_it(service: AuthServe, peer: OpenIdPeer) -> None:
    right = service.steps(peer.name)
    wrong = service.steps(f"{peer.name}-wrong")

    assert [(name, ok) for name, ok, _ in right] == [
        ("discovery", True),
        ("keys", True),
        ("client", True),
    ]
    assert right[0][2] == f"it is {peer.issuer}"
    assert right[-1][2] == "it knows this client"
    assert [ok for _, ok, _ in wrong] == [True, True, False]
    assert wrong[-1][2].startswith("it does not know this client")


def test_somebody_comes_in_and_comes_again(
    service: AuthServe, peer: OpenIdPeer, browser: Browser
) -> None:
    first = peer.sign_in(browser, service.leave(browser, peer.name))
    who = service.who(browser)
    name = service.user(peer.email)["name"]

    assert (first.status, first.url) == (200, f"{service.url}/")
    assert (who, name) == (peer.email, peer.full_name)


def test_whoever_turns_back_is_told_so(
    service: AuthServe, peer: OpenIdPeer, browser: Browser
) -> None:
    page = peer.turn_back(browser, service.leave(browser, peer.name))

    assert service.refusal(page)["reason"] == "cancelled"
    assert service.who(browser) == ""


def test_a_wrong_secret_lets_nobody_in(
    service: AuthServe, peer: OpenIdPeer, browser: Browser
) -> None:
    page = peer.sign_in(browser, service.leave(browser, f"{peer.name}-wrong"))

    evidence = service.refusal(page)
    assert evidence["reason"] == "provider_error"
    assert service.who(browser) == ""


def test_an_answer_counts_once_and_in_one_browser(
    service: AuthServe, peer: OpenIdPeer, browser: Browser
) -> None:
    peer.sign_in(browser, service.leave(browser, peer.name))
    [answer] = [url for url in browser.been if "/callback?" in url]

    with Browser(service.url) as other:
        page = other.open(answer)
        assert service.refusal(page)["reason"] == "wrong_state"
    again = browser.open(answer)
    assert service.refusal(again)["reason"] == "wrong_state"


def test_a_new_key_is_seen(
    service: AuthServe, peer: OpenIdPeer, browser: Browser
) -> None:
    service.steps(peer.name)  # which reads its keys, if nobody did
    peer.rotate()

    deadline = time.monotonic() + 60
    while peer.sign_in(browser, service.leave(browser, peer.name)).status == 403:
        # A set that was asked for just now is not asked for again for ten seconds.
        assert time.monotonic() < deadline
        browser.forget()
        time.sleep(1)
    assert service.who(browser) == peer.email


def test_while_it_is_away_only_its_own_people_wait(
    service: AuthServe, peer: OpenIdPeer
) -> None:
    peer.program.stop()
    try:
        with Browser(service.url) as browser:  # which does not go there
            for _ in range(5):
                page = browser.open(_answer(service, peer, browser))
            evidence, state = service.refusal(page), service.readiness()
            service.sign_in_as_administrator(browser)
            who = browser.open("/account").text
    finally:
        peer.program.start()
        service.wait_for(peer.name)

    assert evidence["reason"] == "unreachable"
    assert state == "degraded" and ADMIN in who


def _answer(service: AuthServe, peer: OpenIdPeer, browser: Browser) -> str:
    """Return where its answer would lead, with a code that nobody gave."""
    service.leave(browser, peer.name)
    asked = dict(parse_qsl(urlsplit(browser.left_for).query))
    answer = {"state": asked["state"], "code": "a-code", "iss": peer.issuer}
    return f"{asked['redirect_uri']}?{urlencode(answer)}"
