"""An operator's day in the console: by mouse, and on a phone in the dark."""

import re
from typing import Any

from tests.e2e.conftest import Newcomers
from tests.e2e.visitor import Visitor
from tests.support.api import PASSWORD

SECRET = "dl > div:has(dt:text-is('Client secret')) code"
PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
BACK = "https://shop.example.com/callback"
PAGES = [
    "/admin",
    "/admin?by=day",
    "/admin/clients",
    "/admin/clients/new",
    "/admin/clients/new?kind=web",
    "/admin/resources",
    "/admin/resources/new",
    "/admin/hosts",
    "/admin/hosts/new",
    "/admin/issuers",
    "/admin/issuers/new",
    "/admin/issuers/new/github",
    "/admin/connections",
    "/admin/connections/new",
    "/admin/connections/new/oidc",
    "/admin/connections/new/ldap",
    "/admin/groups",
    "/admin/groups/new",
    "/admin/roles",
    "/admin/roles/admin",
    "/admin/new-role",
    "/admin/audit",
    "/admin/keys",
    "/admin/webhooks",
    "/admin/webhooks/new",
    "/admin/outbox",
    "/admin/outbox?state=delivered",
    "/admin/settings",
]


async def operator(newcomer: Newcomers, email: str, **context: Any) -> Visitor:
    """Return an administrator who is at the overview."""
    ada = await newcomer.administrator(email, **context)
    await ada.sign_in("/signin?to=console")
    assert await ada.heading() == "Overview"
    return ada


async def test_every_section_can_be_looked_at_on_a_phone(newcomer: Newcomers) -> None:
    """On a wide screen others look: axe in test_languages, scales in test_weight."""
    ada = await operator(newcomer, "look@example.com", **PHONE)
    sizes: dict[str, int] = {}

    for path in PAGES:
        asked: list[str] = []
        note = asked.append
        ada.page.on("request", lambda request, note=note: note(request.url))
        await ada.go(path)
        sizes[path] = len(set(asked))

    assert max(sizes.values()) <= 6, sizes


async def test_an_application_is_added_tried_and_deleted_by_mouse(
    newcomer: Newcomers,
) -> None:
    ada = await operator(newcomer, "mouse@example.com")

    await ada.follow("Clients")
    await ada.follow("Add an application")
    await ada.follow("Web application on a server")
    await ada.page.get_by_label("Name", exact=True).fill("Shop")
    await ada.page.get_by_label("Redirect URIs").fill(BACK)
    await ada.press("Add application")
    secret = await ada.page.locator(SECRET).inner_text()
    await ada.page.get_by_text("Code for flask").click()
    assert secret in await ada.page.locator("pre").first.inner_text()

    await ada.follow("Open the application")
    assert secret not in await ada.text()
    await ada.page.get_by_label("Redirect URI", exact=True).fill(f"{BACK}/")
    await ada.press("Test")
    assert "It does not match" in await ada.text()
    await ada.page.get_by_label("Redirect URI", exact=True).fill(BACK)
    await ada.press("Test")
    assert "It matches exactly" in await ada.text()
    client_id = re.findall(r"[?&]id=([^&#]+)", ada.path)[0]
    await ada.press("New secret")
    assert await ada.page.locator(SECRET).inner_text() != secret
    await ada.follow("Open the application")
    assert await ada.page.get_by_role("button", name="End now").count() == 2

    removal = ada.page.locator("form[action$='/one/delete']")
    await removal.get_by_label(f"Type {client_id} to confirm").fill(client_id)
    await ada.press("Delete application")
    assert "The application is deleted." in await ada.text()


async def test_a_failed_sign_in_is_followed_on_a_phone_in_the_dark(
    newcomer: Newcomers,
) -> None:
    ada = await operator(newcomer, "phone@example.com", **PHONE)
    await ada.sign_out()
    await ada.go("/signin?to=console.audit")
    await ada.type_password("not the password")
    await ada.type_password(PASSWORD)

    assert await ada.heading() == "Audit trail"
    await ada.follow("Follow")
    told = await ada.text()
    assert "The password was wrong." in told and "Signed in with: password." in told
    assert told.index("The password was wrong.") < told.rindex("Signed in with")
