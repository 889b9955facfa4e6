"""Mails of sign-ins where the browser shows the cookie of a session: perhaps a copy."""

from fastapi import FastAPI

from app.services.sign_in.browser_cookie import BrowserCookies
from tests.factories.factor import FactorFactory
from tests.sign_in.test_new_sign_in import AWAY, FURTHER, login_of
from tests.support.api import Api
from tests.support.browser import Visitor


def with_session_of(visitor: Visitor, address: str) -> Visitor:
    """Return a browser with a copy of the session's cookie, at another network."""
    thief = Visitor(visitor.app, address)
    name = BrowserCookies(visitor.origin).session
    thief.http.cookies.set(name, visitor.http.cookies[name])
    return thief


async def test_a_copied_session_does_not_hide_a_sign_in(api: Api, app: FastAPI) -> None:
    person = await api.person()
    visitor = Visitor(app)
    await visitor.sign_in(person.email)
    before = await api.mails("new_sign_in")

    page = await with_session_of(visitor, AWAY).submit("/signin", login_of(person))

    assert page.status_code == 303
    told = [m["data"]["place"] for m in await api.mails("new_sign_in")]
    assert (before, told) == ([], ["Network 203.0.113.0/24"])


async def test_nor_where_a_second_step_follows(api: Api, app: FastAPI) -> None:
    person = await api.person()
    visitor = Visitor(app)
    await visitor.sign_in(person.email)
    factor = await FactorFactory(api.runtime).totp(person.id)
    thief = with_session_of(visitor, AWAY)

    await thief.submit("/signin", login_of(person))
    answer = {"factor": "totp", "code": factor.code}
    page = await thief.submit("/signin/verify", answer)

    assert page.status_code == 303
    told = [m["data"]["place"] for m in await api.mails("new_sign_in")]
    assert told == ["Network 203.0.113.0/24"]


async def test_a_fresh_sign_in_at_ones_own_device_is_not_told_of(
    api: Api, app: FastAPI
) -> None:
    person = await api.person()
    visitor = Visitor(app)
    await visitor.sign_in(person.email)
    further = Visitor(app, FURTHER)
    further.http.cookies.update(dict(visitor.http.cookies))

    page = await further.submit("/signin", login_of(person))

    assert page.status_code == 303
    assert await api.mails("new_sign_in") == []
