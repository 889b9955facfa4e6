"""Who is signed in at a browser: up to five accounts, one of them in use (ADR-0011).

Nothing here knows of a framework: whoever answers the browser hands in the ``Cookie``
fields of the request and sends the ``Set-Cookie`` fields that it is given.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.context import current
from app.core.language import meet
from app.repositories.statements.browser_session import (
    MAX_ACCOUNTS,
    BrowserSessionStatements,
)
from app.services.accounts.errors import InvalidCredentials
from app.services.process.process import Process
from app.services.sessions.session import SessionNotFound, SessionService
from app.services.sign_in.browser_cookie import BrowserCookies
from app.services.sign_in.password import SignInService
from app.services.sign_in.remembered_device import RememberedDeviceService
from app.services.sign_in.second_step import FactorAnswer, SecondStepService
from app.services.sign_in.start import HeldSession, StartedSession

_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")
_NOTE_EVERY = timedelta(hours=1)  # a session in use is written down at most this often


@dataclass(frozen=True, slots=True)
class BrowserAccount:
    """An account that is signed in at a browser; its session is live.

    Attributes:
        counter: Which of the sign-ins into its session it was; the cookie has it.
    """

    session_id: UUID
    counter: int
    user_id: UUID
    email: str
    name: str | None
    authenticated_at: datetime
    amr: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser as its cookies and the database have it at this moment.

    Attributes:
        value: What flows and form tokens are bound to; empty when it has none yet.
        accounts: Live ones, the one in use first.
        current: The one in use. None also when its session is over while others live:
            nobody becomes somebody else because time passed.
        step: The sign-in that waits there for a second factor, or nothing.
        link: Who came there from elsewhere and is to prove an account, or nothing.
        expiring: What its owner is to be told of a password elsewhere, unchecked.
        remembered: Where its owners had it remembered for the second step, unchecked.
        is_stale: Whether its cookies are of the second secret key; pages renew them.
            Never while none is in use: the renewed ones would put another in its place.
    """

    value: str = ""
    accounts: tuple[BrowserAccount, ...] = ()
    current: BrowserAccount | None = None
    step: str = ""
    link: str = ""
    expiring: str = ""
    remembered: tuple[UUID, ...] = ()
    is_stale: bool = False

    def using(self, account: BrowserAccount) -> "Browser":
        """Return the browser with an account in use, in place of what it was before.

        The account may be one of its own or a new one; the sixth one falls out.
        """
        others = [each for each in self.accounts if each.user_id != account.user_id]
        accounts = (account, *others[: MAX_ACCOUNTS - 1])
        return replace(self, accounts=accounts, current=account)

    def choosing(self, session_id: UUID) -> "Browser | None":
        """Return the browser with one of its accounts in use; None if it is not one."""
        for account in self.accounts:
            if account.session_id == session_id:
                return self.using(account)
        return None

    def without(self, account: BrowserAccount) -> "Browser":
        """Return the browser without an account; the first of the rest is in use."""
        accounts = tuple(each for each in self.accounts if each != account)
        front = accounts[0] if accounts else None
        return replace(self, accounts=accounts, current=front)


class BrowserSessionService:
    """Browsers recognised, and people signed in and out at them."""

    def __init__(self, process: Process) -> None:
        """Work outside of a request's transaction."""
        self._process = process
        self._cookies = BrowserCookies(process.settings.public_url)
        self._statements = BrowserSessionStatements(process.database)
        self._remembered = RememberedDeviceService(process)

    def value_of(self, cookie_fields: Sequence[str]) -> str:
        """Return what a browser is recognised by; empty when it has no value yet."""
        value = self._cookies.read(cookie_fields, self._cookies.browser)
        return value if _VALUE.fullmatch(value) else ""

    async def read(self, cookie_fields: Sequence[str]) -> Browser:
        """Return the browser of a request; being seen keeps the account in use alive.

        Args:
            cookie_fields: The ``Cookie`` fields as they came.
        """
        browser = Browser(
            self.value_of(cookie_fields),
            step=self._cookies.read(cookie_fields, self._cookies.step),
            link=self._cookies.read(cookie_fields, self._cookies.link),
            expiring=self._cookies.read(cookie_fields, self._cookies.expiring),
            remembered=self._remembered.read(cookie_fields),
        )
        text = self._cookies.read(cookie_fields, self._cookies.session)
        counters = self._counters(text)
        if not counters:
            return browser
        ids, now = list(counters), self._process.clock.now()
        rows = {
            row.session_id: row
            for row in await self._statements.accounts(ids, now)
            if row.counter == counters[row.session_id]  # else: a value of before
        }
        if ids[0] in rows:
            meet(rows[ids[0]].locale)
            await self._prolong(rows[ids[0]], now)
        found = {each: _account(row) for each, row in rows.items()}
        accounts = tuple(found[each] for each in ids if each in found)
        is_rotating = self._process.secret_key.is_rotating and ids[0] in found
        is_stale = is_rotating and text != self._text(counters)
        return replace(
            browser, accounts=accounts, current=found.get(ids[0]), is_stale=is_stale
        )

    def _counters(self, text: str) -> dict[UUID, int]:
        """Return the sessions of a cookie; one forged or odd part spoils all of it."""
        secrets = text.split(".") if text else []
        if len(secrets) > MAX_ACCOUNTS:
            return {}
        read = [self._process.secret_key.read_browser_session(each) for each in secrets]
        known = dict(each for each in read if each is not None)
        return known if len(known) == len(read) else {}

    async def _prolong(self, row: Any, now: datetime) -> None:
        idle = timedelta(seconds=self._process.settings.session.idle_ttl)
        before = now - min(_NOTE_EVERY, idle / 10)
        if row.refreshed_at <= before:
            await self._statements.prolong(
                row.session_id, now=now, before=before, idle_end=now + idle
            )

    def with_value(self, browser: Browser) -> Browser:
        """Return the browser with a value, a fresh one if it has none."""
        if browser.value:
            return browser
        return replace(browser, value=self._process.randomness.token())

    def form_token(self, browser: Browser) -> str:
        """Return what forms on this browser's pages carry, for the account in use."""
        return self._process.secret_key.form_token(*_bound(browser))

    def is_form_token(self, token: str, browser: Browser) -> bool:
        """Tell whether a form was made for this browser and its account in use."""
        is_ours = self._process.secret_key.is_form_token(token, *_bound(browser))
        return bool(browser.value) and is_ours

    def value_cookie(self, browser: Browser) -> str:
        """Return the ``Set-Cookie`` field that keeps the browser's value."""
        return self._cookies.write(self._cookies.browser, browser.value)

    def session_cookie(self, browser: Browser) -> str:
        """Return the ``Set-Cookie`` field that keeps its accounts, or forgets them.

        It lasts as long as a session can, so that nobody is signed out for no reason;
        the sessions themselves decide when they end.
        """
        text = self._text({each.session_id: each.counter for each in browser.accounts})
        ttl = self._process.settings.session.absolute_ttl if text else 0
        return self._cookies.write(self._cookies.session, text, ttl)

    def _text(self, counters: Mapping[UUID, int]) -> str:
        secret = self._process.secret_key.browser_session
        return ".".join(secret(*each) for each in counters.items())

    async def sign_in(
        self,
        browser: Browser,
        email: str,
        password: str,
        *,
        only_administrators: bool = False,
    ) -> Browser:
        """Sign somebody in with a password, always under a new cookie value.

        Args:
            browser: Where; a session of the same person there goes on.
            email: What the person typed.
            password: What they typed.
            only_administrators: As ``SignInService.browser_with_password``.

        Raises:
            InvalidCredentials: As for the API, and for the same reasons.
            MfaRequired: A second factor has to be proven first.
            EmailNotVerified: The password was right; said to its owner only.
            TooManyRequests: Too many wrong ones for the account or from the address.
            HashingOverloaded: Too many hashes wait already.
        """
        sign_ins = SignInService(self._process)
        begun = await sign_ins.browser_with_password(
            email,
            password,
            held_by(browser),
            browser.remembered,
            only_administrators=only_administrators,
        )
        return await self.joined(browser, begun)

    async def second_step(
        self, browser: Browser, answer: FactorAnswer, *, remember: bool = False
    ) -> Browser:
        """Finish the sign-in that waits at a browser.

        Args:
            browser: Where.
            answer: By which factor, and what it says.
            remember: Whether the browser needs no second step for a while.

        Raises:
            InvalidMfaToken: None waits there any more.
            InvalidCode: The answer proves nothing.
            TooManyRequests: Too many wrong ones for the account or from the address.
        """
        steps = SecondStepService(self._process)
        begun = await steps.browser_finish(browser.step, answer, held_by(browser))
        joined = await self.joined(replace(browser, step=""), begun)
        if not remember:
            return joined
        devices = await self._remembered.remember(
            begun.user_id, begun.session_id, browser.remembered
        )
        return replace(joined, remembered=devices)

    async def joined(self, browser: Browser, started: StartedSession) -> Browser:
        """Return the browser with the account of a session that began there."""
        now = self._process.clock.now()
        rows = await self._statements.accounts([started.session_id], now)
        if not rows:
            raise InvalidCredentials(hint="the session was ended while it began")
        joined = browser.using(_account(rows[0]))
        kept = {each.user_id for each in joined.accounts}
        gone = [each for each in browser.accounts if each.user_id not in kept]
        # Nobody could sign out of it there any more.
        await self._end(gone, "too_many_accounts")
        return joined

    async def sign_out(self, browser: Browser) -> Browser:
        """End the session in use; other accounts stay, the next one comes into use."""
        if browser.current is None:
            return browser
        return await self.sign_out_of(browser, [browser.current])

    async def sign_out_of(
        self, browser: Browser, accounts: Iterable[BrowserAccount]
    ) -> Browser:
        """End sessions of a browser, in use or not; the first of the rest is in use."""
        for each in accounts:
            # Each acts for itself: the trail of one does not tell of the others.
            current().user_id = each.user_id
            await self._end([each], "logout")
            browser = browser.without(each)
        return browser

    async def _end(self, accounts: Iterable[BrowserAccount], reason: str) -> None:
        ending = list(accounts)
        if not ending:
            return
        async with self._process.unit_of_work() as uow:
            sessions = SessionService(uow)
            for each in ending:
                with suppress(SessionNotFound):  # over already
                    await sessions.end(each.user_id, each.session_id, reason)


def held_by(browser: Browser) -> dict[UUID, HeldSession]:
    """Return the sessions that go on when their people sign in there once more."""
    return {
        each.user_id: HeldSession(each.session_id, each.counter)
        for each in browser.accounts
    }


def _account(row: Any) -> BrowserAccount:
    return BrowserAccount(
        session_id=row.session_id,
        counter=row.counter,
        user_id=row.user_id,
        email=row.email,
        name=row.name,
        authenticated_at=row.authenticated_at,
        amr=tuple(row.amr),
    )


def _bound(browser: Browser) -> tuple[str, str]:
    """Return what forms on a browser's pages are bound to."""
    session = browser.current.session_id.hex if browser.current else ""
    return browser.value, session
