"""From one factor to two, in the session that somebody has."""

from asyncio import gather
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.core.context import current
from app.models import Session
from app.services.one_time.errors import InvalidCode
from app.services.server.runtime import Runtime
from app.services.sign_in.browser_session import BrowserAccount
from app.services.sign_in.errors import InvalidMfaToken
from app.services.sign_in.password import SignInService
from app.services.sign_in.second_step import FactorAnswer, SecondStepService
from app.services.sign_in.start import HeldSession, StartedSession
from app.services.sign_in.step_up import StepUpService
from tests.factories.factor import Authenticator, FactorFactory
from tests.support.api import PASSWORD, Api, Person
from tests.support.chance import FakeClock


async def session_of(runtime: Runtime, started: StartedSession) -> Session:
    async with runtime.database.session(read_only=True) as db:
        query = select(Session).where(Session.id == started.session_id)
        return (await db.scalars(query)).one()


async def account_of(runtime: Runtime, started: StartedSession) -> BrowserAccount:
    """Return a session as pages see it."""
    row = await session_of(runtime, started)
    return BrowserAccount(
        session_id=row.id,
        counter=row.counter,
        user_id=row.user_id,
        email="",
        name=None,
        authenticated_at=row.authenticated_at,
        amr=tuple(row.amr),
    )


class Stepping:
    """Somebody at a browser with one factor, and an authenticator application."""

    def __init__(self, runtime: Runtime, person: Person) -> None:
        self.runtime, self.person = runtime, person
        self.steps = SecondStepService(runtime)
        self.started: StartedSession
        self.app: Authenticator

    async def arrive(self) -> "Stepping":
        current().ip = "192.0.2.1"
        sign_ins = SignInService(self.runtime)
        self.started = await sign_ins.browser_with_password(
            self.person.email, PASSWORD, {}
        )
        self.app = await FactorFactory(self.runtime).totp(self.person.id)
        return self

    @property
    def held(self) -> dict[Any, HeldSession]:
        return {self.person.id: HeldSession(self.started.session_id, 0)}

    async def demand(self) -> str:
        account = await account_of(self.runtime, self.started)
        required = await StepUpService(self.runtime).demand(account)
        assert required is not None and required.factors == ("totp",)
        return required.mfa_token

    async def finish(self, token: str, held: Any = None) -> StartedSession:
        answer = FactorAnswer("totp", self.app.code)
        held = self.held if held is None else held
        return await self.steps.browser_finish(token, answer, held)


@pytest.fixture
async def stepping(api: Api, runtime: Runtime) -> Stepping:
    return await Stepping(runtime, await api.person()).arrive()


async def test_a_step_up_renews_the_session_with_both_factors(
    api: Api, stepping: Stepping, clock: FakeClock
) -> None:
    clock.advance(minutes=5)
    token = await stepping.demand()
    clock.advance(minutes=5)
    renewed = await stepping.finish(token)

    row = await session_of(stepping.runtime, renewed)
    assert renewed.session_id == stepping.started.session_id
    assert (row.counter, row.amr) == (1, ["pwd", "otp", "mfa"])
    assert row.authenticated_at == clock.now()
    account = await account_of(stepping.runtime, renewed)
    assert await StepUpService(stepping.runtime).demand(account) is None
    trail = await api.trail(stepping.person.id)
    assert trail[-2:] == ["sign_in.second_step_demanded", "sign_in.succeeded"]


@pytest.mark.parametrize("minutes", [0, 10, 11])
async def test_both_factors_are_asked_for_once_the_first_is_old(
    stepping: Stepping, clock: FakeClock, minutes: int
) -> None:
    account = await account_of(stepping.runtime, stepping.started)
    clock.advance(minutes=minutes)

    required = await StepUpService(stepping.runtime).demand(account)

    assert (required is None) is (minutes > 10)


async def test_who_has_no_second_factor_has_none_to_prove(
    api: Api, runtime: Runtime
) -> None:
    person = await api.person()
    started = await SignInService(runtime).browser_with_password(
        person.email, PASSWORD, {}
    )
    account = await account_of(runtime, started)
    await FactorFactory(runtime).recovery_codes(person.id)

    assert await StepUpService(runtime).demand(account) is None


async def test_a_session_that_ended_is_not_stepped_up(
    api: Api, stepping: Stepping
) -> None:
    account = await account_of(stepping.runtime, stepping.started)
    token = await stepping.demand()
    async with stepping.runtime.unit_of_work() as uow:
        await uow.sessions.revoke(
            stepping.started.session_id,
            stepping.person.id,
            at=stepping.runtime.clock.now(),
            reason="owner",
        )

    with pytest.raises(InvalidMfaToken):
        await stepping.finish(token)
    assert await StepUpService(stepping.runtime).demand(account) is None
    row = await session_of(stepping.runtime, stepping.started)
    assert (row.counter, row.amr) == (0, ["pwd"])


async def test_a_token_steps_up_the_session_that_it_was_made_for_alone(
    api: Api, stepping: Stepping
) -> None:
    """Stolen, or taken to the API, it is worth nothing."""
    other = HeldSession(uuid4(), 0)
    token = await stepping.demand()
    body = {"mfa_token": token, "factor": "totp", "code": stepping.app.code}

    by_api = await api.post("/auth/mfa", body)
    later = HeldSession(stepping.started.session_id, 1)
    me = stepping.person.id
    for held in ({}, {me: other}, {me: later}):
        with pytest.raises(InvalidMfaToken):
            await stepping.finish(token, held)

    assert (by_api.status_code, by_api.json()["code"]) == (401, "invalid_mfa_token")
    row = await session_of(stepping.runtime, stepping.started)
    assert row.amr == ["pwd"]


async def test_whoever_renews_with_a_copied_cookie_is_not_stepped_up_with_it(
    stepping: Stepping,
) -> None:
    """A copy's renewal comes between reading the owner's cookie and writing."""
    token = await stepping.demand()
    me = stepping.person.id
    async with stepping.runtime.unit_of_work() as uow:
        row = await uow.sessions.one_or_none(
            select(Session).where(Session.id == stepping.started.session_id)
        )
        assert row is not None
        row.counter = 1  # as by one factor, with the same cookie

    with pytest.raises(InvalidMfaToken):
        await stepping.finish(token, {me: stepping.held[me]})

    row = await session_of(stepping.runtime, stepping.started)
    assert (row.counter, row.amr) == (1, ["pwd"])


async def test_a_wrong_code_steps_nobody_up(stepping: Stepping) -> None:
    token = await stepping.demand()
    wrong = FactorAnswer("totp", stepping.app.wrong_code)

    with pytest.raises(InvalidCode):
        await stepping.steps.browser_finish(token, wrong, stepping.held)

    assert (await session_of(stepping.runtime, stepping.started)).amr == ["pwd"]


async def test_of_several_at_once_one_steps_up(stepping: Stepping) -> None:
    token = await stepping.demand()

    results = await gather(
        *(stepping.finish(token) for _ in range(4)), return_exceptions=True
    )

    assert sum(isinstance(each, StartedSession) for each in results) == 1
    row = await session_of(stepping.runtime, stepping.started)
    assert row.counter == 1
