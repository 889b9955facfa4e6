"""Passkeys in Chromium, with the virtual authenticator of its DevTools."""

import asyncio
from typing import Any

import pytest

from app.services.server.runtime import Runtime
from tests.e2e.manners import HANDS, Somebody
from tests.e2e.visitor import Visitor


async def _with_passkey(newcomer: Any, email: str) -> Visitor:
    """Return somebody who added a passkey at their account page."""
    person: Visitor = await newcomer(email)
    await person.add_authenticator()
    await person.sign_in("/account/passkeys")
    await person.press("Add a passkey")
    assert await person.page.get_by_role("status").first.inner_text() != ""
    return person


@pytest.mark.parametrize("somebody", HANDS, indirect=True)
async def test_a_passkey_is_made_and_signs_in_by_its_button(
    somebody: Somebody,
) -> None:
    person = await _with_passkey(somebody, "button")
    [kept] = await person.credentials()
    assert kept["rpId"] == "localhost" and kept["isResidentCredential"]
    await person.sign_out()
    await person.offer_nothing_in_fields()
    await person.go("/signin")

    await person.press("Sign in with a passkey")

    assert person.path == "/"
    assert person.email in await person.text()
    [used] = await person.credentials()
    assert used["signCount"] > kept["signCount"]


async def test_a_page_that_was_open_for_long_makes_a_passkey_all_the_same(
    newcomer: Any,
) -> None:
    """Else it would be refused, and stay behind on the device."""
    person = await newcomer("patient@example.com")
    await person.add_authenticator()
    await person.page.clock.install()
    await person.sign_in("/account/passkeys")
    form = person.page.locator("form[data-kind=create]")
    await form.evaluate(
        "it => it.dataset.options = it.dataset.options.replace("
        '/("challenge": ?")[^"]+/, "$1" + "b2xk".repeat(10))'
    )  # one of five minutes ago; the clock of the service stands with the tests'
    await person.page.clock.fast_forward("05:00")

    await person.press("Add a passkey")

    assert "Passkey added" in await person.text()
    assert len(await person.credentials()) == 1


async def test_a_passkey_signs_in_from_the_field_of_the_address(newcomer: Any) -> None:
    person = await _with_passkey(newcomer, "autofill@example.com")
    await person.sign_out()

    async with person.page.expect_navigation(url=f"{person.home}/"):
        await person.page.goto("/signin")  # which is left before one could look

    assert person.email in await person.text()


async def test_a_passkey_is_the_second_step_after_a_password(newcomer: Any) -> None:
    person = await _with_passkey(newcomer, "second@example.com")
    await person.sign_out()
    await person.tell_authenticator("setAutomaticPresenceSimulation", enabled=False)
    await person.sign_in()
    assert person.path.startswith("/signin/verify")

    await person.tell_authenticator("setAutomaticPresenceSimulation", enabled=True)
    await person.press("Continue")

    assert person.path == "/" and person.email in await person.text()


async def test_who_declines_is_told_and_may_try_again(newcomer: Any) -> None:
    person = await _with_passkey(newcomer, "declined@example.com")
    await person.sign_out()
    await person.tell_authenticator("setUserVerified", isUserVerified=False)
    await person.sign_in()
    page = person.page

    await page.get_by_role("button", name="Continue").click()
    told = page.get_by_role("status").filter(has_text="No passkey was used")
    await told.wait_for()

    await person.tell_authenticator("setUserVerified", isUserVerified=True)
    await person.press("Continue")
    assert person.path == "/"


async def test_the_same_authenticator_is_not_asked_to_keep_two(newcomer: Any) -> None:
    person = await _with_passkey(newcomer, "twice@example.com")

    await person.page.get_by_role("button", name="Add a passkey").click()

    told = person.page.get_by_role("status").filter(has_text="No passkey was made")
    await told.wait_for()
    assert len(await person.credentials()) == 1


async def test_a_removed_passkey_is_gone_from_the_authenticator_too(
    newcomer: Any,
) -> None:
    person = await _with_passkey(newcomer, "removed@example.com")
    await person.page.get_by_role("textbox", name="Name").fill("My laptop")
    async with person.page.expect_navigation():
        await person.page.locator("button[name=rename]").click()

    await person.press("Remove My laptop")
    await person.press("Remove it")

    assert await person.page.get_by_role("heading", name="My laptop").count() == 0
    # The page tells the browser which passkeys are left (signalAllAcceptedCredentials),
    # and nobody says when the browser has done what follows.
    while await person.credentials():  # the time limit of every test ends it
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("flaw", ["unverified", "of a copy"])
async def test_an_authenticator_that_lies_signs_nobody_in(
    newcomer: Any, runtime: Runtime, flaw: str
) -> None:
    person = await _with_passkey(newcomer, f"{flaw.replace(' ', '-')}@example.com")
    await person.sign_out()
    if flaw == "unverified":
        bogus = {"isBadUV": True}
        await person.tell_authenticator("setResponseOverrideBits", **bogus)
    else:
        await _set_back(person)
    await person.offer_nothing_in_fields()
    await person.go("/signin")

    await person.press("Sign in with a passkey")

    await person.page.get_by_role("alert").wait_for()
    await person.go("/account")
    assert person.path.startswith("/signin")


async def test_a_refused_passkey_is_not_offered_again_by_itself(
    newcomer: Any,
) -> None:
    person = await _with_passkey(newcomer, "endless@example.com")
    await person.sign_out()
    await _set_back(person)
    posts: list[str] = []
    person.page.on("request", lambda sent: posts.append(sent.method))

    await person.page.goto("/signin")  # the field itself asks for it
    await person.page.get_by_role("alert").wait_for()
    await person.page.wait_for_load_state("networkidle")
    seen = posts.count("POST")
    await person.press("Sign in with a passkey")  # a person may all the same

    assert seen == 2  # for a challenge, and with the answer
    assert posts.count("POST") == 4


async def test_at_another_address_the_page_says_where_passkeys_work(
    newcomer: Any,
) -> None:
    person = await newcomer("elsewhere@example.com")
    await person.add_authenticator()
    await person.offer_nothing_in_fields()
    await person.page.goto(person.home.replace("localhost", "127.0.0.1") + "/signin")

    await person.page.get_by_role("button", name="Sign in with a passkey").click()

    told = person.page.get_by_role("status").filter(has_text=person.home)
    await told.wait_for()
    person.complaints.clear()  # it asked another origin, ours


async def _set_back(person: Visitor) -> None:
    """Let the counter fall behind what was seen, as a copied key's does."""
    [kept] = await person.credentials()
    await person.tell_authenticator("clearCredentials")
    await person.tell_authenticator("addCredential", credential=kept | {"signCount": 0})
