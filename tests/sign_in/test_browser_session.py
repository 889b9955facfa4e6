"""Browsers: which cookies are sessions, whose, for how long, and how they end."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.models import Session
from app.repositories.statements.browser_session import BrowserSessionStatements
from app.services.accounts.errors import InvalidCredentials
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import Browser, BrowserSessionService
from tests.support.api import Api
from tests.support.browser import cookies_of, emails, people, seen, signed_in
from tests.support.chance import FakeClock

PASSWORD = "correct horse battery staple"


async def row_of(runtime: Runtime, browser: Browser) -> Session:
    """Return the session in use, from a connection of its own."""
    assert browser.current is not None
    async with runtime.database.session(read_only=True) as db:
        return await db.get_one(Session, browser.current.session_id)


async def test_a_signed_in_browser_is_recognised_by_its_cookies(
    api: Api, runtime: Runtime, clock: FakeClock
) -> None:
    user = await api.users.with_password(PASSWORD, name="Ada")

    browser = await signed_in(runtime, user.email)
    known = await seen(browser, runtime)

    assert known == browser
    assert known.current is not None
    assert known.current.user_id == user.id
    assert (known.current.email, known.current.name) == (user.email, "Ada")
    assert known.current.amr == ("pwd",)
    assert known.current.authenticated_at == clock.now()
    assert await api.trail(user.id) == ["sign_in.succeeded"]


async def test_the_latest_sign_in_is_in_use_and_others_stay(
    api: Api, runtime: Runtime
) -> None:
    ada, eve, bob = await people(api, 3)

    browser = await signed_in(runtime, ada, eve, bob)
    known = await seen(browser, runtime)
    first = known.accounts[-1]
    chosen = known.choosing(first.session_id)

    assert emails(known) == [bob, eve, ada]
    assert known.current == known.accounts[0]
    assert chosen is not None and emails(chosen) == [ada, bob, eve]
    assert (await seen(chosen, runtime)).current == first
    assert known.choosing(runtime.randomness.uuid7()) is None


async def test_the_sixth_account_ends_the_one_that_nobody_could_reach(
    api: Api, runtime: Runtime
) -> None:
    many = await people(api, 6)
    five = await signed_in(runtime, *many[:5])

    six = await signed_in(runtime, many[5], browser=five)

    assert emails(await seen(six, runtime)) == [many[5], *reversed(many[1:5])]
    assert emails(await seen(five, runtime)) == list(reversed(many[1:5]))
    [field] = cookies_of(six, runtime)
    assert len(field) < 4_096
    assert len(await api.trail(five.accounts[-1].user_id)) == 2


async def test_signing_out_ends_the_account_in_use_only(
    api: Api, runtime: Runtime
) -> None:
    [ada, eve] = await people(api, 2)
    before = await signed_in(runtime, ada, eve)
    service = BrowserSessionService(runtime)

    after = await service.sign_out(before)
    again = await service.sign_out(before)  # a second tab

    assert before.current is not None
    assert after == again
    assert emails(await seen(after, runtime)) == [ada]
    assert (await row_of(runtime, before)).revoked_reason == "logout"
    trail = await api.trail(before.current.user_id)
    assert trail == ["sign_in.succeeded", "session.revoked"]
    assert await service.sign_out(Browser()) == Browser()


async def test_a_wrong_password_changes_nothing_at_the_browser(
    api: Api, runtime: Runtime
) -> None:
    [ada] = await people(api, 1)
    browser = await signed_in(runtime, ada)

    with pytest.raises(InvalidCredentials):
        await BrowserSessionService(runtime).sign_in(browser, ada, "wrong")

    assert await seen(browser, runtime) == browser


async def test_nobody_becomes_somebody_else_because_a_session_ended(
    api: Api, runtime: Runtime
) -> None:
    [ada, eve] = await people(api, 2)
    browser = await signed_in(runtime, ada, eve)
    async with runtime.unit_of_work() as uow:
        user = await uow.users.by_email(eve)
        assert user is not None
        await uow.sessions.revoke_all(user.id, at=uow.clock.now(), reason="test")

    known = await seen(browser, runtime)

    assert known.current is None
    assert emails(known) == [ada]


async def _revoked(runtime: Runtime, browser: Browser) -> None:
    await BrowserSessionService(runtime).sign_out(browser)


async def _disabled(runtime: Runtime, browser: Browser) -> None:
    assert browser.current is not None
    async with runtime.unit_of_work() as uow:
        user = await uow.users.by_id(browser.current.user_id)
        assert user is not None
        user.status = "disabled"


async def _deleted(runtime: Runtime, browser: Browser) -> None:
    assert browser.current is not None
    async with runtime.unit_of_work() as uow:
        user = await uow.users.by_id(browser.current.user_id)
        assert user is not None
        await uow.users.delete(user)


@pytest.mark.parametrize("end", [_revoked, _disabled, _deleted])
async def test_t116_t121_an_ended_session_is_none_with_the_next_request(
    api: Api, runtime: Runtime, end: Callable[[Runtime, Browser], Any]
) -> None:
    browser = await signed_in(runtime, *await people(api, 1))
    assert (await seen(browser, runtime)).current is not None

    await end(runtime, browser)

    known = await seen(browser, runtime)
    assert known.accounts == () and known.current is None
    assert known.value == browser.value


async def test_t121_a_session_ends_unused_and_at_its_absolute_end(
    api: Api, runtime: Runtime, clock: FakeClock
) -> None:
    browser = await signed_in(runtime, *await people(api, 1))

    clock.advance(days=13, hours=23)  # seen in time, it goes on for another 14 days
    assert (await seen(browser, runtime)).current is not None
    for _ in range(5):
        clock.advance(days=13)
        assert (await seen(browser, runtime)).current is not None
    row = await row_of(runtime, browser)
    assert row.expires_at == row.absolute_expires_at
    clock.advance(days=12)  # 90 days after the sign-in

    assert (await seen(browser, runtime)).accounts == ()


async def test_t121_an_unused_session_ends(
    api: Api, runtime: Runtime, clock: FakeClock
) -> None:
    browser = await signed_in(runtime, *await people(api, 1))

    clock.advance(days=14)

    assert (await seen(browser, runtime)).accounts == ()


async def test_being_seen_is_written_down_once_an_hour_and_for_who_is_in_use(
    api: Api, runtime: Runtime, clock: FakeClock
) -> None:
    [ada, eve] = await people(api, 2)
    browser = await signed_in(runtime, ada, eve)
    start = clock.now()
    for _ in range(12):
        clock.advance(minutes=10)
        await seen(browser, runtime)

    row = await row_of(runtime, browser)
    other = browser.choosing(browser.accounts[1].session_id)
    assert other is not None
    assert (row.refreshed_at - start).total_seconds() == 2 * 3_600
    assert (await row_of(runtime, other)).refreshed_at == start


async def test_of_two_requests_at_once_one_writes(
    api: Api, runtime: Runtime, clock: FakeClock
) -> None:
    browser = await signed_in(runtime, *await people(api, 1))
    statements = BrowserSessionStatements(runtime.database)
    before = clock.now()
    clock.advance(hours=2)

    async def prolong() -> bool:
        assert browser.current is not None
        now = clock.now()
        return await statements.prolong(
            browser.current.session_id,
            now=now,
            before=before,
            idle_end=now + timedelta(days=1),
        )

    wrote = await asyncio.gather(*(prolong() for _ in range(6)))

    assert sorted(wrote) == [False] * 5 + [True]


@pytest.mark.parametrize("end", [_revoked, _disabled, _deleted])
async def test_t118_a_session_that_ended_meanwhile_is_not_prolonged(
    api: Api, runtime: Runtime, clock: FakeClock, end: Callable[[Runtime, Browser], Any]
) -> None:
    browser = await signed_in(runtime, *await people(api, 1))
    assert browser.current is not None
    await end(runtime, browser)  # after the read of a request under way

    now = clock.now()
    wrote = await BrowserSessionStatements(runtime.database).prolong(
        browser.current.session_id, now=now, before=now, idle_end=now
    )

    assert not wrote


async def test_t118_a_request_under_way_does_not_revive_a_session(
    api: Api, runtime: Runtime, clock: FakeClock
) -> None:
    browser = await signed_in(runtime, *await people(api, 1))
    clock.advance(hours=2)
    service = BrowserSessionService(runtime)

    await asyncio.gather(
        *(seen(browser, runtime) for _ in range(4)),
        service.sign_out(browser),
        *(seen(browser, runtime) for _ in range(4)),
    )

    assert (await seen(browser, runtime)).accounts == ()
    row = await row_of(runtime, browser)
    assert row.revoked_at == clock.now()
    clock.advance(hours=2)
    await seen(browser, runtime)
    assert (await row_of(runtime, browser)).refreshed_at == row.refreshed_at


async def test_the_account_in_use_is_read_with_one_statement(
    api: Api, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await signed_in(runtime, *await people(api, 3))
    asked: list[object] = []
    real = type(runtime.database).fetch_all

    async def fetch_all(self: Any, statement: Any, parameters: Any) -> Any:
        asked.append(statement)
        return await real(self, statement, parameters)

    monkeypatch.setattr(type(runtime.database), "fetch_all", fetch_all)
    known = await seen(browser, runtime)

    assert len(known.accounts) == 3
    assert len(asked) == 1


class TestOfShortSessions:
    """An operator who ends idle sessions soon must not end used ones."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {"session": {"idle_ttl": 600}}

    async def test_a_session_in_use_is_not_idle(
        self, api: Api, runtime: Runtime, clock: FakeClock
    ) -> None:
        browser = await signed_in(runtime, *await people(api, 1))

        for _ in range(10):
            clock.advance(minutes=5)
            assert (await seen(browser, runtime)).current is not None
        clock.advance(minutes=10)

        assert (await seen(browser, runtime)).current is None


async def test_a_session_that_ended_while_it_began_is_refused(
    api: Api, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    [ada] = await people(api, 1)
    from app.services.sign_in.password import SignInService

    real = SignInService.browser_with_password

    async def begin(self: SignInService, *typed: Any, **chosen: Any) -> Any:
        begun = await real(self, *typed, **chosen)
        async with runtime.unit_of_work() as uow:
            at = uow.clock.now()
            await uow.db.execute(update(Session).values(revoked_at=at))
        return begun

    monkeypatch.setattr(SignInService, "browser_with_password", begin)

    with pytest.raises(InvalidCredentials):
        await signed_in(runtime, ada)
