"""From which moment on "this wasn't me" undoes, where time passes within a sign-in."""

from datetime import timedelta
from typing import Any

import pytest

from tests.accounts.test_factors import begin, confirm
from tests.security.test_throttling import from_address
from tests.sign_in.test_enrolment import code_of
from tests.sign_in.test_new_sign_in import AWAY, WAYS, Way
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
