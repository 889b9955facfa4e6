"""A session that proves more than before has a new secret (OWASP ASVS 7.2.4)."""

import json
from collections.abc import Awaitable, Callable

import pytest
from fastapi import FastAPI

from app.factors.otpauth import read_uri
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_cookie import BrowserCookies
from tests.factories.authenticator import Authenticator
from tests.factories.factor import FactorFactory
from tests.pages.test_factors_page import uri_on
from tests.pages.test_passkey import form_of
from tests.sign_in.test_second_step import amr_of
from tests.support.api import Api
from tests.support.browser import Visitor
from tests.support.chance import FakeClock
from tests.support.tables import contents

Add = Callable[[Visitor, FakeClock], Awaitable[None]]


def copy_of(visitor: Visitor, app: FastAPI) -> Visitor:
    """Return the browser of somebody who has a copy of all cookies."""
    other = Visitor(app)
    other.http.cookies.update(dict(visitor.http.cookies))
    return other


async def add_app(visitor: Visitor, clock: FakeClock) -> None:
    path = "/account/factors"
    begun = await visitor.submit(path, {"action": "begin"})
    key = read_uri(uri_on(begun.text))
    code = key.code_at(key.step_at(clock.now()))
    added = await visitor.submit(path, {"action": "confirm", "code": code})
    assert added.headers["location"] == f"{path}?done=added"


async def add_passkey(visitor: Visitor, clock: FakeClock) -> None:
    path = "/account/passkeys"
    options = json.loads(form_of(await visitor.get(path), "create")["data-options"])
    response = Authenticator(visitor.origin).create(options)
    csrf = {"csrf": (await visitor.hidden(path))["csrf"]}
    added = await visitor.post(path, csrf | {"response": json.dumps(response)})
    assert added.headers["location"] == f"{path}?done=added"


@pytest.mark.parametrize("add", [add_app, add_passkey])
async def test_t112_a_copied_cookie_is_not_raised_with_the_session(
    api: Api, app: FastAPI, visitor: Visitor, clock: FakeClock, add: Add
) -> None:
    person = await api.person()
    await visitor.sign_in(person.email)
    thief = copy_of(visitor, app)
    before = await thief.who()

    await add(visitor, clock)

    assert (before, await thief.who()) == (person.email, "")
    assert await visitor.who() == person.email
    assert (await visitor.get("/account/factors")).status_code == 200
    assert "mfa" in await amr_of(api, person)


async def test_t112_a_program_that_adds_a_factor_stays_what_it_was(
    api: Api, clock: FakeClock
) -> None:
    person = await api.person()
    uri = (await api.post("/users/me/totp", None, person)).json()["uri"]
    key = read_uri(uri)
    code = {"code": key.code_at(key.step_at(clock.now()))}

    added = await api.post("/users/me/totp/confirm", code, person)
    codes = await api.post("/users/me/recovery-codes", None, person)

    assert added.status_code == 204
    assert (codes.status_code, codes.json()["acr_values"]) == (403, "aal2")
    assert await amr_of(api, person) == ["pwd"]


@pytest.mark.parametrize("path", ["/account/factors", "/account/passkeys"])
async def test_opening_pages_again_and_again_stores_one_second_step_for_a_sign_in(
    api: Api, runtime: Runtime, visitor: Visitor, clock: FakeClock, path: str
) -> None:
    person = await api.person()
    await visitor.sign_in(person.email)
    phone = await FactorFactory(runtime).totp(person.id)
    first = await visitor.get(path)
    stored = await contents(runtime)

    again = [await visitor.get(path) for _ in range(5)]
    visitor.http.cookies.delete(BrowserCookies(visitor.origin).step)
    forgotten = await visitor.get(path)

    led = {each.headers["location"] for each in (first, forgotten, *again)}
    assert len(led) == 1 and led.pop().startswith("/signin/verify")
    assert await contents(runtime) == stored
    verify = first.headers["location"]
    wrong = [await visitor.submit(verify, {"code": "1"}) for _ in range(5)]
    exhausted = await visitor.get(path)
    assert wrong[0].status_code == 400
    assert exhausted.headers["location"].startswith("/signin?")
    clock.advance(seconds=1)
    await visitor.sign_in(person.email)
    assert (await visitor.submit(verify, {"code": phone.code})).status_code == 303
    assert (await visitor.get(path)).status_code == 200
