"""Everything that operators do in the console: by mouse, by keyboard, on a phone."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from app.policies.permission import ADMIN_ROLE
from app.services.server.runtime import Runtime
from tests.e2e.manners import HANDS, Somebody
from tests.e2e.places import add_attribute, add_ways_in, link
from tests.e2e.visitor import Visitor
from tests.factories.factor import FactorFactory
from tests.factories.user import UserFactory
from tests.support.api import PASSWORD
from tests.support.job import store_messages

BACK = "https://shop.example.com/callback"
SECRET = "dl > div:has(dt:text-is('Client secret')) code"
# The page waits for it a little: it may have come already.
_TESTED = re.compile("A test email is on its way|The test email to .* is in the dev")
ABOUT = "About this account"
MEMBER = "Address or ID"
_by_hand = pytest.mark.parametrize("somebody", HANDS, indirect=True)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database_file(database_file: str) -> str:
    """With places that people come from, and with something to ask of people."""
    await add_ways_in(database_file)
    await add_attribute(database_file)
    return database_file


async def _operator(somebody: Somebody, name: str) -> Visitor:
    ada = await somebody(name, roles=(ADMIN_ROLE,))
    await ada.sign_in("/signin?to=console")
    assert await ada.heading() == "Overview"
    return ada


@_by_hand
async def test_accounts_are_found_changed_and_ended(
    somebody: Somebody, newcomer: Any, runtime: Runtime
) -> None:
    ada = await _operator(somebody, "accounts")
    eve = await newcomer(f"eve-{ada.email}")
    await eve.go("/demo")
    await eve.press("Sign in")
    await eve.type_password()
    await eve.press("Allow")

    other = await UserFactory(runtime)(email=eve.email.replace("@", "-too@"))

    await _find(ada, eve.email, other.email)
    await _change(ada, eve)
    await eve.sign_in()
    form = {"email": eve.email, "password": PASSWORD}
    await eve.window.request.post("/api/v1/auth/login", data=form)
    await FactorFactory(runtime).totp(eve.user_id)
    async with runtime.unit_of_work() as uow:
        await link(uow, eve.user_id)
    await _take_away(ada)
    await _act(ada, eve)
    await _invite(ada)


@_by_hand
async def test_applications_groups_and_roles_are_kept(somebody: Somebody) -> None:
    ada = await _operator(somebody, "things")

    await _application(ada)
    await _group(ada)
    await _role(ada)


@_by_hand
async def test_the_service_is_watched(somebody: Somebody, runtime: Runtime) -> None:
    ada = await _operator(somebody, "watch")
    later = runtime.clock.now() + timedelta(hours=1)
    await store_messages(runtime, 2, available_at=later)

    await _overview(ada)
    await _trail(ada)
    await _keys_and_messages(ada)
    await _mails_and_settings(ada)
    await _palette(ada)


async def _find(ada: Visitor, email: str, other: str) -> None:
    await ada.follow("Users")
    await ada.type("Search", email.partition("@")[0])
    await ada.press("Apply")
    for choice in ("Disable", "Enable", "Sign out everywhere"):
        for each in (email, other):
            await ada.tick(f"Choose {each}")
        await ada.choose("Change many at once", choice)
        await ada.press("Continue")
        await ada.type("Type the number of accounts, 2, to confirm", "2")
        await ada.press(choice)
        assert "Done for 2 accounts." in await ada.text()
        await ada.follow("Back to the list")
    await ada.follow(email)


async def _change(ada: Visitor, eve: Visitor) -> None:
    await ada.type("Name", "Eve")
    await ada.press("Save", beside="Language")
    assert "Saved." in await ada.text()
    await ada.type("Team", "Analysts")
    await ada.press("Save", beside="Team")
    assert "Saved." in await ada.text()
    eve.email = f"new-{eve.email}"
    await ada.type("Email", eve.email)
    await ada.tick("The address is known to be theirs")
    await ada.press("Change email")
    assert await ada.heading() == eve.email
    await ada.follow("Claims", ABOUT)
    await ada.type("Website", "https://eve.example")
    await ada.press("Save")
    assert "Saved." in await ada.text()
    await ada.follow("Roles", ABOUT)
    await ada.choose("Role", ADMIN_ROLE)
    await ada.press("Add")
    await ada.press(f"Remove {ADMIN_ROLE}")
    assert "Saved." in await ada.text()


async def _take_away(ada: Visitor) -> None:
    await ada.follow("Sessions", ABOUT)
    ends = ada.page.get_by_role("button", name=re.compile("^Sign out .* at "))
    assert await ends.count() == 2
    await ada.use_first(ends)
    assert await ends.count() == 1
    await ada.press("Sign out everywhere")
    assert "Signed in nowhere" in await ada.text()
    await ada.follow("Sign-in methods", ABOUT)
    await ada.press("Remove Authenticator app")
    assert "A password alone" in await ada.text()
    await ada.follow("Connected services", ABOUT)
    await ada.tick("Even if it is the only way to sign in")
    await ada.press("Disconnect Google")
    assert "Google" not in await ada.text()
    await ada.follow("Applications", ABOUT)
    await ada.press("Remove access of Demo application")
    assert "No applications yet" in await ada.text()
    await ada.follow("Activity", ABOUT)
    assert "Signed in with" in await ada.text()


async def _act(ada: Visitor, eve: Visitor) -> None:
    await ada.follow("Actions", ABOUT)
    await ada.press("Disable account")
    await ada.press("Enable account")
    await ada.press("Send reset email")
    assert "An email to reset the password is on its way." in await ada.text()
    await ada.type(f"Type {eve.email} to confirm", eve.email)
    await ada.press("Delete account for good")
    assert "The account is deleted." in await ada.text()


async def _invite(ada: Visitor) -> None:
    await ada.follow("Invite somebody")
    await ada.type("Email", f"invited-{ada.email}")
    await ada.press("Invite")
    await ada.follow("Actions", ABOUT)
    await ada.press("Send another invitation")
    assert "An invitation is on its way." in await ada.text()


async def _application(ada: Visitor) -> None:
    await ada.window.grant_permissions(["clipboard-read", "clipboard-write"])
    await ada.follow("Clients")
    await ada.follow("Add an application")
    await ada.follow("Web application on a server")
    await ada.type("Name", "Shop")
    await ada.type("Redirect URIs", BACK)
    await ada.press("Add application")
    secret = await ada.page.locator(SECRET).inner_text()
    await ada.click("Copy: Client secret")
    await ada.page.get_by_text("Copied").first.wait_for()
    assert await ada.page.evaluate("navigator.clipboard.readText()") == secret
    await ada.unfold("Code for flask")
    assert secret in await ada.page.locator("pre").first.inner_text()
    await ada.follow("Open the application")
    assert secret not in await ada.text()
    for uri, said in ((f"{BACK}/", "It does not match"), (BACK, "It matches exactly")):
        await ada.type("Redirect URI", uri)
        await ada.press("Test")
        assert said in await ada.text()
    [client_id] = re.findall(r"[?&]id=([^&#]+)", ada.path)
    await ada.press("New secret")
    assert await ada.page.locator(SECRET).inner_text() != secret
    await ada.follow("Open the application")
    ends = ada.page.get_by_role("button", name="End now")
    assert await ends.count() == 2
    await ada.use_first(ends)
    assert "The secret is ended." in await ada.text()
    await ada.type("Name", "Corner shop")
    await ada.press("Save")
    assert await ada.heading() == "Corner shop"
    await ada.type(f"Type {client_id} to confirm", client_id, beside="Nobody can")
    await ada.press("Disable")
    await ada.press("Enable")
    await ada.type(f"Type {client_id} to confirm", client_id, beside="Delete app")
    await ada.press("Delete application")
    assert "The application is deleted." in await ada.text()


async def _group(ada: Visitor) -> None:
    await ada.follow("Groups")
    await ada.follow("Add group")
    name = "Staff/" + ada.email.partition("@")[0].rpartition("-")[2]
    await ada.type("Name", name)
    await ada.press("Add group")
    await ada.type("Description", "Who works here")
    await ada.press("Save")
    await ada.type(MEMBER, ada.email)
    await ada.press("Add")
    await ada.press(f"Remove {ada.email}")
    assert "Nobody" in await ada.text()
    await ada.type(f"Type {name} to confirm", name)
    await ada.press("Delete group")
    assert "No groups yet" in await ada.text()


async def _role(ada: Visitor) -> None:
    await ada.follow("Roles")
    await ada.follow("Add role")
    name = "desk-" + ada.email.partition("@")[0].rpartition("-")[2]
    await ada.type("Name", name)
    await ada.tick("See accounts, their roles")
    await ada.press("Add role")
    assert await ada.heading() == name
    assert await ada.page.get_by_label("See accounts, their roles").is_checked()
    await ada.type("Description", "Looks people up")
    await ada.press("Save")
    await ada.type(f"Type {name} to confirm", name)
    await ada.press("Delete role")
    assert name not in await ada.text()


async def _overview(ada: Visitor) -> None:
    await ada.follow("30 days")
    await ada.follow("Get started")
    await ada.press("Dismiss: Back up")
    await ada.press("Show again: Back up")
    await ada.press("Send a test email")
    assert _TESTED.search(await ada.text())


async def _trail(ada: Visitor) -> None:
    await ada.follow("Audit trail")
    await ada.type("Event", "sign_in.succeeded")
    await ada.press("Apply")
    await ada.follow("sign_in.succeeded")
    assert await ada.heading() == "sign_in.succeeded"
    await ada.follow("Follow the request")
    assert await ada.heading() == "Follow a request"
    assert "This request" in await ada.text()


async def _keys_and_messages(ada: Visitor) -> None:
    await ada.follow("Keys")
    await ada.choose("Algorithm", "All", beside="Rotate keys")
    await ada.press("Rotate keys")
    assert await ada.page.get_by_role("status").count() >= 1
    host = urlsplit(ada.page.url).hostname or ""
    await ada.choose("Algorithm", "All", beside="Withdraw keys")
    await ada.type(f"Type {host} to confirm", host)
    await ada.press("Withdraw keys")
    assert "withdrawn" in await ada.text()
    await ada.follow("Outbox")
    await ada.follow("Waiting")
    await ada.use_first(ada.page.get_by_role("button", name=re.compile("^Give up ")))
    assert "The message is given up." in await ada.text()
    await ada.use_first(ada.page.get_by_role("button", name=re.compile("^Try again")))
    assert "The message is tried again now." in await ada.text()
    await ada.follow("Delivered")


async def _mails_and_settings(ada: Visitor) -> None:
    await ada.follow("Mails")
    await ada.choose("Language", "Deutsch")
    await ada.press("Apply")
    await ada.press("Send a test email")
    assert _TESTED.search(await ada.text())
    await ada.use_first(ada.page.get_by_role("main").locator("th a"))
    await ada.follow("Show as HTML")
    await ada.go("/admin/settings")
    await ada.type("Search", "registration")
    await ada.tick("Only what is set")
    await ada.press("Apply")
    assert "AUTH_SERVE_REGISTRATION" in await ada.text()


async def _palette(ada: Visitor) -> None:
    await ada.open("Search")
    option = ada.page.get_by_role("option", name="Rotate keys")
    await ada.page.keyboard.type("rotate")
    await option.wait_for()
    async with ada.page.expect_navigation():
        await ada.page.keyboard.press("Enter")
    assert ada.path == "/admin/keys"
