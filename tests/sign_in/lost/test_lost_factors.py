"""Losing every factor: a slow way back that its owner can stop, and no back door."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from app.models import OutboxMessage, Session
from app.services.one_time.not_me_link import not_me_link
from app.services.server.runtime import Runtime
from tests.factories.factor import FactorFactory
from tests.sign_in.lost.recovery import (
    ANNOUNCED,
    DELAY,
    DONE,
    LINK,
    NEW_PASSWORD,
    RECOVER,
    arrived,
    ask,
    begun,
    by_passkey,
    change,
    finish,
    reset,
    token_in,
)
from tests.support.api import PASSWORD, Api, Person
from tests.support.authorization import rows
from tests.support.chance import FakeClock

Way = Callable[[Api, Person], Awaitable[None]]


async def test_after_days_mailbox_and_password_take_every_factor_away(
    api: Api, person: Person, clock: FakeClock
) -> None:
    asked = await ask(api, person)
    at_once = await arrived(api)
    clock.advance(hours=DELAY / 2)
    halfway = await arrived(api)
    clock.advance(hours=DELAY / 2, seconds=-1)
    just_before = await arrived(api)
    clock.advance(seconds=1)
    token = await token_in(api, LINK)

    ended = await finish(api, token)

    due_at = clock.now().isoformat().replace("+00:00", ".000Z")
    assert asked.status_code == 202
    assert asked.json() == {"status": "recovery_pending", "due_at": due_at}
    assert (at_once, halfway) == ([ANNOUNCED], [ANNOUNCED] * 2)
    assert just_before == halfway
    assert (ended.status_code, ended.content) == (204, b"")
    assert await arrived(api) == [ANNOUNCED, ANNOUNCED, LINK, DONE]
    ended_by = {
        each.revoked_reason
        for each in await rows(api.runtime, Session)
        if each.user_id == person.id
    }
    assert ended_by == {"factors_recovered"}
    back = await api.signed_in(person)
    found = (await api.get("/users/me/factors", back)).json()
    assert found == {"totp": None, "passkeys": [], "recovery_codes": None}
    trail = [each for each in await api.trail(person.id) if "recover" in each]
    assert trail == [
        "factor.recovery_requested",
        "factor.recovery_scheduled",
        "factor.recovered",
    ]


async def test_asking_again_tells_when_and_mails_nothing(
    api: Api, person: Person, clock: FakeClock
) -> None:
    first = await ask(api, person)
    clock.advance(hours=1)

    again = [await ask(api, person) for _ in range(8)]

    assert {each.status_code for each in again} == {202}
    assert [each.json() for each in again] == [first.json()] * 8
    assert await arrived(api) == [ANNOUNCED]


async def test_the_sign_in_that_asked_goes_on_and_ends_it(
    api: Api, runtime: Runtime, clock: FakeClock
) -> None:
    person = await api.person()
    app = await FactorFactory(runtime).totp(person.id)
    first = await begun(api, person)
    await api.post(RECOVER, {"mfa_token": first["mfa_token"]})

    body = {"mfa_token": first["mfa_token"], "factor": "totp", "code": app.code}
    found = await api.post("/auth/mfa", body)
    clock.advance(hours=DELAY)

    assert found.status_code == 200
    assert LINK not in await arrived(api)
    assert (await api.trail(person.id))[-1] == "sign_in.succeeded"
    assert "factor.recovery_stopped" in await api.trail(person.id)


async def by_link(api: Api, _: Person) -> None:
    token = await token_in(api, ANNOUNCED)
    answer = await api.post(f"{RECOVER}/stop", {"token": token})
    assert answer.status_code == 204


async def by_administrator(api: Api, person: Person) -> None:
    path = f"/users/{person.id}/factors/passkey"
    assert (await api.delete(path, await api.admin())).status_code == 204


async def by_disabling(api: Api, person: Person) -> None:
    admin, path = await api.admin(), f"/users/{person.id}"
    for status in ("disabled", "active"):
        answer = await api.patch(path, {"status": status}, admin)
        assert answer.status_code == 200


async def by_address(api: Api, person: Person) -> None:
    body = {"email": "elsewhere@example.com", "email_verified": True}
    answer = await api.patch(f"/users/{person.id}", body, await api.admin())
    assert answer.status_code == 200


async def by_not_me(api: Api, person: Person) -> None:
    async with api.runtime.unit_of_work() as uow:
        user = await uow.users.by_id(person.id)
        assert user is not None
        link = not_me_link(uow, api.runtime, user)
    assert link is not None
    token = api.runtime.secret_key.one_time_token("not_me", link)
    assert (await api.post("/auth/not-me", {"token": token})).status_code == 204


async def by_demanded_reset(api: Api, person: Person) -> None:
    path = f"/users/{person.id}/password-reset"
    assert (await api.post(path, {}, await api.admin())).status_code == 202


@pytest.mark.parametrize(
    "way",
    [
        by_link,
        by_passkey,
        by_administrator,
        by_disabling,
        by_address,
        by_not_me,
        by_demanded_reset,
        reset,
    ],
)
@pytest.mark.parametrize("hours", [1, DELAY])
async def test_what_ends_it_ends_its_mails_and_its_link(
    api: Api, person: Person, clock: FakeClock, way: Way, hours: int
) -> None:
    await ask(api, person)
    await arrived(api)
    link = (await api.mailed("factor_recovery_link")).token

    clock.advance(hours=hours)
    came = await arrived(api)
    await way(api, person)
    clock.advance(hours=DELAY - hours)
    after = await arrived(api)
    ended = [await finish(api, link, each) for each in (PASSWORD, NEW_PASSWORD)]

    assert (LINK in came, after.count(LINK)) == (hours == DELAY, came.count(LINK))
    assert [each.json()["code"] for each in ended] == ["invalid_token"] * 2
    assert DONE not in await arrived(api)


async def test_the_link_that_stops_works_as_long_as_there_is_something_to_stop(
    api: Api, person: Person, clock: FakeClock
) -> None:
    await ask(api, person)
    stop = await token_in(api, ANNOUNCED)
    clock.advance(hours=DELAY + 23)

    answer = await api.post(f"{RECOVER}/stop", {"token": stop})
    again = await api.post(f"{RECOVER}/stop", {"token": stop})

    assert (answer.status_code, again.status_code) == (204, 400)
    assert (await api.trail(person.id))[-1] == "factor.recovery_stopped"


async def test_the_last_link_lives_for_a_day_and_works_once(
    api: Api, person: Person, clock: FakeClock
) -> None:
    await ask(api, person)
    clock.advance(hours=DELAY)
    late = await token_in(api, LINK)
    clock.advance(hours=24)

    too_late = await finish(api, late)
    await ask(api, person)
    clock.advance(hours=DELAY)
    token = await token_in(api, LINK)
    used = [await finish(api, token), await finish(api, token)]

    assert too_late.json()["code"] == "invalid_token"
    assert [each.status_code for each in used] == [204, 400]


async def test_a_mail_that_an_administrator_hurries_is_of_no_use_before_its_time(
    api: Api, person: Person, clock: FakeClock
) -> None:
    await ask(api, person)
    admin = await api.admin()
    waiting = [
        each
        for each in await rows(api.runtime, OutboxMessage)
        if each.payload.get("template") == "factor_recovery_link"
    ]
    retried = await api.post(f"/outbox/{waiting[0].id}/retry", None, admin)
    token = await token_in(api, LINK)

    early = await finish(api, token)
    clock.advance(hours=DELAY)
    due = await finish(api, token)

    assert retried.status_code == 200
    assert token not in retried.text
    assert [early.status_code, due.status_code] == [400, 204]


async def test_the_link_that_stops_ends_nothing_else(
    api: Api, person: Person, clock: FakeClock
) -> None:
    await ask(api, person)
    stop = await token_in(api, ANNOUNCED)
    clock.advance(hours=DELAY)
    link = await token_in(api, LINK)

    wrong_way = await finish(api, stop)
    other_way = await api.post(f"{RECOVER}/stop", {"token": link})

    assert [wrong_way.status_code, other_way.status_code] == [400, 400]
    assert (await begun(api, person))["factors"]


async def test_a_frozen_account_neither_begins_nor_ends_one(
    api: Api, person: Person, clock: FakeClock
) -> None:
    await ask(api, person)
    clock.advance(hours=DELAY)
    token = await token_in(api, LINK)
    await change(api, person, factors_frozen_until=clock.now() + timedelta(hours=1))

    ended = await finish(api, token)
    asked = await ask(api, person)
    clock.advance(hours=1)
    thawed = await finish(api, token)

    assert ended.json()["code"] == asked.json()["code"] == "factors_frozen"
    assert thawed.status_code == 204


async def test_where_a_role_demands_a_factor_the_next_sign_in_sets_one_up(
    api: Api, person: Person, clock: FakeClock
) -> None:
    admin = await api.admin()
    changed = await api.patch("/roles/user", {"mfa_required": True}, admin)
    await ask(api, person)
    clock.advance(hours=DELAY)
    await finish(api, await token_in(api, LINK))

    first = await begun(api, person)

    assert changed.status_code == 200
    assert (first["factors"], first["enrol"]) == ([], ["totp"])
    refused = await api.post(RECOVER, {"mfa_token": first["mfa_token"]})
    assert refused.json()["code"] == "factor_recovery_unavailable"


async def test_mails_are_bounded_however_often_it_is_stopped(
    api: Api, person: Person, clock: FakeClock
) -> None:
    answers = []
    for _ in range(8):
        answers.append((await ask(api, person)).status_code)
        token = (await api.mailed("factor_recovery_requested")).token
        await api.post(f"{RECOVER}/stop", {"token": token})

    assert answers == [202] * 5 + [429] * 3


class TestOff:
    """Where administrators alone take factors away."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        """No recovery."""
        return {"mfa": {"recovery_delay": 0}}

    async def test_asking_is_refused(self, api: Api, person: Person) -> None:
        refused = await ask(api, person)

        assert refused.json()["code"] == "factor_recovery_unavailable"
        assert await arrived(api) == []
