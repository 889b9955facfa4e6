"""One's own second factors: set up, listed, replaced, removed; by administrators."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from httpx2 import Response

from app.policies.permission import ADMIN_ROLE
from app.services.server.runtime import Runtime
from tests.factories.factor import FactorFactory
from tests.support.api import PASSWORD, Api, Person
from tests.support.chance import FakeClock
from tests.support.tables import contents


@dataclass
class App:
    """An authenticator app that is not ours, with the clock of the test."""

    uri: str
    clock: FakeClock

    def code(self, drift: int = 0) -> str:
        """Return what it shows now, or so many steps off."""
        totp = pyotp.parse_uri(self.uri)
        assert isinstance(totp, pyotp.TOTP)
        return totp.at(self.clock.now() + timedelta(seconds=30 * drift))


@pytest.fixture
def factors(runtime: Runtime) -> FactorFactory:
    """Second factors for accounts."""
    return FactorFactory(runtime)


async def begin(api: Api, person: Person, clock: FakeClock) -> App:
    answer = await api.post("/users/me/totp", None, person)
    assert answer.status_code == 200, answer.text
    return App(answer.json()["uri"], clock)


async def confirm(api: Api, person: Person, code: str) -> Response:
    return await api.post("/users/me/totp/confirm", {"code": code}, person)


async def with_app(api: Api, clock: FakeClock) -> tuple[Person, App]:
    """Return somebody who set an app up, and a step in which no code was used."""
    person = await api.person()
    app = await begin(api, person, clock)
    assert (await confirm(api, person, app.code())).status_code == 204
    person = await _signed_in(api, person, app)
    clock.advance(seconds=60)
    return person, app


async def second_step(api: Api, person: Person, factor: str, code: str) -> Response:
    begun = (await api.login(person.email)).json()
    assert begun["code"] == "mfa_required", begun
    body = {"mfa_token": begun["mfa_token"], "factor": factor, "code": code}
    return await api.post("/auth/mfa", body)


async def listed(api: Api, person: Person) -> dict[str, Any]:
    found: dict[str, Any] = (await api.get("/users/me/factors", person)).json()
    return found


async def templates(api: Api) -> list[str]:
    return [mail["template"] for mail in await api.mails()]


async def frozen(api: Api, person: Person, clock: FakeClock) -> None:
    async with api.runtime.unit_of_work() as uow:
        user = await uow.users.by_id(person.id)
        assert user is not None
        user.factors_frozen_until = clock.now() + timedelta(seconds=60)


async def test_an_app_is_set_up_from_the_qr_code_and_asked_for_from_then_on(
    api: Api, clock: FakeClock
) -> None:
    person = await api.person()

    setup = (await api.post("/users/me/totp", None, person)).json()
    app = App(setup["uri"], clock)
    before = await api.login(person.email)
    done = await confirm(api, person, f" {app.code()[:3]} {app.code()[3:]} ")

    assert before.status_code == 200
    assert done.status_code == 204
    assert pyotp.parse_uri(setup["uri"]).secret == setup["secret"]
    assert len(setup["secret"]) == 32  # 160 bits
    assert setup["qr_svg"].startswith("<svg ")
    assert 'viewBox="0 0 ' in setup["qr_svg"] and " width=" not in setup["qr_svg"]
    assert not re.search(r"style|class=|<\?xml|script", setup["qr_svg"])
    assert (await listed(api, person))["totp"]["last_used_at"] is not None
    clock.advance(seconds=30)
    signed_in = await second_step(api, person, "totp", app.code())
    assert signed_in.status_code == 200


async def test_the_code_that_confirmed_signs_nobody_in(
    api: Api, clock: FakeClock
) -> None:
    person = await api.person()
    app = await begin(api, person, clock)
    code = app.code()
    await confirm(api, person, code)

    again = await second_step(api, person, "totp", code)
    earlier = await second_step(api, person, "totp", app.code(-1))

    assert [again.json()["code"], earlier.json()["code"]] == ["invalid_code"] * 2


async def test_a_set_up_that_nobody_confirmed_changes_nothing(
    api: Api, clock: FakeClock
) -> None:
    person, old = await with_app(api, clock)

    new = await begin(api, person, clock)
    wrong = await confirm(api, person, old.code())
    with_new = await second_step(api, person, "totp", new.code())
    with_old = await second_step(api, person, "totp", old.code())
    done = await confirm(api, person, new.code())
    clock.advance(seconds=60)

    assert wrong.json()["code"] == with_new.json()["code"] == "invalid_code"
    assert with_old.status_code == 200
    assert done.status_code == 204
    replaced = await second_step(api, person, "totp", old.code())
    assert replaced.json()["code"] == "invalid_code"
    assert (await second_step(api, person, "totp", new.code())).status_code == 200


async def test_a_newer_set_up_replaces_the_one_before_and_each_ends(
    api: Api, clock: FakeClock
) -> None:
    person = await api.person()
    first = await begin(api, person, clock)
    second = await begin(api, person, clock)

    replaced = await confirm(api, person, first.code())
    done = await confirm(api, person, second.code())
    person = await _signed_in(api, person, second)
    again = await confirm(api, person, second.code(1))
    third = await begin(api, person, clock)
    clock.advance(seconds=600)
    late = await confirm(api, await _signed_in(api, person, second), third.code())

    assert done.status_code == 204
    codes = [each.json()["code"] for each in (replaced, again, late)]
    assert codes == ["invalid_code"] * 3


async def _signed_in(api: Api, person: Person, app: App) -> Person:
    app.clock.advance(seconds=60)  # the code of now was used
    answer = await second_step(api, person, "totp", app.code())
    assert answer.status_code == 200, answer.text
    return Person(person.id, person.email, answer.json())


async def test_wrong_confirmations_are_counted(api: Api, clock: FakeClock) -> None:
    person, other = await api.person(), await api.person()
    app = await begin(api, person, clock)
    await begin(api, other, clock)

    statuses = [(await confirm(api, person, "1")).status_code for _ in range(12)]
    right = await confirm(api, person, app.code())
    elsewhere = await confirm(api, other, "1")

    assert statuses == [400] * 10 + [429] * 2
    assert right.status_code == 429
    assert elsewhere.status_code == 400


async def test_somebody_elses_set_up_is_not_mine(api: Api, clock: FakeClock) -> None:
    person, other = await api.person(), await api.person()
    app = await begin(api, person, clock)

    answer = await confirm(api, other, app.code())

    assert answer.json()["code"] == "invalid_code"
    assert (await listed(api, other))["totp"] is None


async def test_every_change_is_mailed_and_ends_sessions_elsewhere(
    api: Api, clock: FakeClock
) -> None:
    person = await api.person()
    elsewhere = await api.signed_in(person)
    app = await begin(api, person, clock)

    await confirm(api, person, app.code())
    gone = await api.get("/users/me", elsewhere)
    person = await _signed_in(api, person, app)
    made = await api.post("/users/me/recovery-codes", None, person)
    removed = await api.delete("/users/me/totp", person)

    assert (gone.status_code, made.status_code, removed.status_code) == (401, 200, 204)
    assert await templates(api) == [
        "factor_added",
        "recovery_codes_made",
        "factor_removed",
    ]
    assert {mail["to"] for mail in await api.mails()} == {person.email}
    trail = await api.trail(person.id)
    assert trail[-1] == "factor.removed" and "factor.added" in trail


async def test_the_secret_is_sealed_and_told_to_nobody_again(
    api: Api, clock: FakeClock, runtime: Runtime
) -> None:
    person = await api.person()
    setup = (await api.post("/users/me/totp", None, person)).json()
    secret = pyotp.TOTP(setup["secret"]).byte_secret()
    waiting = await contents(runtime)
    app = App(setup["uri"], clock)
    await confirm(api, person, app.code())
    person = await _signed_in(api, person, app)
    codes = (await api.post("/users/me/recovery-codes", None, person)).json()["codes"]

    stored = repr([waiting, await contents(runtime)])
    copy = await api.get("/users/me/export", person)
    told = copy.text
    told += (await api.get("/users/me/factors", person)).text
    told += (await api.get("/users/me/activity", person)).text

    for text in (stored, told):
        for hidden in (setup["secret"], secret.hex(), repr(secret), *codes):
            assert hidden not in text
    assert "sealed" not in told and "code_hash" not in told
    assert copy.json()["totps"] and copy.json()["recovery_codes"]


async def test_a_secret_under_another_key_is_no_factor_and_no_defect(
    api: Api, clock: FakeClock
) -> None:
    person, app = await with_app(api, clock)
    async with api.runtime.unit_of_work() as uow:
        row = await uow.totps.of(person.id)
        assert row is not None
        row.sealed_secret = row.sealed_secret[:-1] + b"?"

    answer = await second_step(api, person, "totp", app.code())

    assert answer.json()["code"] == "invalid_code"


async def test_recovery_codes_are_ten_and_a_new_set_replaces_the_old(
    api: Api, clock: FakeClock
) -> None:
    person, _ = await with_app(api, clock)

    first = (await api.post("/users/me/recovery-codes", None, person)).json()["codes"]
    second = (await api.post("/users/me/recovery-codes", None, person)).json()["codes"]
    void = await second_step(api, person, "recovery_code", first[0])
    used = await second_step(api, person, "recovery_code", second[0].lower())
    again = await second_step(api, person, "recovery_code", second[0])

    assert len({*first, *second}) == 20
    assert [void.status_code, used.status_code, again.status_code] == [400, 200, 400]
    assert (await listed(api, person))["recovery_codes"]["left"] == 9


async def test_using_a_recovery_code_is_mailed_with_what_is_left(
    api: Api, clock: FakeClock
) -> None:
    person, _ = await with_app(api, clock)
    codes = (await api.post("/users/me/recovery-codes", None, person)).json()["codes"]

    await second_step(api, person, "recovery_code", codes[3])

    mail = (await api.mails())[-1]
    assert (mail["template"], mail["to"]) == ("recovery_code_used", person.email)
    assert mail["data"] == {"left": 9}
    assert "factor.recovery_code_used" in await api.trail(person.id)


async def test_recovery_codes_need_a_factor_that_they_stand_in_for(api: Api) -> None:
    person = await api.person()

    answer = await api.post("/users/me/recovery-codes", None, person)

    assert (answer.status_code, answer.json()["code"]) == (409, "no_second_factor")


async def test_with_the_last_factor_the_recovery_codes_go(
    api: Api, clock: FakeClock
) -> None:
    person, _ = await with_app(api, clock)
    await api.post("/users/me/recovery-codes", None, person)

    removed = await api.delete("/users/me/totp", person)
    again = await api.delete("/users/me/totp", person)

    assert (removed.status_code, again.status_code) == (204, 404)
    assert await listed(api, person) == {
        "totp": None,
        "passkeys": [],
        "recovery_codes": None,
    }
    assert (await api.login(person.email)).status_code == 200


async def test_while_factors_are_frozen_none_changes(
    api: Api, clock: FakeClock, runtime: Runtime
) -> None:
    person, _ = await with_app(api, clock)
    new = await begin(api, person, clock)
    await frozen(api, person, clock)
    before = await listed(api, person)

    answers = [
        await api.post("/users/me/totp", None, person),
        await confirm(api, person, new.code()),
        await api.delete("/users/me/totp", person),
        await api.post("/users/me/recovery-codes", None, person),
    ]
    unchanged = await listed(api, person) == before
    clock.advance(seconds=60)
    thawed = await confirm(api, person, new.code())

    codes = [(each.status_code, each.json()["code"]) for each in answers]
    assert codes == [(403, "factors_frozen")] * 4
    assert unchanged
    assert thawed.status_code == 204


@pytest.mark.parametrize("factor", ["totp", "recovery_code"])
async def test_an_administrator_takes_a_factor_and_the_owner_is_told(
    api: Api, clock: FakeClock, factor: str
) -> None:
    person, _ = await with_app(api, clock)
    await api.post("/users/me/recovery-codes", None, person)
    admin = await api.admin()
    path = f"/users/{person.id}/factors/{factor}"

    removed = await api.delete(path, admin)
    again = await api.delete(path, admin)

    assert (removed.status_code, again.status_code) == (204, 404)
    assert again.json()["code"] == "factor_not_found"
    left = await listed(api, person)  # and the session lives on
    assert left["recovery_codes"] is None
    assert (left["totp"] is None) == (factor == "totp")
    mail = (await api.mails())[-1]
    assert (mail["template"], mail["to"]) == ("factor_removed", person.email)
    assert mail["data"] == {"factor": factor, "was_last": factor == "totp"}


async def test_t155_nobody_takes_the_factors_of_who_may_do_more_nor_their_own(
    api: Api, factors: FactorFactory
) -> None:
    admin = await api.admin()
    body = {"name": "manager", "permissions": ["users:read", "users:write"]}
    await api.post("/roles", body, admin)
    manager, other = await api.person("manager"), await api.person()
    for person in (admin, manager, other):
        await factors.totp(person.id)

    answers = [
        await api.delete(f"/users/{admin.id}/factors/totp", manager),
        await api.delete(f"/users/{manager.id}/factors/totp", manager),
        await api.delete(f"/users/{admin.id}/factors/totp", admin),
        await api.delete(f"/users/{admin.id}/factors/totp", other),
        await api.delete(f"/users/{other.id}/factors/totp", manager),
    ]

    assert [each.status_code for each in answers] == [403, 403, 403, 403, 204]


async def test_factors_that_somebody_left_in_an_unverified_account_are_gone(
    api: Api, factors: FactorFactory
) -> None:
    """Pre-hijacking: the reader of the mailbox takes the account over, empty."""
    person = await api.person(email_verified=False)
    await factors.totp(person.id)
    await factors.recovery_codes(person.id)
    await api.post("/auth/forgot-password", {"email": person.email})
    link = await api.mailed("reset_password")

    body = {"token": link.token, "new_password": PASSWORD + "!"}
    reset = await api.post("/auth/reset-password", body)

    assert reset.status_code == 204
    owner = await api.signed_in(person, PASSWORD + "!")
    assert (await listed(api, owner))["totp"] is None
    assert (await listed(api, owner))["recovery_codes"] is None


async def test_administrators_are_people_too(api: Api, clock: FakeClock) -> None:
    person = await api.person(ADMIN_ROLE)
    app = await begin(api, person, clock)

    assert (await confirm(api, person, app.code())).status_code == 204
