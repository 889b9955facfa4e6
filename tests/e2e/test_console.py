"""The console: its scripts, without script, and narrow."""

from secrets import token_hex
from typing import Any

import pytest_asyncio

from tests.e2e.places import CONSOLE, CONSOLE_BESIDE, CONSOLE_NEW, SIDES
from tests.e2e.visitor import Visitor
from tests.support.api import PASSWORD

# Without a finger: axe looks, at what stands there on a narrow screen.
PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}


@pytest_asyncio.fixture(loop_scope="session")
async def admin(newcomer: Any) -> Visitor:
    """An administrator at the console."""
    person: Visitor = await newcomer(f"{token_hex(4)}@example.com", roles=("admin",))
    await person.sign_in("/admin")
    assert await person.heading() == "Overview"
    return person


async def test_typing_finds_users_without_another_page(
    admin: Visitor, newcomer: Any
) -> None:
    await newcomer("grace@example.com")
    await newcomer("hedy@example.com")
    await admin.follow("Users")
    assert "hedy@example.com" in await admin.text()

    await admin.page.keyboard.press("/")
    await admin.page.keyboard.type("grac")
    await admin.page.wait_for_url("**/admin/users?q=grac*")

    text = await admin.text()
    assert "grace@example.com" in text and "hedy@example.com" not in text
    assert await admin.page.evaluate("document.activeElement.id") == "q"
    await admin.look()


async def test_the_palette_leads_to_a_page_by_keys_alone(admin: Visitor) -> None:
    page = admin.page
    await page.keyboard.press("Control+k")
    await page.get_by_role("option", name="Users").wait_for()
    await admin.look()
    await page.keyboard.type("use")
    await page.get_by_role("option").nth(0).wait_for()

    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    assert admin.path == "/admin/users"

    await page.keyboard.press("Control+k")
    await page.keyboard.press("Escape")
    assert not await page.locator("dialog").is_visible()


async def test_every_page_is_whole_on_a_phone_in_the_dark(newcomer: Any) -> None:
    """On a wide screen others look: axe in test_languages, scales in test_weight."""
    admin: Visitor = await newcomer.administrator("narrow@example.com", **PHONE)
    other: Visitor = await newcomer("side@example.com")
    await admin.sign_in("/signin?to=console")

    for path in (*CONSOLE, *CONSOLE_NEW, *CONSOLE_BESIDE):
        await admin.go(path)
    for side in SIDES:
        await admin.go(f"/admin/users/{other.user_id}{side}")
        await admin.page.emulate_media(color_scheme="light")
        await admin.look()
        await admin.page.emulate_media(color_scheme="dark")

    await admin.type(f"Type {other.email} to confirm", other.email)
    await admin.press("Delete account for good")
    assert "The account is deleted." in await admin.text()


async def test_everything_works_without_script(newcomer: Any) -> None:
    person: Visitor = await newcomer(
        f"{token_hex(4)}@example.com", roles=("admin",), java_script_enabled=False
    )
    await person.sign_in("/admin/users")
    await person.page.get_by_label("Search", exact=True).fill(person.email)
    await person.press("Apply")
    found = person.page.get_by_role("main").get_by_role("link", name=person.email)
    async with person.page.expect_navigation():
        await found.click()
    await person.page.get_by_label("Name", exact=True).fill("Ada")
    await person.press("Save")
    assert "Saved." in await person.text()

    await person.follow("Search")
    assert await person.heading() == "Search the console"


async def test_a_failed_sign_in_is_followed_on_a_phone_in_the_dark(
    newcomer: Any,
) -> None:
    ada: Visitor = await newcomer.administrator("phone@example.com", **PHONE)
    await ada.sign_in("/signin?to=console")
    assert await ada.heading() == "Overview"
    await ada.sign_out()
    await ada.go("/signin?to=console.audit")
    await ada.type_password("not the password")
    await ada.type_password(PASSWORD)

    assert await ada.heading() == "Audit trail"
    await ada.follow("Follow")
    told = await ada.text()
    assert "The password was wrong." in told and "Signed in with: password." in told
    assert told.index("The password was wrong.") < told.rindex("Signed in with")
