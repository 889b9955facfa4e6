"""Getting an account back from the mailbox: the mails' links, clicked."""

from typing import Any

from tests.e2e.visitor import Visitor
from tests.support.api import PASSWORD

_STOLEN, _NEW = "theirs now, not hers any more", "a better horse with a battery"


async def _choose_password(person: Visitor, password: str, button: str) -> None:
    await person.page.get_by_label("New password", exact=True).fill(password)
    await person.press(button)


async def test_who_sees_a_change_of_somebody_else_takes_it_back(newcomer: Any) -> None:
    thief: Visitor = await newcomer("taken@example.com")
    owner: Visitor = await newcomer.beside(thief)
    await thief.sign_in("/account/password")
    await thief.page.get_by_label("Current password", exact=True).fill(PASSWORD)
    await _choose_password(thief, _STOLEN, "Change password")

    await owner.open_mail("password was changed", "/not-me")
    await owner.press("This wasn't me: secure my account")

    await thief.go("/account")
    assert thief.path.startswith("/signin")
    await thief.type_password(_STOLEN)
    assert thief.path.startswith("/signin")
    await owner.open_mail("Reset your password", "/reset-password")
    await _choose_password(owner, _NEW, "Set new password")
    await owner.go("/signin")
    await owner.type_password(_NEW)
    assert owner.path == "/"


async def test_who_lost_every_factor_asks_and_stops_it(newcomer: Any) -> None:
    person: Visitor = await newcomer("lost@example.com")
    await person.set_app_up()
    await person.sign_out()
    await person.sign_in()

    await person.follow("I can't use any of these")
    await person.press("Send the email")
    assert "Check your email" in await person.heading()

    await person.open_mail("about to be removed", "/stop-recovery")
    await person.press("Stop it")
    assert "stopped" in (await person.text()).lower()
