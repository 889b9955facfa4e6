"""Lost factors at a browser: asked for, stopped, and removed, with a click each."""

from datetime import timedelta

import pytest

from app.services.server.runtime import Runtime
from tests.factories.factor import FactorFactory
from tests.sign_in.lost.recovery import (
    ANNOUNCED,
    DELAY,
    LINK,
    arrived,
    change,
    token_in,
)
from tests.support.api import PASSWORD, Api, Person
from tests.support.browser import Visitor
from tests.support.chance import FakeClock
from tests.support.page import Page

LOST = "/signin/lost"
VERIFY = "/signin/verify"


@pytest.fixture
async def person(api: Api, runtime: Runtime) -> Person:
    """Somebody with an authenticator app."""
    person = await api.person()
    await FactorFactory(runtime).totp(person.id)
    return person


async def asked(visitor: Visitor, person: Person) -> str:
    """Say that every factor is lost; return what the page then says."""
    await visitor.sign_in(person.email)
    answer = await visitor.submit(LOST)
    assert answer.status_code == 200
    return answer.text


async def test_the_second_step_leads_to_the_way_back(
    api: Api, person: Person, visitor: Visitor
) -> None:
    await visitor.sign_in(person.email)

    step = await visitor.get(VERIFY)
    page = await visitor.get(LOST)
    nothing_yet = await arrived(api)
    answer = await visitor.submit(LOST)

    assert f'href="{LOST}"' in step.text
    assert page.status_code == 200 and nothing_yet == []
    assert "leaves on" in answer.text
    assert await arrived(api) == [ANNOUNCED]


async def test_the_page_says_how_long_it_takes(
    person: Person, visitor: Visitor
) -> None:
    await visitor.sign_in(person.email)

    page = await visitor.get(LOST)

    assert "In 3 days we email you a link. Opening it and entering" in page.text


async def test_who_came_by_a_mailed_code_is_led_to_the_password(
    api: Api, person: Person, visitor: Visitor
) -> None:
    await visitor.submit("/signin/code", {"email": person.email})
    typed = {"email": person.email, "code": (await api.mailed("email_code")).code}
    await visitor.submit("/signin/code", typed)

    page = await visitor.get(LOST)

    assert page.status_code == 403
    assert "Start over and sign in with your password" in page.text
    assert 'href="/signin"' in page.text and "<button" not in page.text


async def test_who_is_frozen_gets_no_button_either(
    api: Api, person: Person, visitor: Visitor, clock: FakeClock
) -> None:
    await change(api, person, factors_frozen_until=clock.now() + timedelta(hours=1))
    await visitor.sign_in(person.email)

    page = await visitor.get(LOST)

    assert page.status_code == 403 and "<button" not in page.text
    assert "cannot be changed for now" in page.text


async def test_without_a_first_factor_it_leads_to_that(visitor: Visitor) -> None:
    page = await visitor.get(LOST)

    assert (page.status_code, page.headers["location"]) == (303, "/signin")


async def test_a_form_of_another_site_begins_nothing(
    api: Api, person: Person, visitor: Visitor
) -> None:
    await visitor.sign_in(person.email)

    answer = await visitor.post(LOST, {"csrf": "forged"})

    assert answer.status_code == 403
    assert await arrived(api) == []


async def test_opening_the_link_stops_nothing_and_the_button_does(
    api: Api, person: Person, visitor: Visitor, clock: FakeClock
) -> None:
    await asked(visitor, person)
    path = f"/stop-recovery?token={await token_in(api, ANNOUNCED)}"

    opened = [await visitor.get(path) for _ in range(2)]
    before = await api.trail(person.id)
    stopped = await visitor.submit(path)
    said = await visitor.get(stopped.headers["location"])
    again = await visitor.get(path)
    clock.advance(hours=DELAY)

    assert [each.status_code for each in opened] == [200, 200]
    assert "factor.recovery_stopped" not in before
    assert "The request was stopped" in said.text
    assert "This request is over" in again.text
    for each in (said, again):
        assert '<a href="/forgot-password">Reset your password</a>' in each.text
    assert await arrived(api) == [ANNOUNCED]


async def test_link_and_password_remove_them(
    api: Api, person: Person, visitor: Visitor, clock: FakeClock
) -> None:
    await asked(visitor, person)
    clock.advance(hours=DELAY)
    path = f"/recover-factors?token={await token_in(api, LINK)}"

    opened = Page((await visitor.get(path)).text)
    wrong = await visitor.submit(path, {"password": "not the password"})
    removed = await visitor.submit(path, {"password": PASSWORD})
    said = await visitor.get(removed.headers["location"])
    entered = await visitor.sign_in(person.email)

    assert opened.inputs["password"]["autocomplete"] == "current-password"
    assert wrong.status_code == 403 and "not right" in wrong.text
    assert "Your second factors were removed" in said.text
    assert entered.headers["location"] == "/"


@pytest.mark.parametrize("path", ["/stop-recovery", "/recover-factors"])
async def test_without_a_link_a_page_says_where_it_comes_from(
    visitor: Visitor, path: str
) -> None:
    bare = await visitor.get(path)
    forged = await visitor.get(f"{path}?token=nothing")

    assert "link from the email" in bare.text and "<form" not in bare.text
    assert "This link does not work" in forged.text
    assert ("Reset your password" in forged.text) == (path == "/stop-recovery")


class TestOff:
    """Where administrators alone take factors away."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        """No recovery."""
        return {"mfa": {"recovery_delay": 0}}

    async def test_it_is_not_offered(self, person: Person, visitor: Visitor) -> None:
        await visitor.sign_in(person.email)

        page = await visitor.get(VERIFY)

        assert LOST not in page.text
        assert "Lost it? Ask an administrator." in page.text
