"""The page of a code by mail: at the browser that asked, and one factor only."""

import pytest
from fastapi import FastAPI
from httpx2 import Response

from tests.factories.oauth import ApplicationFactory
from tests.support.api import PASSWORD, Api
from tests.support.browser import Visitor, flow_at
from tests.support.page import Page

EMAIL, PATH = "ann@example.com", "/signin/code"


@pytest.fixture
def visitor(app: FastAPI) -> Visitor:
    return Visitor(app)


async def ask(visitor: Visitor, email: str = EMAIL, flow: str = "") -> Response:
    """Ask for a code; return the page that it is typed on."""
    return await visitor.submit(
        f"{PATH}?flow={flow}" if flow else PATH, {"email": email}
    )


async def send(visitor: Visitor, shown: Response, code: str) -> Response:
    """Type a code where it was asked for."""
    values = {
        name: tag.get("value") or "" for name, tag in Page(shown.text).inputs.items()
    }
    return await visitor.post(PATH, values | {"code": code})


async def test_who_reads_the_code_is_signed_in_at_that_browser(
    api: Api, visitor: Visitor
) -> None:
    await api.users.with_password(PASSWORD, email=EMAIL)

    shown = await ask(visitor)
    code = (await api.mailed("email_code")).code
    wrong = await send(visitor, shown, f"{(int(code) + 1) % 10**8:08d}")
    inside = await send(visitor, wrong, f"{code[:4]} {code[4:]}")

    page = Page(shown.text)
    assert shown.status_code == 200 and page.inputs["email"]["value"] == EMAIL
    assert page.inputs["code"]["autocomplete"] == "one-time-code"
    assert wrong.status_code == 400 and "does not work" in wrong.text
    assert (inside.status_code, inside.headers["location"]) == (303, "/")
    assert await visitor.who() == EMAIL


async def test_the_code_is_good_at_no_other_browser_and_no_program(
    api: Api, app: FastAPI, visitor: Visitor
) -> None:
    await api.users.with_password(PASSWORD, email=EMAIL)
    shown = await ask(visitor)
    code = (await api.mailed("email_code")).code
    other = Visitor(app)
    hidden = await other.hidden(PATH)

    typed = await other.post(PATH, hidden | {"email": EMAIL, "code": code})
    answer = await api.post("/auth/email-code/verify", {"email": EMAIL, "code": code})
    inside = await send(visitor, shown, code)

    assert (typed.status_code, answer.status_code) == (400, 400)
    assert inside.status_code == 303


async def test_what_an_application_waits_for_goes_on(
    api: Api, visitor: Visitor, applications: ApplicationFactory
) -> None:
    await api.users.with_password(PASSWORD, email=EMAIL)
    flow = await flow_at(visitor, await applications())
    signin = await visitor.get(f"/signin?flow={flow}")

    shown = await ask(visitor, flow=flow)
    inside = await send(visitor, shown, (await api.mailed("email_code")).code)

    assert f'href="{PATH}?flow={flow}"' in signin.text
    assert inside.headers["location"] == f"/oauth2/resume?flow={flow}"


@pytest.mark.parametrize("known", [True, False])
async def test_nobody_learns_who_has_an_account(
    api: Api, visitor: Visitor, known: bool
) -> None:
    if known:
        await api.users.with_password(PASSWORD, email=EMAIL)

    shown = await ask(visitor)
    wrong = await send(visitor, shown, "00000000")

    assert (shown.status_code, wrong.status_code) == (200, 400)
    assert "If there is an account" in shown.text


async def test_a_code_never_lifts_an_account_that_has_a_second_factor(
    api: Api, visitor: Visitor
) -> None:
    admin = await api.admin()
    await api.post("/roles", {"name": "careful", "permissions": []}, admin)
    await api.users.with_password(PASSWORD, email=EMAIL, roles=["careful"])
    async with api.runtime.unit_of_work() as uow:
        role = await uow.roles.by_name("careful")
        assert role is not None
        role.mfa_required = True

    shown = await ask(visitor)
    next_step = await send(visitor, shown, (await api.mailed("email_code")).code)

    assert next_step.headers["location"] == "/signin/verify"
    assert await visitor.who() == ""


async def test_a_form_of_another_browser_sends_and_signs_in_nobody(
    api: Api, app: FastAPI, visitor: Visitor
) -> None:
    await api.users.with_password(PASSWORD, email=EMAIL)
    foreign = await Visitor(app).hidden(PATH)
    await visitor.get(PATH)

    answer = await visitor.post(PATH, foreign | {"email": EMAIL})

    assert answer.status_code == 403
    assert await api.mails() == []


class TestOff:
    """Where the operator wants no codes."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {"email_code": {"enabled": False}}

    async def test_there_is_no_link_and_no_form(self, visitor: Visitor) -> None:
        signin, page = await visitor.get("/signin"), await visitor.get(PATH)

        assert PATH not in signin.text
        assert Page(page.text).all("form") == [] and "switched off" in page.text
