"""The console, by mouse and by keyboard alone."""

from secrets import token_hex
from typing import Any

import pytest

from tests.e2e.visitor import Visitor


@pytest.fixture
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
