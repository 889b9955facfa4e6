"""The first administrator: with a passkey or a password, and signed in at once."""

import json
from typing import Any

import pytest
from sqlalchemy import update

from app.models import Role
from app.services.server.runtime import Runtime
from tests.factories.authenticator import DEVICE, USER_VERIFIED, Authenticator
from tests.support.api import Api
from tests.support.browser import Visitor
from tests.support.page import PASSWORD, Page, setup_link

EMAIL = "root@example.com"


@pytest.fixture
async def link(runtime: Runtime) -> str:
    """Where the printed link leads."""
    return f"/setup?token={await setup_link(runtime)}"


async def _asked(visitor: Visitor, link: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what the page asks an authenticator for, and its form."""
    page = Page((await visitor.get(link)).text)
    (form,) = [each for each in page.all("form") if each.get("data-kind")]
    hidden = {name: page.inputs[name]["value"] or "" for name in ("token", "csrf")}
    options: dict[str, Any] = json.loads(form["data-options"] or "")
    return options, hidden | {"email": EMAIL}


async def _made(api: Api) -> list[Any]:
    async with api.runtime.unit_of_work(read_only=True) as uow:
        user = await uow.users.by_email(EMAIL)
        return (
            []
            if user is None
            else list(await uow.passkeys.list_for_user(user.id, None, 9))
        )


async def test_a_passkey_makes_the_administrator_and_signs_them_in(
    api: Api, visitor: Visitor, link: str
) -> None:
    options, form = await _asked(visitor, link)
    key = Authenticator(visitor.origin)
    form["response"] = json.dumps(key.create(options, flags=DEVICE))

    done = await visitor.post("/setup", form)

    assert done.status_code == 303, done.text
    assert await visitor.who() == EMAIL
    [kept] = await _made(api)
    assert kept.is_user_verified
    fresh = await visitor.get("/account/passkeys")  # strong enough, and just now
    assert fresh.status_code == 200
    again = Visitor(visitor.app)
    answer = json.dumps(key.get((await api.post("/auth/passkey/options")).json()))
    hidden = await again.hidden("/signin")
    entered = await again.post("/signin/passkey", hidden | {"response": answer})
    assert entered.status_code == 303 and await again.who() == EMAIL


async def test_a_passkey_that_asks_for_nobody_makes_no_administrator(
    api: Api, visitor: Visitor, link: str
) -> None:
    """It could never sign in alone: the administrator would be locked out."""
    options, form = await _asked(visitor, link)
    assert options["authenticatorSelection"]["userVerification"] == "required"
    key = Authenticator(visitor.origin)
    response = key.create(options, flags=DEVICE & ~USER_VERIFIED)

    refused = await visitor.post("/setup", form | {"response": json.dumps(response)})

    assert refused.status_code == 400
    assert await _made(api) == [] and await visitor.who() == ""
    await _asked(visitor, link)  # which works on


async def test_the_options_of_one_link_are_of_no_use_with_another(
    api: Api, visitor: Visitor, link: str
) -> None:
    options, form = await _asked(visitor, link)
    response = json.dumps(Authenticator(visitor.origin).create(options))
    async with api.runtime.unit_of_work() as uow:
        now = uow.clock.now()
        await uow.one_time_tokens.revoke_purpose("setup", now)
    other = await setup_link(api.runtime)

    refused = await visitor.post(
        "/setup", form | {"response": response, "token": other}
    )

    assert refused.status_code == 400 and await _made(api) == []


async def test_a_form_of_another_browser_signs_nobody_in(
    api: Api, visitor: Visitor, link: str
) -> None:
    options, form = await _asked(visitor, link)
    response = json.dumps(Authenticator(visitor.origin).create(options))
    other = Visitor(visitor.app)
    await other.get(link)

    refused = await other.post("/setup", form | {"response": response})

    assert refused.status_code == 403
    assert await _made(api) == [] and await other.who() == ""


async def test_a_password_makes_the_administrator_and_signs_them_in(
    visitor: Visitor, link: str
) -> None:
    done = await visitor.submit(link, {"email": EMAIL, "password": PASSWORD})

    assert done.status_code == 303
    assert await visitor.who() == EMAIL


async def test_a_password_form_of_another_browser_makes_one_who_signs_in_later(
    visitor: Visitor, link: str
) -> None:
    token = link.partition("token=")[2]

    done = await visitor.post(
        "/setup", {"token": token, "email": EMAIL, "password": PASSWORD}
    )

    assert done.headers["location"] == "/done/setup"
    assert await visitor.who() == ""


async def test_where_administrators_need_two_factors_a_password_signs_nobody_in(
    visitor: Visitor, link: str, runtime: Runtime
) -> None:
    async with runtime.unit_of_work() as uow:
        await uow.db.execute(update(Role).values(mfa_required=True))

    done = await visitor.submit(link, {"email": EMAIL, "password": PASSWORD})

    assert done.headers["location"] == "/done/setup"
    assert await visitor.who() == ""


@pytest.mark.parametrize("response", ["", "{", "null", "7", "[]", "{}"])
async def test_junk_makes_no_administrator(
    api: Api, visitor: Visitor, link: str, response: str
) -> None:
    _, form = await _asked(visitor, link)

    refused = await visitor.post("/setup", form | {"response": response})

    assert refused.status_code == 400
    assert 'role="alert"' in refused.text and await _made(api) == []
