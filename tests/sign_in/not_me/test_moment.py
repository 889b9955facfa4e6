"""From which moment on "this wasn't me" undoes, where time passes within a sign-in."""

from datetime import timedelta
from typing import Any

import pytest

from tests.accounts.test_factors import begin, confirm, second_step, with_app
from tests.factories.factor import FactorFactory
from tests.security.test_throttling import from_address
from tests.sign_in.test_enrolment import code_of
from tests.sign_in.test_new_sign_in import AWAY, WAYS, Way, login_of, sign_in
from tests.sign_in.test_not_me import AGAIN, account_of, reset, say
from tests.support.api import PASSWORD, Api, Person
from tests.support.chance import FakeClock


@pytest.fixture
def clock(clock: FakeClock) -> FakeClock:
    """A clock that no two readings of are alike, as of any real one."""
    clock.tick = timedelta(milliseconds=1)
    return clock


async def enrolled(api: Api, person: Person, clock: FakeClock) -> Any:
    """Sign in from elsewhere with a first app that is set up on the way."""
    async with from_address(api, AWAY) as client:
        body = {"email": person.email, "password": PASSWORD}
        first = (await client.post("/api/v1/auth/login", json=body)).json()
        step = {"mfa_token": first["mfa_token"]}
        setup = (await client.post("/api/v1/auth/mfa/totp", json=step)).json()
        step |= {"factor": "totp", "code": code_of(setup["uri"], clock)}
        return await client.post("/api/v1/auth/mfa", json=step)


@pytest.mark.parametrize("mail", ["new_sign_in", "factor_added"])
async def test_an_app_of_the_very_sign_in_is_gone(
    api: Api, clock: FakeClock, mail: str
) -> None:
    admin = await api.admin()
    await api.patch("/roles/admin", {"mfa_required": True}, admin)
    assert (await enrolled(api, admin, clock)).status_code == 200

    assert (await say(api, await api.not_me(mail))).status_code == 204
    await reset(api)

    answer = await api.login(admin.email, AGAIN)
    assert answer.json()["factors"] == []  # and none of the thief's


@pytest.mark.parametrize("way", WAYS)
async def test_the_network_of_the_very_sign_in_is_unknown_again(
    api: Api, way: Way
) -> None:
    person = await api.person()
    async with from_address(api, AWAY) as client:
        assert (await way(api, client, person)).status_code == 200

    assert (await say(api, await api.not_me("new_sign_in"))).status_code == 204

    async with api.runtime.unit_of_work(read_only=True) as uow:
        assert not await uow.sessions.knows_network(person.id, AWAY)


async def test_an_app_that_a_mail_tells_of_is_gone(api: Api, clock: FakeClock) -> None:
    person = await api.person()
    app = await begin(api, person, clock)
    assert (await confirm(api, person, app.code())).status_code == 204

    assert (await say(api, await api.not_me("factor_added"))).status_code == 204

    assert (await account_of(api, person)).must_reset_password
    async with api.runtime.unit_of_work(read_only=True) as uow:
        assert await uow.totps.of(person.id) is None


async def test_guesses_are_undone_from_the_first_one_on(
    api: Api, clock: FakeClock
) -> None:
    person = await api.person()
    app = await FactorFactory(api.runtime).totp(person.id)

    async def answered(code: str) -> int:
        async with from_address(api, AWAY) as client:
            first = await client.post("/api/v1/auth/login", json=login_of(person))
            body = {"mfa_token": first.json()["mfa_token"], "factor": "totp"}
            answer = await client.post("/api/v1/auth/mfa", json=body | {"code": code})
            return answer.status_code

    assert [await answered(code) for code in (app.wrong_code, app.code)] == [400, 200]
    clock.advance(hours=1)  # what was proven is no reason to forget what was wrong
    assert [await answered(app.wrong_code) for _ in range(5)][:3] == [400] * 3

    assert (await say(api, await api.not_me("second_step_guessed"))).status_code == 204

    async with api.runtime.unit_of_work(read_only=True) as uow:
        assert not await uow.sessions.knows_network(person.id, AWAY)


async def test_networks_of_who_made_an_account_are_unknown_to_its_owner(
    api: Api,
) -> None:
    person = await api.person(email_verified=False)
    assert (await sign_in(api, person)).status_code == 200  # whoever made it
    await api.post("/auth/forgot-password", {"email": person.email})
    await reset(api)

    assert (await sign_in(api, person, password=AGAIN)).status_code == 200

    assert len(await api.mails("new_sign_in")) == 1


@pytest.mark.parametrize("mail", ["factor_added", "recovery_codes_made"])
async def test_an_account_with_two_factors_is_not_open_to_its_mailbox_alone(
    api: Api, clock: FakeClock, mail: str
) -> None:
    person, app = await with_app(api, clock)
    begun = await second_step(api, person, "totp", app.code())
    inside = Person(person.id, person.email, begun.json())
    await api.post("/users/me/recovery-codes", None, inside)
    other = await begin(api, inside, clock)  # in place of the one that there is
    assert (await confirm(api, inside, other.code())).status_code == 204

    assert (await say(api, await api.not_me(mail))).status_code == 204
    await reset(api)

    answer = await api.login(person.email, AGAIN)
    assert (answer.status_code, answer.json().get("code")) == (401, "mfa_required")
    admin = await api.admin()
    path = f"/users/{person.id}/factors/totp"
    assert (await api.delete(path, admin)).status_code == 204  # the way out
    assert (await api.login(person.email, AGAIN)).status_code == 200
