"""Getting in, and back in, from the mailbox: the mails' links, followed."""

from typing import Any

from app.services.server.runtime import Runtime
from tests.e2e.manners import Somebody
from tests.e2e.visitor import Visitor
from tests.factories.factor import FactorFactory
from tests.support.api import PASSWORD

_STOLEN, _NEW = "theirs now, not hers any more", "a better horse with a battery"


async def test_who_is_invited_comes_in(somebody: Somebody, newcomer: Any) -> None:
    person = await somebody("invited", account=False)
    admin: Visitor = await newcomer.administrator(f"of-{person.email}")
    await admin.sign_in("/signin?to=console.users")
    await admin.go("/admin/users/new")
    await admin.type("Email", person.email)
    await admin.press("Invite")

    await person.open_mail("Accept your invitation", "/accept-invitation")
    await person.type("Name (optional)", "Grace")
    await person.type("Password", "short")
    await person.press("Accept invitation")
    assert await person.page.get_by_role("alert").count() == 1
    await person.type("Password", PASSWORD)
    await person.press("Accept invitation")
    await person.sign_in()

    assert person.path == "/" and "Grace" in await person.text()


async def test_who_sees_a_change_of_somebody_else_takes_it_back(
    somebody: Somebody, newcomer: Any
) -> None:
    owner = await somebody("taken")
    thief: Visitor = await newcomer.beside(owner)
    await thief.sign_in("/account/password")
    await thief.type("Current password", PASSWORD)
    await thief.type("New password", _STOLEN)
    await thief.press("Change password")

    await owner.open_mail("password was changed", "/not-me")
    await owner.press("This wasn't me: secure my account")

    await thief.go("/account")
    assert thief.path.startswith("/signin")
    await thief.type_password(_STOLEN)
    assert thief.path.startswith("/signin")
    await owner.open_mail("Reset your password", "/reset-password")
    await owner.type("New password", _NEW)
    await owner.press("Set new password")
    await owner.go("/signin")
    await owner.type_password(_NEW)
    assert owner.path == "/"


async def test_who_lost_every_factor_asks_and_stops_it(
    somebody: Somebody, runtime: Runtime
) -> None:
    person = await somebody("lost")
    assert person.user_id is not None
    await FactorFactory(runtime).totp(person.user_id)
    await person.sign_in()

    await person.follow("I can't use any of these")
    await person.press("Send the email")
    assert "Check your email" in await person.heading()

    await person.open_mail("about to be removed", "/stop-recovery")
    await person.press("Stop it")
    assert "stopped" in (await person.text()).lower()
