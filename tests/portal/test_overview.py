"""``/account`` and ``/account/security``: how an account stands."""

from datetime import timedelta

import pytest

from app.services.server.runtime import Runtime
from tests.factories.factor import FactorFactory
from tests.sign_in.lost.recovery import change
from tests.support.api import Api, Person
from tests.support.browser import Visitor
from tests.support.chance import FakeClock

ALONE = "Your password alone signs in now"
CODES = "Make recovery codes"


async def test_what_protects_badly_is_said_with_what_to_do(
    api: Api, visitor: Visitor, person: Person, runtime: Runtime
) -> None:
    weak = (await visitor.get("/account")).text
    await FactorFactory(runtime).totp(person.id)
    better = (await visitor.get("/account")).text
    await FactorFactory(runtime).recovery_codes(person.id, 2)
    few = (await visitor.get("/account")).text
    await FactorFactory(runtime).recovery_codes(person.id, 3)
    good = (await visitor.get("/account")).text

    assert ALONE in weak and CODES not in weak and "One thing to look at." in weak
    assert CODES in better and ALONE not in better
    assert CODES in few and "Only 2 are left." in few
    assert "All good" in good and ALONE not in good and CODES not in good


async def test_an_address_that_nobody_confirmed_is_one_of_them(
    api: Api, visitor: Visitor
) -> None:
    person = await api.person(email_verified=False)
    await visitor.sign_in(person.email)

    page = (await visitor.get("/account")).text

    assert "Confirm your email address" in page
    assert 'href="/resend-verification"' in page


async def test_security_says_what_there_is_without_asking_who_it_is_again(
    visitor: Visitor, person: Person, runtime: Runtime
) -> None:
    before = (await visitor.get("/account/security")).text
    factors = FactorFactory(runtime)
    await factors.totp(person.id)
    await factors.recovery_codes(person.id, 10)
    after = (await visitor.get("/account/security")).text

    assert "You have one." not in before and ">Off</span>" in before
    assert "10 left." in after and ">On</span>" in after


async def test_who_has_no_password_is_told_so_and_how_to_get_one(
    visitor: Visitor, person: Person, runtime: Runtime
) -> None:
    async with runtime.unit_of_work() as uow:
        user = await uow.users.by_id(person.id)
        assert user is not None
        user.password_hash, user.password_changed_at = None, runtime.clock.now()

    security = (await visitor.get("/account/security")).text
    password = await visitor.get("/account/password")

    assert "You have none." in security and "Last changed" not in security
    assert 'name="current_password"' not in password.text
    assert 'href="/forgot-password"' in password.text


async def test_password_managers_are_led_to_the_page_for_another_password(
    visitor: Visitor, person: Person
) -> None:
    """W3C well-known change-password URL."""
    led = await visitor.get("/.well-known/change-password")

    path = led.headers["location"].removeprefix(visitor.origin)
    assert 'autocomplete="new-password"' in (await visitor.get(path)).text


@pytest.mark.parametrize("name", ["Ada <script>", "", "أحمد"])
async def test_people_are_greeted_by_what_they_call_themselves(
    api: Api, visitor: Visitor, name: str
) -> None:
    person = await api.person(name=name)
    await visitor.sign_in(person.email)

    page = (await visitor.get("/account")).text

    assert "<script>" not in page
    assert (name or "Your account").replace("<script>", "&lt;script&gt;") in page


async def test_nothing_is_offered_that_a_confirmed_address_comes_before(
    api: Api, visitor: Visitor, clock: FakeClock
) -> None:
    until = clock.now() + timedelta(days=1)
    person = await api.person(email_verified=False)
    await visitor.sign_in(person.email)
    open_ = (await visitor.get("/account/security")).text
    await change(api, person, unverified_until=until)

    closed = (await visitor.get("/account/security")).text

    for way in ("/account/passkeys", "/account/factors"):
        assert f'href="{way}"' in open_ and f'href="{way}"' not in closed
    confirm = '<a href="/resend-verification" class="button"'
    assert confirm in closed
    assert closed.index(confirm) < closed.index("Ways to sign in")
