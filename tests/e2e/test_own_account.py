"""Everything that people do at ``/account``: by mouse, by keyboard, on a phone."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pyotp
import pytest
import pytest_asyncio

from tests.e2e.manners import HANDS, MANNERS, Somebody
from tests.e2e.places import PORTAL, add_attribute
from tests.e2e.visitor import Visitor
from tests.support.api import PASSWORD

PICTURE = Path(__file__).parents[1] / "accounts/pictures/files/phone.jpg"
_NEW = "another horse entirely"
_by_hand = pytest.mark.parametrize("somebody", HANDS, indirect=True)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database_file(database_file: str) -> str:
    """With something that the operator wants to know of people."""
    await add_attribute(database_file)
    return database_file


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
    await _activity(person)
    await _tokens(person)
    await _language(person)
    await _data(person)


async def test_every_page_fits_a_phone(newcomer: Any) -> None:
    person: Visitor = await newcomer("fits@example.com", **MANNERS["phone"])
    await person.sign_in()

    for path in PORTAL:
        await person.go(path)
        assert person.path == path


async def test_without_script_a_picture_is_taken_as_it_is(newcomer: Any) -> None:
    person: Visitor = await newcomer("plain@example.com", **MANNERS["bare"])
    await person.sign_in("/account/profile")
    await person.page.get_by_label("Choose a picture").set_input_files(PICTURE)
    await person.press("Save picture")

    shown = person.page.locator("main img.avatar")
    kept = await person.window.request.get(await shown.get_attribute("src"))

    assert kept.headers["content-type"] == "image/jpeg"
    assert b"GPS" not in await kept.body()


async def test_without_script_a_token_is_made_too(newcomer: Any) -> None:
    person: Visitor = await newcomer("scripts@example.com", **MANNERS["bare"])
    await person.sign_in("/account/new-token")
    await person.type("Name", "Nightly backup")
    await person.tick("Read everything about your account")
    await person.press("Make the token")

    assert await person.page.get_by_role("button", name="Copy").count() == 0
    assert "it is shown once" in await person.text()


async def _profile(person: Visitor) -> None:
    await person.follow("Profile")
    await person.type("Name (optional)", "Ada")
    await person.type("Time zone (optional)", "Europe/Lisbon")
    await person.choose("Language", "English")
    await person.press("Save", beside="Language")
    assert "Your profile is saved." in await person.text()
    name = person.page.get_by_label("Name (optional)", exact=True)
    assert await name.input_value() == "Ada"
    await person.type("Team", "Analysts")
    await person.press("Save", beside="Team")
    assert "Your profile is saved." in await person.text()
    await person.give_file("Choose a picture", PICTURE)
    await person.page.locator("canvas.avatar").wait_for()  # as it will be seen
    await person.press("Save picture")
    assert "Your picture is saved." in await person.text()
    shown = person.page.locator("main img.avatar")
    size = await shown.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    kept = await person.window.request.get(await shown.get_attribute("src"))
    assert size == [32, 32]  # of 48 by 32
    assert kept.headers["content-type"] == "image/webp"
    await person.press("Remove picture")
    assert "Your picture is removed." in await person.text()
    assert await person.page.locator("img.avatar").count() == 0


async def _address(person: Visitor) -> None:
    await person.follow("Change email address")
    before, person.email = person.email, f"anew-{person.email}"
    await person.type("New email address", person.email)
    await person.press("Send email")
    await person.open_mail("Confirm your new email address", "/confirm-email")
    await person.press("Confirm new email address")
    await person.go("/account")
    shown = await person.page.locator(".bar").inner_text()
    assert person.email in shown and before not in (await person.text()).split()


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
    assert "On one device" in await person.text()
    await person.type("Name", "Blue key")
    await person.press("Rename Passkey on Linux")
    assert await person.page.get_by_role("heading", name="Blue key").count() == 1
    await person.press("Remove Blue key")
    await person.press("Remove it")
    assert "No passkeys yet" in await person.text()


async def _app_and_codes(person: Visitor) -> None:
    await person.page.add_init_script("window.print = () => { window.printed = true; }")
    await person.follow("Security")
    await person.follow("Set up authenticator app")
    await person.press("Set up authenticator app")
    key = await person.page.locator("code").first.inner_text()
    app = pyotp.TOTP(key.replace(" ", ""))
    await person.type("Code", app.now())
    await person.press("Confirm")
    await person.press("Make recovery codes")
    shown = await person.page.locator("ol code").all_inner_texts()
    file = await person.download("Download")
    await person.click("Print")
    assert len(shown) == 10 and all(code in file for code in shown)
    assert person.email in file
    assert await person.page.evaluate("window.printed") is True
    await person.follow("I've saved them")
    assert "10 left." in await person.text()
    await person.follow("Overview")
    assert "All good" in await person.text()
    await _forget_the_browser(person, app, shown[0])
    await person.follow("Security")
    await person.follow("Manage authenticator app")
    await person.press("Remove authenticator app")
    await person.press("Remove it")
    assert "Your authenticator app is removed." in await person.text()


async def _forget_the_browser(person: Visitor, app: pyotp.TOTP, code: str) -> None:
    """Be remembered, and then not any more: a code of paper is asked for again."""
    await person.sign_out()
    await person.go("/account/sessions")
    await person.type_password(_NEW)
    await person.tick("Don't ask again")
    # The code after the one that is used up; one step of drift is allowed.
    await person.give_code(app.at(int(time.time()) + app.interval))
    await person.sign_out()
    await person.go("/account/sessions")
    await person.type_password(_NEW)
    assert person.path == "/account/sessions"  # without a second step
    await person.press(re.compile("^Forget this browser"))
    await person.sign_out()
    await person.go("/signin")
    await person.type_password(_NEW)
    assert person.path.startswith("/signin/verify")
    await person.follow("recovery code")
    await person.give_code(code)
    await person.go("/account")


async def _devices(person: Visitor, newcomer: Any) -> None:
    others = [await newcomer.beside(person) for _ in range(2)]
    for other in others:
        await other.sign_in()
    await person.follow("Devices")
    assert "This device" in await person.text()
    ends = person.page.get_by_role("button", name=re.compile("^Sign out .* from "))
    assert await ends.count() == 2
    await person.use_first(ends)
    assert await ends.count() == 1
    await person.press("Sign out everywhere else")
    assert await ends.count() == 0
    assert await person.page.get_by_role("button", name="Sign out").count() == 0
    for other in others:
        await other.go("/account")
        assert other.path.startswith("/signin")


async def _activity(person: Visitor) -> None:
    await person.follow("Activity")
    told = await person.text()
    assert told.count("Signed in with your password") == 3
    assert told.count("This device") == 1
    assert "Signed out on other devices" in told


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
    assert shown.startswith("as_pat_")
    await person.follow("I've saved it")
    listed = await person.text()
    assert "Nightly backup" in listed and "Never used." in listed
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
    await person.sign_in()
    assert person.path.startswith("/signin")
