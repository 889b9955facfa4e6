"""Everything that people do at ``/account``: by keyboard alone, and on a phone."""

import json
import re
from pathlib import Path
from typing import Any

import pyotp
import pytest

from tests.e2e.manners import HANDS, Somebody
from tests.e2e.visitor import Visitor
from tests.support.api import PASSWORD

PICTURE = Path(__file__).parents[1] / "accounts/pictures/files/phone.jpg"
_NEW = "another horse entirely"
_by_hand = pytest.mark.parametrize("somebody", HANDS, indirect=True)


@_by_hand
async def test_who_one_is_and_what_one_signs_in_with(somebody: Somebody) -> None:
    person = await somebody("whole")
    await person.add_authenticator()
    await person.sign_in("/account")

    await _profile(person)
    await _address(person)
    await _password(person)
    await _passkey(person)
    await _app_and_codes(person)


@_by_hand
async def test_who_is_in_and_what_is_kept(somebody: Somebody, newcomer: Any) -> None:
    person = await somebody("kept")
    await person.go("/demo")
    await person.press("Sign in")
    await person.type_password()
    await person.press("Allow")
    await person.go("/account")

    await _devices(person, newcomer)
    await person.follow("Applications")
    await person.press("Revoke access of Demo application")
    assert "Access revoked." in await person.text()
    await person.follow("Activity")
    assert "Signed in with your password" in await person.text()
    await _tokens(person)
    await _language(person)
    await _data(person)


async def _profile(person: Visitor) -> None:
    await person.follow("Profile")
    await person.type("Name (optional)", "Ada")
    await person.choose("Language", "English")
    await person.press("Save")
    assert "Your profile is saved." in await person.text()
    await person.give_file("Choose a picture", PICTURE)
    await person.press("Save picture")
    assert "Your picture is saved." in await person.text()
    await person.press("Remove picture")
    assert "Your picture is removed." in await person.text()


async def _address(person: Visitor) -> None:
    await person.follow("Change email address")
    person.email = f"new-{person.email}"
    await person.type("New email address", person.email)
    await person.press("Send email")
    await person.open_mail("Confirm your new email address", "/confirm-email")
    await person.press("Confirm new email address")
    await person.go("/account")
    assert person.email in await person.page.locator(".bar").inner_text()


async def _password(person: Visitor) -> None:
    await person.follow("Security")
    await person.follow("Change password")
    await person.type("Current password", PASSWORD)
    await person.type("New password", _NEW)
    await person.press("Change password")
    assert "Your password is changed." in await person.text()


async def _passkey(person: Visitor) -> None:
    await person.follow("Security")
    await person.follow("Add a passkey")
    await person.press("Add a passkey")
    await person.type("Name", "Blue key")
    await person.press("Rename Passkey on Linux")
    await person.press("Remove Blue key")
    await person.press("Remove it")
    assert "No passkeys yet" in await person.text()


async def _app_and_codes(person: Visitor) -> None:
    await person.page.add_init_script("window.print = () => { window.printed = true; }")
    await person.follow("Security")
    await person.follow("Set up authenticator app")
    await person.press("Set up authenticator app")
    key = await person.page.locator("code").first.inner_text()
    await person.type("Code", pyotp.TOTP(key.replace(" ", "")).now())
    await person.press("Confirm")
    await person.press("Make recovery codes")
    shown = await person.page.locator("ol code").all_inner_texts()
    file = await person.download("Download")
    await person.click("Print")
    assert len(shown) == 10 and all(code in file for code in shown)
    assert await person.page.evaluate("window.printed") is True
    await person.follow("I've saved them")
    assert "10 left." in await person.text()
    await person.press("Remove authenticator app")
    await person.press("Remove it")
    assert "Your authenticator app is removed." in await person.text()


async def _devices(person: Visitor, newcomer: Any) -> None:
    others = [await newcomer.beside(person) for _ in range(2)]
    for other in others:
        await other.sign_in()
    await person.follow("Devices")
    ends = person.page.get_by_role("button", name=re.compile("^Sign out .* from "))
    assert await ends.count() == 2
    await person.use_first(ends)
    assert await ends.count() == 1
    await person.press("Sign out everywhere else")
    assert await ends.count() == 0
    assert await person.page.get_by_role("button", name="Sign out").count() == 0


async def _tokens(person: Visitor) -> None:
    await person.window.grant_permissions(["clipboard-read", "clipboard-write"])
    await person.follow("Access tokens")
    await person.follow("Make a token")
    await person.type("Name", "Nightly backup")
    await person.tick("Read everything about your account")
    await person.press("Make the token")
    token = person.page.get_by_label("Token")
    shown = await token.input_value()
    if person.by_keyboard:
        await person.reach(token)
        assert await person.page.evaluate("getSelection().toString()") == shown
    await person.click("Copy")
    await person.page.get_by_text("Copied").wait_for()
    assert await person.page.evaluate("navigator.clipboard.readText()") == shown
    await person.follow("I've saved it")
    assert "Never used." in await person.text()
    await person.press("Revoke Nightly backup")
    assert "No tokens yet" in await person.text()


async def _language(person: Visitor) -> None:
    await person.follow("English")
    await person.press("Deutsch")
    html = person.page.locator("html")
    assert await html.get_attribute("lang") == "de"
    await person.follow("Deutsch")
    await person.press("English")
    assert await html.get_attribute("lang") == "en"


async def _data(person: Visitor) -> None:
    await person.follow("Your data")
    copy = json.loads(await person.download("Download a copy"))
    assert copy["user"]["email"] == person.email
    await person.follow("Delete your account")
    await person.type("Type your email address to confirm", person.email)
    await person.press("Delete account for good")
    assert await person.heading() == "Account deleted"
