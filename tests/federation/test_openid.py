"""People of real providers sign in here: node-oidc-provider, Dex, Keycloak."""

from contextlib import ExitStack
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from app.upstreams.protocol import Asking, Begun, Reason, Refused
from tests.federation.servers.openid import OpenIdPeer
from tests.federation.service import ADMIN, AuthServe, within
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

    if peer.leads_back:
        assert service.refusal(page)["reason"] == "cancelled"
    else:  # findings/dex-leads-nobody-back.sh
        assert page.url.startswith(peer.issuer) and page.status == 500
    assert service.who(browser) == ""


def test_an_answer_comes_by_a_form_of_its_site(
    service: AuthServe, peer: OpenIdPeer, browser: Browser
) -> None:
    if not peer.has_form_post:
        assert "form_post" not in service.metadata(peer).get(
            "response_modes_supported", ""
        )
        return
    page = peer.sign_in(browser, service.leave(browser, f"{peer.name}-form"))
    [button] = page.forms[0].buttons
    done = browser.press(page, button)

    assert done.url == f"{service.url}/", done.text
    assert service.who(browser) == peer.email


def test_a_key_proves_this_client(
    service: AuthServe, peer: OpenIdPeer, browser: Browser
) -> None:
    methods = service.metadata(peer)["token_endpoint_auth_methods_supported"]
    assert ("private_key_jwt" in methods) == peer.has_keys
    if peer.has_keys:
        peer.sign_in(browser, service.leave(browser, f"{peer.name}-key"))
        assert service.who(browser) == peer.email


def test_whoever_signs_out_there_is_signed_out_here(
    service: AuthServe, peer: OpenIdPeer, browser: Browser
) -> None:
    can = service.metadata(peer).get("backchannel_logout_supported", False)
    assert can == peer.tells_of_sign_out
    page = peer.sign_in(browser, service.leave(browser, peer.name))
    assert page.status == 200, service.refusal(page)
    assert service.who(browser) == peer.email
    peer.sign_out(browser)

    if peer.tells_of_sign_out:
        assert within(20, lambda: service.who(browser) == "")


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
    peer.sign_in(browser, service.leave(browser, peer.name))  # by the key before
    peer.rotate()

    def comes_in() -> bool:
        browser.forget()
        peer.sign_in(browser, service.leave(browser, peer.name))
        return service.who(browser) == peer.email

    # A set that was asked for just now is not asked for again for ten seconds.
    assert within(60, comes_in)


def test_while_it_is_away_only_its_own_people_wait(
    service: AuthServe, peer: OpenIdPeer
) -> None:
    with ExitStack() as stack:
        browsers = [stack.enter_context(Browser(service.url)) for _ in range(5)]
        answers = [_answer(service, peer, browser) for browser in browsers]
        peer.program.stop()
        try:
            pages = map(Browser.open, browsers, answers)
            reasons = {service.refusal(page)["reason"] for page in pages}
            state = service.readiness()
            service.sign_in_as_administrator(browsers[0])
            who = browsers[0].open("/account").text
        finally:
            peer.program.start()
            # Breakers leave it in peace for a while.
            assert within(60, lambda: service.is_well(peer.name))
            assert within(60, lambda: bool(_answer(service, peer, browsers[1])))

    assert reasons == {"unreachable"}
    assert state == "degraded" and ADMIN in who


def _answer(service: AuthServe, peer: OpenIdPeer, browser: Browser) -> str:
    """Return where its answer would lead, with a code that nobody gave.

    Empty if this service does not know now where to ask.
    """
    service.leave(browser, peer.name)
    asked = dict(parse_qsl(urlsplit(browser.left_for).query))
    if not asked:
        return ""
    answer = {"state": asked["state"], "code": "a-code", "iss": peer.issuer}
    return f"{asked['redirect_uri']}?{urlencode(answer)}"


def _there(peer: OpenIdPeer) -> Browser:
    """Return a browser that stops where it is led back here."""
    return Browser("/".join(peer.issuer.split("/", 3)[:3]))


def _answered(peer: OpenIdPeer, browser: Browser, begun: Begun) -> dict[str, str]:
    peer.sign_in(browser, browser.open(begun.url))
    return dict(parse_qsl(urlsplit(browser.left_for).query))


async def test_a_refresh_tells_of_the_same_person(
    peer: OpenIdPeer, connector: Any
) -> None:
    begun = await connector.begin(Asking(state="state", prompt="consent"))
    with _there(peer) as browser:
        answer = _answered(peer, browser, begun)
    found = await connector.complete(answer, begun.kept)
    again = await connector.refresh(found.subject, found.tokens)
    last = await connector.refresh(found.subject, again.tokens)

    assert (found.issuer, found.email) == (peer.issuer, peer.email)
    assert found.email_verified and found.claims["name"] == peer.full_name
    assert {again.subject, last.subject} == {found.subject}
    assert last.email == peer.email


async def test_a_code_counts_once(peer: OpenIdPeer, connector: Any) -> None:
    begun = await connector.begin(Asking(state="state", prompt="consent"))
    with _there(peer) as browser:
        answer = _answered(peer, browser, begun)
    await connector.complete(answer, begun.kept)
    with pytest.raises(Refused) as repeated:
        await connector.complete(answer, begun.kept)

    assert repeated.value.reason is Reason.PROVIDER_ERROR
