"""The second step as people take it, without script too."""

import time
from typing import Any

from app.services.server.runtime import Runtime
from tests.e2e.visitor import Visitor
from tests.factories.factor import FactorFactory


async def _with_app(newcomer: Any, email: str, **context: Any) -> tuple[Visitor, Any]:
    """Return somebody who set an authenticator app up, and the app."""
    person: Visitor = await newcomer(email, **context)
    return person, await person.set_app_up()


def _next(app: Any) -> str:
    """Return the code after the one that is used up; one step of drift is allowed."""
    return str(app.at(int(time.time()) + app.interval))


async def test_an_app_is_set_up_and_asked_for_without_script(newcomer: Any) -> None:
    person, app = await _with_app(
        newcomer, "app@example.com", java_script_enabled=False
    )
    await person.sign_out()
    await person.sign_in()
    assert person.path.startswith("/signin/verify")

    await person.give_code("000000")
    assert await person.page.get_by_role("alert").count() == 1
    await person.give_code(_next(app))

    assert person.path == "/" and person.email in await person.text()


async def test_a_recovery_code_stands_in_once(newcomer: Any) -> None:
    person, _ = await _with_app(newcomer, "codes@example.com")
    await person.go("/account/factors")
    await person.press("Make recovery codes")
    codes = await person.page.locator("ol.codes code").all_inner_texts()
    assert len(set(codes)) == 10

    outcomes = []
    for _ in range(2):
        await person.sign_out()
        await person.sign_in()
        await person.follow("recovery code")
        await person.give_code(codes[0].lower().replace("-", ""))
        outcomes.append(person.path == "/")
        if not outcomes[-1]:
            await person.give_code(codes[1])

    assert outcomes == [True, False]
    assert person.path == "/"


async def test_without_script_no_passkey_is_asked_for_where_there_is_an_app(
    newcomer: Any, runtime: Runtime
) -> None:
    person = await newcomer("scriptless@example.com", java_script_enabled=False)
    factors = FactorFactory(runtime)
    await factors.passkey(person.user_id)
    phone = await factors.totp(person.user_id)
    await person.go("/signin")
    passkey = person.page.get_by_role("button", name="Sign in with a passkey")
    assert await passkey.count() == 0  # one that would do nothing
    assert "Turn on JavaScript to use a passkey." in await person.text()

    await person.type_password()
    await person.page.get_by_label("Code", exact=True).wait_for()
    await person.give_code(phone.code)

    assert person.path == "/"
