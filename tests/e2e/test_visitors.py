"""Every journey of visitors: by mouse, by keyboard, on a phone, in the dark, bare."""

import re
from typing import Any
from urllib.parse import urlencode

from app.services.clients.demo import DEMO_CLIENT
from app.services.server.runtime import Runtime
from tests.e2e.manners import Somebody
from tests.e2e.visitor import Visitor
from tests.factories.factor import FactorFactory
from tests.support.api import PASSWORD

_NEW = "a better horse with a battery"


async def test_signing_up_with_a_confirmation(somebody: Somebody) -> None:
    person = await somebody("signup", account=False)
    await person.go("/signin")
    await person.follow("Create account")
    await person.type("Email", person.email)
    await person.type("Password", "short")
    await person.press("Create account")
    assert await person.page.get_by_role("alert").count() == 1
    await person.type("Password", PASSWORD)
    await person.press("Create account")
    assert await person.heading() == "Check your email"
    await person.open_mail("Confirm your email address", "/verify-email")
    await person.press("Confirm email address")

    await person.sign_in()

    assert person.path == "/" and person.email in await person.text()


async def test_signing_in_and_out(somebody: Somebody) -> None:
    person = await somebody("signin")
    await person.go("/signin")
    await person.type_password("not the password")
    assert await person.page.get_by_role("alert").count() == 1
    await person.type_password()
    assert person.path == "/"

    await person.follow("Sign out")
    await person.press("Sign out")

    assert person.email not in await person.text()
    await person.go("/account")
    assert person.path.startswith("/signin")


async def test_signing_in_with_a_mailed_code(somebody: Somebody, newcomer: Any) -> None:
    person = await somebody("code")
    reader: Visitor = await newcomer.beside(person)
    await person.go("/signin")
    await person.follow("Sign in with a code by email")
    await person.type("Email", person.email)
    await person.press("Send code")
    said = await reader.read_mail("code")
    code = re.findall(r"\b\d{4} ?\d{4}\b", said)[0]
    await person.type("Code from the email", code)

    await person.press("Sign in")

    assert person.path == "/" and person.email in await person.text()


async def test_a_second_step(somebody: Somebody, runtime: Runtime) -> None:
    person = await somebody("second")
    assert person.user_id is not None
    phone = await FactorFactory(runtime).totp(person.user_id)
    await person.sign_in()
    assert person.path.startswith("/signin/verify")
    await person.give_code("000000")
    assert await person.page.get_by_role("alert").count() == 1

    await person.give_code(phone.code)

    assert person.path == "/"


async def test_a_forgotten_password(somebody: Somebody) -> None:
    person = await somebody("forgot")
    await person.go("/signin")
    await person.follow("Forgot password?")
    await person.type("Email", person.email)
    await person.press("Send reset link")
    assert await person.heading() == "Check your email"
    await person.open_mail("Reset your password", "/reset-password")
    await person.type("New password", _NEW)
    await person.press("Set new password")

    await person.go("/signin")
    await person.type_password(_NEW)

    assert person.path == "/"


async def test_another_password(somebody: Somebody) -> None:
    person = await somebody("change")
    await person.sign_in("/account/password")
    await person.type("Current password", PASSWORD)
    await person.type("New password", _NEW)

    await person.press("Change password")

    assert await person.page.get_by_role("status").count() >= 1
    await person.sign_out()
    await person.go("/signin")
    await person.type_password(_NEW)
    assert person.path == "/"


async def test_an_application_is_denied_and_then_allowed(somebody: Somebody) -> None:
    person = await somebody("consent")
    await person.go("/demo")
    await person.press("Sign in")
    await person.type_password()
    await person.press("Deny")
    assert "access_denied" in await person.text()
    await person.press("Sign in")

    await person.press("Allow")

    assert person.path == "/demo" and "ID token" in await person.text()
    await person.press("Sign out")
    await person.go("/account")
    assert person.path.startswith("/signin")


async def test_one_of_two_accounts_is_chosen(somebody: Somebody, newcomer: Any) -> None:
    person = await somebody("choice")
    await person.go("/demo")
    await person.press("Sign in")  # which registers the application
    first, other = person.email, await somebody("other")
    await person.sign_in()
    person.email = other.email
    await person.sign_in()
    query = {
        "response_type": "code",
        "client_id": DEMO_CLIENT,
        "redirect_uri": f"{person.home}/demo/callback",
        "scope": "openid",
        "prompt": "select_account",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }

    await person.go(f"/oauth2/authorize?{urlencode(query)}")
    assert await person.heading() == "Choose an account"
    await person.press(first)

    assert "Demo application" in await person.heading()
    assert first in await person.text()


async def test_what_is_wrong_leads_on(somebody: Somebody) -> None:
    person = await somebody("error")
    await person.go("/nothing/here")
    assert await person.page.locator("main a").count() >= 1
    await person.go("/reset-password?token=as_ot_AAAA")
    await person.follow("Get a new link")

    assert person.path.startswith("/forgot-password")
