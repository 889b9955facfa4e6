"""What people do at ``/account``: by mouse, on a phone, in the dark.

Each page that is opened is looked at by axe, and the console has to stay silent.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.places import PORTAL
from tests.e2e.visitor import Visitor

PICTURE = Path(__file__).parents[1] / "accounts/pictures/files/phone.jpg"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
PLACES = [
    pytest.param({}, id="desk"),
    pytest.param(PHONE, id="phone"),
    pytest.param({"color_scheme": "dark"}, id="dark"),
    pytest.param(PHONE | {"color_scheme": "dark"}, id="dark-phone"),
]


def named(request: pytest.FixtureRequest) -> str:
    """Return an address of this test's own."""
    return f"{request.node.callspec.id}-{request.node.originalname[5:20]}@example.com"


@pytest.mark.parametrize("place", [each for each in PLACES if "phone" in str(each.id)])
async def test_every_page_fits_a_phone(
    newcomer: Any, request: pytest.FixtureRequest, place: Any
) -> None:
    person: Visitor = await newcomer(named(request), **place)
    await person.sign_in()

    for path in PORTAL:
        await person.go(path)
        assert person.path == path


@pytest.mark.parametrize("place", PLACES)
async def test_a_profile_is_filled_in_and_gets_a_picture(
    newcomer: Any, request: pytest.FixtureRequest, place: Any
) -> None:
    person: Visitor = await newcomer(named(request), **place)
    page = person.page
    await person.sign_in()
    await person.go("/account")
    await person.follow("Profile")
    await page.get_by_label("Name (optional)", exact=True).fill("Ada Lovelace")
    await page.get_by_label("Time zone").fill("Europe/Lisbon")
    await person.press("Save")
    assert "Your profile is saved." in await person.text()

    await page.get_by_label("Choose a picture").set_input_files(PICTURE)
    await page.locator("canvas.avatar").wait_for()  # as it will be seen
    await person.press("Save picture")

    shown = page.locator("main img.avatar")
    size = await shown.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    kept = await person.window.request.get(await shown.get_attribute("src"))
    assert size == [32, 32]  # of 48 by 32
    assert kept.headers["content-type"] == "image/webp"

    await person.press("Remove picture")
    assert await page.locator("img.avatar").count() == 0


async def test_without_script_a_picture_is_taken_as_it_is(newcomer: Any) -> None:
    person: Visitor = await newcomer("plain@example.com", java_script_enabled=False)
    await person.sign_in()
    await person.go("/account/profile")
    await person.page.get_by_label("Choose a picture").set_input_files(PICTURE)
    await person.press("Save picture")

    shown = person.page.locator("main img.avatar")
    kept = await person.window.request.get(await shown.get_attribute("src"))

    assert kept.headers["content-type"] == "image/jpeg"
    assert b"GPS" not in await kept.body()


@pytest.mark.parametrize("place", PLACES)
async def test_recovery_codes_are_saved_as_a_file_and_printed(
    newcomer: Any, request: pytest.FixtureRequest, place: Any
) -> None:
    person: Visitor = await newcomer(named(request), **place)
    page = person.page
    await page.add_init_script("window.print = () => { window.printed = true; }")
    await person.set_app_up()
    await person.press("Make recovery codes")
    shown = await page.locator("ol code").all_inner_texts()

    async with page.expect_download() as download:
        await page.get_by_role("button", name="Download").click()
    file = Path(await (await download.value).path()).read_text()
    await page.get_by_role("button", name="Print").click()
    printed = await page.evaluate("window.printed")
    await person.follow("I've saved them")
    left = await person.text()
    await person.go("/account")

    assert len(shown) == 10 and all(code in file for code in shown)
    assert person.email in file
    assert printed is True
    assert "10 left." in left
    assert "All good" in await person.text()


@pytest.mark.parametrize("place", PLACES)
async def test_who_else_is_in_is_seen_signed_out_and_told(
    newcomer: Any, request: pytest.FixtureRequest, place: Any
) -> None:
    person: Visitor = await newcomer(named(request), **place)
    other: Visitor = await newcomer.beside(person)
    await other.sign_in()
    await person.sign_in()
    await person.go("/account")
    await person.follow("Devices")
    assert "This device" in await person.text()

    await person.press("Sign out everywhere else")
    await other.go("/account")
    await person.follow("Activity")
    told = await person.text()

    assert other.path.startswith("/signin")
    assert told.count("Signed in with your password") == 2
    assert told.count("This device") == 1
    assert "Signed out on other devices" in told


async def test_a_token_is_made_copied_and_revoked(newcomer: Any) -> None:
    person: Visitor = await newcomer("scripts@example.com")
    page = person.page
    await person.window.grant_permissions(["clipboard-read", "clipboard-write"])
    await person.sign_in("/account/tokens")
    assert "No tokens yet" in await person.text()
    await person.follow("Make a token")
    await person.type("Name", "Nightly backup")
    await page.get_by_label("Read everything about your account").check()
    await person.press("Make the token")

    shown = await page.get_by_label("Token").input_value()
    await page.get_by_role("button", name="Copy").click()
    await page.get_by_text("Copied").wait_for()
    copied = await page.evaluate("navigator.clipboard.readText()")
    await person.follow("I've saved it")
    listed = await person.text()
    await person.press("Revoke Nightly backup")

    assert shown.startswith("as_pat_") and copied == shown
    assert "Nightly backup" in listed and "Never used." in listed
    assert "No tokens yet" in await person.text()


async def test_without_script_a_token_is_made_too(
    newcomer: Any,
) -> None:
    person: Visitor = await newcomer(
        "plain-scripts@example.com", java_script_enabled=False
    )
    await person.sign_in("/account/new-token")
    await person.type("Name", "Nightly backup")
    await person.page.get_by_label("Read everything about your account").check()
    await person.press("Make the token")

    assert await person.page.get_by_role("button", name="Copy").count() == 0
    assert "it is shown once" in await person.text()


async def test_passkeys_say_what_keeps_them(newcomer: Any) -> None:
    person: Visitor = await newcomer("keys@example.com")
    await person.add_authenticator()
    await person.sign_in()
    await person.go("/account/security")
    await person.follow("Add a passkey")
    await person.press("Add a passkey")

    assert "On one device" in await person.text()
    await person.page.get_by_label("Name", exact=True).fill("Blue key")
    await person.press("Rename Passkey on Linux")
    assert await person.page.get_by_role("heading", name="Blue key").count() == 1
    await person.press("Remove Blue key")
    await person.press("Remove it")
    assert "No passkeys yet" in await person.text()
