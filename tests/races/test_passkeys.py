"""One answer of a passkey signs in once, whichever process it is sent to."""

import pytest
from httpx2 import AsyncClient

from tests.factories.factor import FactorFactory
from tests.races.crowd import address, assert_one_success, crowd
from tests.support.api import Api


@pytest.mark.parametrize("step", [0, 1], ids=["no counter", "a counter"])
async def test_an_answer_signs_in_once(
    api: Api, both: list[AsyncClient], step: int
) -> None:
    user = await api.users(email=address())
    held = await FactorFactory(api.runtime).passkey(user.id, step=step)
    options = (await api.post("/auth/passkey/options")).json()
    bodies = [{"response": held.get(options)}] * 50

    answers = await crowd(both, "/api/v1/auth/passkey/verify", bodies)

    assert_one_success(answers, 200)
    assert (await api.trail(user.id)).count("sign_in.succeeded") == 1


async def test_a_second_step_is_answered_once(
    api: Api, both: list[AsyncClient]
) -> None:
    person = await api.person(email=address())
    held = await FactorFactory(api.runtime).passkey(person.id, step=0)
    first = {"mfa_token": (await api.login(person.email)).json()["mfa_token"]}
    options = (await api.post("/auth/mfa/options", first)).json()
    body = {**first, "factor": "passkey", "response": held.get(options)}

    answers = await crowd(both, "/api/v1/auth/mfa", [body] * 5)

    assert_one_success(answers, 200)
