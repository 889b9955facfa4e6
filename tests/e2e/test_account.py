"""An account from its first day to its last, at the pages alone."""

import json
from pathlib import Path
from typing import Any

from tests.e2e.visitor import Visitor
from tests.support.api import PASSWORD


async def test_an_account_is_made_kept_and_ended(newcomer: Any) -> None:
    person: Visitor = await newcomer.stranger("ann@example.com")
    page = person.page
    await person.go("/signup")
    await page.get_by_label("Email", exact=True).fill(person.email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await person.press("Create account")
    await person.open_mail("Confirm your email address", "/verify-email")
    await person.press("Confirm email address")
    await person.sign_in("/account/profile")

    await page.get_by_label("Name (optional)", exact=True).fill("Ann Example")
    await person.press("Save")
    assert (
        await page.get_by_label("Name (optional)", exact=True).input_value()
        == "Ann Example"
    )

    before, person.email = person.email, "anna@example.com"
    await person.go("/account/email")
    await page.get_by_label("New email address").fill(person.email)
    await person.press("Send email")
    await person.open_mail("Confirm your new email address", "/confirm-email")
    await person.press("Confirm new email address")
    await person.go("/account")
    assert person.email in await person.text() and before not in await person.text()

    await person.go("/account/data")
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Download a copy").click()
    copy = json.loads(Path(await (await download.value).path()).read_text())
    assert copy["user"]["email"] == person.email

    await person.go("/account/delete")
    await page.get_by_label("Type your email address").fill(person.email)
    await person.press("Delete account for good")
    await person.sign_in()
    assert person.path.startswith("/signin")
