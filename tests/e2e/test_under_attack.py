"""Whoever is in front of the limits of others solves a challenge, and is in."""

from typing import Any

from tests.support.api import PASSWORD


async def test_the_owner_at_a_new_browser_passes_by_work(newcomer: Any) -> None:
    person = await newcomer("attacked@example.com")
    stranger = await newcomer("stranger@example.com")
    for number in range(12):
        form = {"email": person.email, "password": f"guess number {number}"}
        await stranger.window.request.post(
            "/api/v1/auth/login", data=form, fail_on_status_code=False
        )

    await person.sign_in()
    assert "Too many attempts" in await person.text()
    proof = person.page.locator("input[data-challenge]")
    said = [await proof.get_attribute(f"data-{name}") for name in ("busy", "ready")]
    assert await person.page.locator("#challenge-status").inner_text() in said
    await person.page.get_by_label("Password", exact=True).fill(PASSWORD)
    await person.press("Sign in")

    assert person.path == "/" and person.email in await person.text()
