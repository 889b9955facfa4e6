"""Signing in again where one is signed in: the session stays, its cookie does not."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select, update

from app.core.context import RequestContext, begin
from app.models import Session, User
from app.repositories.user import UserRepository
from app.services.accounts.errors import InvalidCredentials
from app.services.accounts.password import PasswordService
from app.services.server.runtime import Runtime
from app.services.sessions.end import end_all_sessions
from app.services.sign_in.browser_session import (
    Browser,
    BrowserAccount,
    BrowserSessionService,
)
from tests.support.api import PASSWORD, Api
from tests.support.authorization import rows
from tests.support.browser import cookies_of, seen, signed_in
from tests.support.chance import FakeClock

During = Callable[[Runtime, BrowserAccount], Awaitable[None]]


def used(browser: Browser) -> BrowserAccount:
    """Return the account in use."""
    assert browser.current is not None
    return browser.current


async def row_of(runtime: Runtime, browser: Browser) -> Session:
    """Return the session in use, from a connection of its own."""
    async with runtime.database.session(read_only=True) as db:
        return await db.get_one(Session, used(browser).session_id)


async def changed(runtime: Runtime, *statements: Any) -> None:
    """Change the database from outside."""
    async with runtime.unit_of_work() as uow:
        for statement in statements:
            await uow.db.execute(statement)


# --- The session ---


async def test_t112_a_fresh_sign_in_keeps_the_session_and_kills_the_cookie(
    api: Api, runtime: Runtime, clock: FakeClock
) -> None:
    ada = await api.users.with_password(PASSWORD)
    eve = await api.users.with_password(PASSWORD)
    before = await signed_in(runtime, ada.email, eve.email, ada.email)
    clock.advance(minutes=5)

    after = await signed_in(runtime, ada.email, browser=before)

    assert used(after).session_id == used(before).session_id
    assert used(after).counter == used(before).counter + 1 == 2
    assert used(after).authenticated_at == clock.now()
    assert await seen(after, runtime) == after
    assert [each.email for each in after.accounts] == [ada.email, eve.email]
    stale = await seen(before, runtime)
    assert stale.current is None  # and nobody becomes somebody else
    assert [each.email for each in stale.accounts] == [eve.email]
    assert len(await rows(runtime, Session)) == 2
    assert await api.trail(ada.id) == ["sign_in.succeeded"] * 3


async def test_a_fresh_sign_in_proves_as_much_as_a_new_session(
    api: Api, runtime: Runtime, clock: FakeClock
) -> None:
    user = await api.users.with_password(PASSWORD)
    before = await signed_in(runtime, user.email)
    began = await row_of(runtime, before)
    for _ in range(8):
        clock.advance(days=10)
        assert (await seen(before, runtime)).current is not None

    begin(RequestContext(ip="192.0.2.77", user_agent="Another/1"))
    after = await signed_in(runtime, user.email, browser=before)

    row, settings = await row_of(runtime, after), runtime.settings.session
    assert row.created_at == began.created_at
    assert row.authenticated_at == row.refreshed_at == clock.now()
    assert row.expires_at == clock.now() + timedelta(seconds=settings.idle_ttl)
    absolute = clock.now() + timedelta(seconds=settings.absolute_ttl)
    assert row.absolute_expires_at == absolute
    assert (row.ip, row.network) == ("192.0.2.77", "192.0.2.77")
    assert row.user_agent == "Another/1"
    async with runtime.database.session(read_only=True) as db:
        known = await db.get_one(User, user.id)
    assert (known.last_sign_in_at, known.version) == (clock.now(), user.version)


async def test_another_persons_session_is_not_touched(
    api: Api, runtime: Runtime
) -> None:
    ada = await api.users.with_password(PASSWORD)
    eve = await api.users.with_password(PASSWORD)
    before = await signed_in(runtime, ada.email)

    after = await signed_in(runtime, eve.email, browser=before)

    assert used(after).session_id != used(before).session_id
    assert after.accounts[1:] == before.accounts
    assert (await seen(before, runtime)).current == used(before)


async def test_a_wrong_password_keeps_the_cookie(api: Api, runtime: Runtime) -> None:
    user = await api.users.with_password(PASSWORD)
    before = await signed_in(runtime, user.email)

    with pytest.raises(InvalidCredentials):
        await BrowserSessionService(runtime).sign_in(before, user.email, "wrong")

    assert await seen(before, runtime) == before


async def test_fresh_sign_ins_cost_no_attempts(api: Api, runtime: Runtime) -> None:
    user = await api.users.with_password(PASSWORD)

    browser = await signed_in(runtime, *[user.email] * 12)  # the limit is ten

    assert used(browser).counter == 11


# --- At the same moment ---


async def test_fresh_sign_ins_at_once_agree_on_one_cookie(
    api: Api, runtime: Runtime
) -> None:
    user = await api.users.with_password(PASSWORD)
    before = await signed_in(runtime, user.email)

    after = await asyncio.gather(
        *(signed_in(runtime, user.email, browser=before) for _ in range(4))
    )

    assert len({cookies_of(each, runtime)[0] for each in after}) == 1
    assert (await seen(after[0], runtime)).current is not None
    assert (await seen(before, runtime)).current is None
    assert len(await rows(runtime, Session)) == 1
    assert await api.trail(user.id) == ["sign_in.succeeded"] * 5


async def test_a_cookie_of_long_ago_begins_a_session_and_ends_none(
    api: Api, runtime: Runtime
) -> None:
    user = await api.users.with_password(PASSWORD)
    before = await signed_in(runtime, user.email)
    latest = await signed_in(runtime, user.email, user.email, browser=before)

    late = await signed_in(runtime, user.email, browser=before)  # was under way

    assert used(late).session_id != used(latest).session_id
    assert (await seen(late, runtime)).current is not None
    assert (await seen(latest, runtime)).current == used(latest)


async def _password_changed(runtime: Runtime, account: BrowserAccount) -> None:
    other = await PasswordService(runtime).accept("staple battery horse", context=())
    change = update(User).where(User.id == account.user_id)
    await changed(runtime, change.values(password_hash=other.hash))


async def _disabled(runtime: Runtime, account: BrowserAccount) -> None:
    change = update(User).where(User.id == account.user_id)
    await changed(runtime, change.values(status="disabled"))


async def _deleted(runtime: Runtime, account: BrowserAccount) -> None:
    await changed(runtime, delete(User).where(User.id == account.user_id))


async def _revoked(runtime: Runtime, account: BrowserAccount) -> None:
    change = update(Session).where(Session.id == account.session_id)
    await changed(runtime, change.values(revoked_at=runtime.clock.now()))


async def _expired(runtime: Runtime, account: BrowserAccount) -> None:
    change = update(Session).where(Session.id == account.session_id)
    await changed(runtime, change.values(expires_at=runtime.clock.now()))


def while_hashing(
    monkeypatch: pytest.MonkeyPatch,
    runtime: Runtime,
    during: During,
    account: BrowserAccount,
) -> None:
    """Have something happen after the password was found to be right."""
    real = PasswordService.verify_stranger

    async def verify(self: PasswordService, *typed: Any) -> Any:
        found = await real(self, *typed)
        await during(runtime, account)
        return found

    monkeypatch.setattr(PasswordService, "verify_stranger", verify)


@pytest.mark.parametrize("during", [_password_changed, _disabled, _deleted])
async def test_t116_an_account_that_changed_meanwhile_is_not_signed_in(
    api: Api, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, during: During
) -> None:
    user = await api.users.with_password(PASSWORD)
    before = await signed_in(runtime, user.email)
    while_hashing(monkeypatch, runtime, during, used(before))

    with pytest.raises(InvalidCredentials, match="changed_meanwhile"):
        await BrowserSessionService(runtime).sign_in(before, user.email, PASSWORD)

    counters = [row.counter for row in await rows(runtime, Session)]
    assert counters == ([] if during is _deleted else [0])


@pytest.mark.parametrize("during", [_revoked, _expired])
async def test_t116_t118_a_session_that_ended_meanwhile_is_not_revived(
    api: Api, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, during: During
) -> None:
    user = await api.users.with_password(PASSWORD)
    before = await signed_in(runtime, user.email)
    while_hashing(monkeypatch, runtime, during, used(before))

    after = await signed_in(runtime, user.email, browser=before)

    assert used(after).session_id != used(before).session_id
    assert await seen(after, runtime) == after
    assert (await seen(before, runtime)).current is None
    assert (await row_of(runtime, before)).counter == 0


async def test_t116_whoever_ends_everything_at_once_leaves_no_session(
    api: Api, runtime: Runtime
) -> None:
    """The account's row makes a new password and a sign-in come one after the other."""
    user = await api.users.with_password(PASSWORD)
    before = await signed_in(runtime, user.email)

    async def change_password() -> None:
        async with runtime.unit_of_work() as uow:
            account = await uow.users.by_id(user.id, lock=True)
            assert account is not None
            account.password_hash = "another"
            await end_all_sessions(uow, user.id, "test")

    async def sign_in() -> None:
        try:
            await signed_in(runtime, user.email, browser=before)
        except InvalidCredentials:
            pass

    await asyncio.gather(sign_in(), sign_in(), change_password(), sign_in())

    assert [row for row in await rows(runtime, Session) if not row.revoked_at] == []


async def test_t116_a_sign_in_waits_for_a_new_password_that_is_being_stored(
    api: Api, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await api.users.with_password(PASSWORD)
    before = await signed_in(runtime, user.email)
    order, real = [], UserRepository.by_id
    verified, begun, looking = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def by_id(self: UserRepository, user_id: UUID, *, lock: bool = False) -> Any:
        looking.set()
        found = await real(self, user_id, lock=lock)
        order.append("seen")
        return found

    async def is_next(_runtime: Runtime, _account: BrowserAccount) -> None:
        verified.set()
        await begun.wait()

    while_hashing(monkeypatch, runtime, is_next, used(before))
    sign_in = asyncio.create_task(signed_in(runtime, user.email, browser=before))
    await verified.wait()
    async with runtime.unit_of_work() as uow:
        account = await uow.users.by_id(user.id, lock=True)
        assert account is not None
        monkeypatch.setattr(UserRepository, "by_id", by_id)
        begun.set()
        await looking.wait()
        account.password_hash = "another"
        await uow.db.flush()
        await end_all_sessions(uow, user.id, "test")
        for _ in range(100):  # time enough for who does not wait
            await uow.db.execute(select(1))
        order.append("stored")

    with pytest.raises(InvalidCredentials, match="changed_meanwhile"):
        await sign_in
    assert order == ["stored", "seen"]


# --- Applications ---
