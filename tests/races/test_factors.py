"""A code of a second factor works once, whichever sign-ins wait for it and where."""

from collections.abc import Awaitable, Callable

import pyotp
import pytest
from httpx2 import AsyncClient

from app.services.one_time.token import OneTimeTokenService, Purpose
from app.services.server.runtime import Runtime
from app.services.sign_in.second_step import TTL
from tests.factories.factor import FactorFactory
from tests.races.crowd import address, assert_one_success, crowd
from tests.support.api import Api, Person

Code = Callable[[FactorFactory, Person], Awaitable[str]]


async def totp(factors: FactorFactory, person: Person) -> str:
    return (await factors.totp(person.id)).code


async def recovery_code(factors: FactorFactory, person: Person) -> str:
    await factors.totp(person.id)
    return (await factors.recovery_codes(person.id))[0]


async def waiting(runtime: Runtime, person: Person, count: int) -> list[str]:
    """Return the tokens of so many sign-ins that only lack the second step."""
    async with runtime.unit_of_work() as uow:
        issued = [
            await OneTimeTokenService(uow, runtime).issue(
                Purpose.SECOND_STEP,
                subject=person.email,
                ttl=TTL,
                user_id=person.id,
                data={"method": "password", "amr": ["pwd"]},
            )
            for _ in range(count)
        ]
    token = runtime.secret_key.one_time_token
    return [token(Purpose.SECOND_STEP, row.id) for row in issued]


@pytest.mark.parametrize("code_of", [totp, recovery_code])
async def test_f39_a_code_finishes_one_of_many_sign_ins(
    api: Api, both: list[AsyncClient], code_of: Code
) -> None:
    person = await api.person(email=address())
    code = await code_of(FactorFactory(api.runtime), person)
    tokens = await waiting(api.runtime, person, 50)
    bodies = [
        {"mfa_token": token, "factor": code_of.__name__, "code": code}
        for token in tokens
    ]

    answers = await crowd(both, "/api/v1/auth/mfa", bodies)

    assert_one_success(answers, 200)
    trail = await api.trail(person.id)
    assert trail.count("sign_in.succeeded") == 2  # and the one of the test itself
    used = trail.count("factor.recovery_code_used")
    assert used == (code_of is recovery_code)


async def test_f39_a_set_up_is_confirmed_once(
    api: Api, both: list[AsyncClient]
) -> None:
    person = await api.person(email=address())
    setup = (await api.post("/users/me/totp", None, person)).json()
    code = pyotp.TOTP(setup["secret"]).at(api.runtime.clock.now())

    path = "/api/v1/users/me/totp/confirm"
    answers = await crowd(both, path, [{"code": code}] * 50, person=person)

    assert_one_success(answers, 204)
    assert (await api.trail(person.id)).count("factor.added") == 1
