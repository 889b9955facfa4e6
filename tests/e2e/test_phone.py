"""Pages on a phone: one sees where one is, what is wrong, and every word whole."""

from typing import Any

import pytest
import pytest_asyncio

from app.pages.console.sections import SECTIONS
from tests.e2e.manners import MANNERS
from tests.e2e.places import OF_WAYS_IN, VISITORS, add_ways_in
from tests.e2e.visitor import Visitor
from tests.support.api import PASSWORD

_PHONE = {"width": 390, "height": 800}
_PORTAL = (
    "account",
    "account/profile",
    "account/security",
    "account/activity",
    "account/data",
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database_file(database_file: str) -> str:
    """With places that people come from: what asks who they are has buttons of them."""
    await add_ways_in(database_file)
    return database_file


async def _box(found: Any) -> dict[str, float]:
    box: dict[str, float] = await found.bounding_box()
    return box


async def test_the_navigation_shows_where_one_is_and_that_there_is_more(
    newcomer: Any,
) -> None:
    person = await newcomer.administrator("where@example.com", viewport=_PHONE)
    await person.sign_in("/signin?to=console")

    places = [each.path for each in SECTIONS] + [f"/{each}" for each in _PORTAL]
    last = f"/admin/users/{person.user_id}/actions"
    for path in (*places, last):
        await person.page.goto(path)
        for here in await person.page.locator(".side, .tabs").all():
            box = await _box(here.locator("[aria-current]"))
            assert 0 <= box["x"] and box["x"] + box["width"] <= 390, path


async def test_the_steps_of_a_request_can_be_read(newcomer: Any) -> None:
    person = await newcomer.administrator("steps@example.com", viewport=_PHONE)
    await person.sign_in("/signin?to=console")
    await person.page.goto("/admin/audit")
    await person.page.get_by_role("link", name="Follow").first.click()

    step = person.page.get_by_role("list", name="Steps").locator("li").first
    row, text = await _box(step), await _box(step.locator(".grow"))
    assert text["width"] > row["width"] / 2


async def test_show_stands_in_its_field_however_long_the_mistake_is(
    newcomer: Any,
) -> None:
    person = await newcomer("show@example.com", viewport=_PHONE)
    await person.sign_in("/account/password")
    page = person.page
    for text in ("password", PASSWORD):
        await page.get_by_label("Current password").fill(PASSWORD)
        await page.get_by_label("New password").fill(text)
        async with page.expect_navigation():
            await page.locator("main button[type=submit]").click()
        if "wrong" in await page.content():
            break
    field = page.locator(".field:has(.wrong)").last
    outer, inner = await _box(field.locator("input")), await _box(
        field.locator("button")
    )

    assert outer["y"] < inner["y"]
    assert inner["y"] + inner["height"] < outer["y"] + outer["height"]


@pytest.mark.parametrize("path", ["/admin/users", "/admin/audit", "/admin/roles"])
async def test_labels_of_cells_stay_whole_in_arabic(newcomer: Any, path: str) -> None:
    person: Visitor = await newcomer.administrator(
        f"arabic-{path[-5:]}-with-quite-a-long-address@example.com",
        viewport=_PHONE,
        locale="ar",
    )
    await person.page.goto("/signin?to=console")
    await person.page.locator("[name=email]").fill(person.email)
    await person.page.locator("[name=password]").fill(PASSWORD)
    async with person.page.expect_navigation():
        await person.page.locator("main form button[type=submit]").first.click()
    await person.page.goto(path)

    broken = await person.page.evaluate("""
        [...document.querySelectorAll("table.stacks [data-label]")].filter((cell) => {
          const label = getComputedStyle(cell, "::before");
          const words = cell.dataset.label.split(" ").length;
          return parseFloat(label.height) > 1.6 * words * parseFloat(label.fontSize);
        }).map((cell) => cell.dataset.label)""")

    assert broken == []


async def test_where_people_may_come_from_fits_a_phone(newcomer: Any) -> None:
    person: Visitor = await newcomer.stranger("way@example.com", **MANNERS["phone"])

    for path in (*VISITORS, *OF_WAYS_IN):
        await person.go(path)

    await person.go("/signin")
    await person.press("Continue with Example & Sons")
    assert "Use your name and password of Example & Sons" in await person.text()
