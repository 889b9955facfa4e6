"""First sign-ins at once: of an imported account, and of who has to have a factor."""

import pyotp
from httpx2 import AsyncClient

from tests.factories.factor import FactorFactory
from tests.races.crowd import address, assert_one_success, crowd
from tests.races.test_factors import waiting
from tests.support.api import Api, Person
from tests.support.foreign_hashes import P

PASSWORD = "correct horse battery staple"


async def imported(api: Api) -> Person:
    """Return somebody whose hash another product made."""
    foreign = P.pbkdf2_sha256.using(rounds=1_000).hash(PASSWORD)
    user = await api.users(email=address(), password_hash=foreign)
    return Person(user.id, user.email)


async def test_everybody_comes_in_and_one_moves_the_imported_hash(
    api: Api, both: list[AsyncClient]
) -> None:
    person = await imported(api)
    body = {"email": person.email, "password": PASSWORD}

    answers = await crowd(both, "/api/v1/auth/login", [body] * 6)

    assert [each.status_code for each in answers] == [200] * 6
    trail = await api.trail(person.id)
    assert trail.count("password.rehashed") == 1
    assert trail.count("sign_in.succeeded") == 6


async def test_so_it_is_where_a_second_step_follows(
    api: Api, both: list[AsyncClient]
) -> None:
    person = await imported(api)
    await FactorFactory(api.runtime).totp(person.id)
    body = {"email": person.email, "password": PASSWORD}

    answers = await crowd(both, "/api/v1/auth/login", [body] * 6)

    assert {each.json()["code"] for each in answers} == {"mfa_required"}
    assert (await api.trail(person.id)).count("password.rehashed") == 1


async def test_f39_one_of_many_sign_ins_sets_up_the_first_factor(
    api: Api, both: list[AsyncClient]
) -> None:
    person = await api.person(email=address())
    tokens = await waiting(api.runtime, person, 50)
    bodies = []
    for token in tokens:
        setup = (await api.post("/auth/mfa/totp", {"mfa_token": token})).json()
        code = pyotp.TOTP(setup["secret"]).at(api.runtime.clock.now())
        bodies.append({"mfa_token": token, "factor": "totp", "code": code})

    answers = await crowd(both, "/api/v1/auth/mfa", bodies)

    assert_one_success(answers, 200)
    assert (await api.trail(person.id)).count("factor.added") == 1
