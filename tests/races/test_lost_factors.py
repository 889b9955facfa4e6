"""A recovery begins once and ends once, whoever else asks at that moment."""

from httpx2 import AsyncClient

from tests.factories.factor import FactorFactory
from tests.races.crowd import address, assert_one_success, crowd
from tests.races.test_factors import waiting
from tests.sign_in.lost.recovery import RECOVER, due_link
from tests.support.api import PASSWORD, Api


async def test_many_who_ask_begin_one_recovery(
    api: Api, both: list[AsyncClient]
) -> None:
    person = await api.person(email=address())
    await FactorFactory(api.runtime).totp(person.id)
    tokens = await waiting(api.runtime, person, 50)

    bodies = [{"mfa_token": token} for token in tokens]
    answers = await crowd(both, f"/api/v1{RECOVER}", bodies)

    told = {each.text for each in answers if each.status_code == 202}
    assert len(told) == 1
    assert {each.status_code for each in answers} <= {202, 429}
    mails = [m["template"] for m in await api.mails() if m["to"] == person.email]
    assert mails.count("factor_recovery_requested") == 2  # now, and once more
    assert mails.count("factor_recovery_link") == 1


async def test_a_link_takes_factors_away_once(
    api: Api, both: list[AsyncClient]
) -> None:
    person = await api.person(email=address())
    await FactorFactory(api.runtime).totp(person.id)
    body = {"token": await due_link(api, person), "password": PASSWORD}

    answers = await crowd(both, f"/api/v1{RECOVER}/finish", [body] * 50)

    assert_one_success(answers, 204)
    assert (await api.trail(person.id)).count("factor.recovered") == 1
