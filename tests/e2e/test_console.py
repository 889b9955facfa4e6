"""The console, by mouse and by keyboard alone."""

from secrets import token_hex
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.visitor import Visitor


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


async def test_many_are_changed_at_once_by_keys_alone(
    admin: Visitor, newcomer: Any
) -> None:
    for name in ("ken", "kim"):
        await newcomer(f"{name}@batch.example")
    await admin.go("/admin/users?q=batch.example")
    page = admin.page

    for name in ("ken", "kim"):
        box = page.get_by_role("checkbox", name=f"Choose {name}@batch.example")
        await box.focus()
        await page.keyboard.press("Space")
        assert await box.is_checked()
    await page.get_by_role("button", name="Continue").focus()
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await admin.look()
    await page.get_by_label("Type the number of accounts, 2, to confirm").focus()
    await page.keyboard.type("2")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")

    await admin.look()
    assert "Done for 2 accounts." in await admin.text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_side_of_an_account_is_whole_on_a_phone(
    admin: Visitor, newcomer: Any, scheme: Any
) -> None:
    other: Visitor = await newcomer(f"{token_hex(4)}@example.com")
    page = admin.page
    await page.set_viewport_size({"width": 390, "height": 800})
    await page.emulate_media(color_scheme=scheme)
    sides = "", "claims", "sessions", "factors", "applications", "roles", "activity"

    for path in ("", *(f"/{other.user_id}/{side}".rstrip("/") for side in sides)):
        await admin.go(f"/admin/users{path}")
    await admin.go(f"/admin/users/{other.user_id}/actions")
    await page.get_by_label(f"Type {other.email} to confirm").fill(other.email)
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
