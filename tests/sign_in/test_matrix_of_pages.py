"""What one factor is worth at every page, where two are demanded: never a session.

The pages that sign people in are read from the sources: one that has no row here fails.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import update

from app import pages
from app.models import Role
from tests.support.api import PASSWORD, Api
from tests.support.browser import Visitor
from tests.support.page import Page, setup_link

EMAIL, NEW_PASSWORD = "ada@example.com", "another long one of hers"
Way = Callable[[Api, Visitor], Awaitable[None]]


async def by_password(api: Api, visitor: Visitor) -> None:
    """Sign in with a password."""
    await api.users.with_password(PASSWORD, email=EMAIL)
    assert (await visitor.sign_in(EMAIL)).headers["location"] == "/signin/verify"


async def by_code(api: Api, visitor: Visitor) -> None:
    """Sign in with a code by mail."""
    await api.users.with_password(PASSWORD, email=EMAIL)
    shown = Page((await visitor.submit("/signin/code", {"email": EMAIL})).text)
    values = {name: tag.get("value") or "" for name, tag in shown.inputs.items()}
    code = (await api.mailed("email_code")).code
    answer = await visitor.post("/signin/code", values | {"code": code})
    assert answer.headers["location"] == "/signin/verify"


async def by_signing_up(api: Api, visitor: Visitor) -> None:
    """Make an account, and sign in with its password at once."""
    values = {"email": EMAIL, "name": "Ada", "password": PASSWORD}
    made = await visitor.submit("/signup", values)
    assert made.headers["location"] == "/done/registered"
    assert [mail["template"] for mail in await api.mails()] == ["verify_email"]


async def by_setting_up(api: Api, visitor: Visitor) -> None:
    """Become the first administrator, with a password."""
    token = await setup_link(api.runtime)
    await demand(api)
    values = {"token": token, "email": EMAIL, "password": PASSWORD}
    made = await visitor.submit(f"/setup?token={token}", values)
    assert made.headers["location"] == "/done/setup"


async def by_program(api: Api, visitor: Visitor) -> None:
    """Make an account as a program does."""
    body = {"email": EMAIL, "password": PASSWORD}
    made = await api.post("/auth/register", body)
    assert made.status_code == 201
    assert "access_token" not in made.json() and not made.headers.get("set-cookie")


async def by_invitation(api: Api, visitor: Visitor) -> None:
    """Accept an invitation."""
    admin = await api.users.with_password(PASSWORD, roles=["admin"])
    async with api.runtime.unit_of_work() as uow:
        await uow.db.execute(update(Role).values(mfa_required=False))
    caller = await api.login(admin.email)
    headers = {"Authorization": f"Bearer {caller.json()['access_token']}"}
    await api.client.post("/api/v1/users", json={"email": EMAIL}, headers=headers)
    token = (await api.mailed("invitation")).token
    await demand(api)
    path = f"/accept-invitation?token={token}"
    await visitor.submit(path, {"token": token, "password": NEW_PASSWORD})


async def by_reset(api: Api, visitor: Visitor) -> None:
    """Choose another password with a link."""
    await api.users.with_password(PASSWORD, email=EMAIL)
    await api.post("/auth/forgot-password", {"email": EMAIL})
    token = (await api.mailed("reset_password")).token
    path = f"/reset-password?token={token}"
    await visitor.submit(path, {"token": token, "password": NEW_PASSWORD})


async def by_confirming(api: Api, visitor: Visitor) -> None:
    """Confirm an address with the link of a registration."""
    await by_program(api, visitor)
    token = (await api.mailed("verify_email")).token
    await visitor.submit(f"/verify-email?token={token}", {"token": token})


# By the module that signs people in; those that prove two factors are none of it.
ONE_FACTOR: dict[str, Way] = {
    "sign_in/signin.py": by_password,
    "sign_in/code.py": by_code,
    "sign_in/signup.py": by_signing_up,
    "account/setup.py": by_setting_up,
}
TWO_FACTORS = {"sign_in/passkey.py", "sign_in/second_step.py"}
ELSEWHERE = {"upstream/way.py"}  # tests/connections/test_sign_in.py
NONE = [by_program, by_invitation, by_reset, by_confirming]


async def demand(api: Api) -> None:
    """Have every role demand two factors."""
    async with api.runtime.unit_of_work() as uow:
        await uow.db.execute(update(Role).values(mfa_required=True))


@pytest.mark.parametrize("way", [*ONE_FACTOR.values(), *NONE])
async def test_t098_one_factor_signs_nobody_in_where_a_role_demands_two(
    api: Api, app: FastAPI, way: Way
) -> None:
    await demand(api)
    visitor = Visitor(app)

    await way(api, visitor)

    assert await visitor.who() == ""
    assert "sign_in.succeeded" not in await events_of_ada(api)


class TestWhereTheInstallationDemandsThem:
    """``AUTH_SERVE_MFA__REQUIRED``."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {"mfa": {"required": True}}

    @pytest.mark.parametrize("way", ONE_FACTOR.values())
    async def test_t098_one_factor_signs_nobody_in(
        self, api: Api, app: FastAPI, way: Way
    ) -> None:
        visitor = Visitor(app)

        await way(api, visitor)

        assert await visitor.who() == ""
        assert "sign_in.succeeded" not in await events_of_ada(api)


async def events_of_ada(api: Api) -> list[str]:
    """Return what the trail has of the account."""
    async with api.runtime.unit_of_work(read_only=True) as uow:
        user = await uow.users.by_email(EMAIL)
    assert user is not None
    return await api.trail(user.id)


def test_t098_no_page_that_signs_in_is_missing() -> None:
    folder = Path(pages.__path__[0])
    found = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        if ".joined(" in (text := path.read_text("utf-8"))
        or "go_back_signed_in(" in text
    }

    assert found - {"parts/browser.py"} == {*ONE_FACTOR} | TWO_FACTORS | ELSEWHERE
