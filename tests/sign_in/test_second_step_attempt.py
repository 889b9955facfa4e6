"""Guesses at the second step: bounded, told, and nobody else's hindrance."""

import re
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response

import app
from app.core.redaction import redact
from app.factors.base import FactorRefused
from app.services.factors.stored import STORED
from app.services.one_time.errors import InvalidCode
from app.services.server.runtime import Runtime
from app.services.sign_in.second_step import FactorAnswer, SecondStepService
from tests.factories.factor import Authenticator, FactorFactory
from tests.security.test_throttling import from_address
from tests.support.api import PASSWORD, Api, Person
from tests.support.chance import FakeClock

HOME, AWAY, ELSEWHERE = "192.0.2.1", "203.0.113.7", "198.51.100.9"
DAY = 86_400
FEW = {"limits": {"second_step_account": "2/3600", "second_step_address": "6/600"}}


@pytest.fixture
def factors(runtime: Runtime) -> FactorFactory:
    """Second factors for accounts."""
    return FactorFactory(runtime)


async def post(api: Api, path: str, body: dict[str, Any], at: str) -> Response:
    async with from_address(api, at) as client:
        return await client.post(f"/api/v1/auth/{path}", json=body)


async def begun(api: Api, person: Person, at: str = AWAY, device: str = "") -> str:
    """Give the right password; return the token of the sign-in that waits."""
    body = {"email": person.email, "password": PASSWORD}
    body |= {"device_token": device} if device else {}
    return str((await post(api, "login", body, at)).json()["mfa_token"])


async def step(api: Api, token: str, code: str, at: str = AWAY) -> Response:
    body = {"mfa_token": token, "factor": "totp", "code": code}
    return await post(api, "mfa", body, at)


async def told(api: Api) -> int:
    mails = [mail["template"] for mail in await api.mails()]
    return mails.count("second_step_guessed")


async def use_up(
    api: Api, person: Person, app: Authenticator, at: str = AWAY
) -> list[int]:
    """Guess at somebody's second step until nothing is looked at any more."""
    statuses: list[int] = []
    while 429 not in statuses and len(statuses) < 11:
        token = await begun(api, person, at)
        statuses.append((await step(api, token, app.wrong_code, at)).status_code)
    assert 429 in statuses
    return statuses


async def test_t092_who_leaves_a_try_at_each_token_is_told_of_all_the_same(
    api: Api, factors: FactorFactory
) -> None:
    person = await api.person()
    app = await factors.totp(person.id)
    seen = []

    for _ in range(2):
        token = await begun(api, person)
        for _ in range(4):
            assert (await step(api, token, app.wrong_code)).status_code == 400
        seen.append(await told(api))

    assert seen == [0, 1]


async def test_t092_a_day_of_guesses_is_bounded_and_so_are_the_mails(
    api: Api, factors: FactorFactory, clock: FakeClock
) -> None:
    person = await api.person()
    app = await factors.totp(person.id)
    evaluated, passed, number = 0, 0, 0

    while passed < DAY:
        number += 1
        at = f"203.0.{number // 200}.{number % 200 + 1}"
        answer = await step(api, await begun(api, person, at), app.wrong_code, at)
        evaluated += answer.status_code == 400
        if answer.status_code == 429:
            wait = int(answer.headers["retry-after"])
            clock.advance(seconds=wait)
            passed += wait

    assert 30 < evaluated < 50
    assert 1 < await told(api) < 10


async def test_the_owner_gets_in_at_home_while_a_stranger_guesses(
    api: Api, factors: FactorFactory
) -> None:
    person = await api.person()
    app = await factors.totp(person.id)
    statuses = await use_up(api, person, app)
    await use_up(api, person, app, ELSEWHERE)

    inside = await step(api, await begun(api, person, HOME), app.code, HOME)

    assert statuses == [400] * 10 + [429]
    assert inside.status_code == 200


async def test_the_owner_gets_in_at_a_known_device_from_anywhere(
    api: Api, factors: FactorFactory
) -> None:
    person = await api.person()
    app = await factors.totp(person.id)
    await use_up(api, person, app)
    device = person.tokens["device_token"]

    refused = await step(api, await begun(api, person), app.code)
    forged = await begun(api, person, device=device[:-4] + "AAAA")
    still = await step(api, forged, app.code)
    token = await begun(api, person, device=device)
    inside = await step(api, token, app.code)

    assert [refused.status_code, still.status_code] == [429, 429]
    assert inside.status_code == 200


@pytest.mark.parametrize("options", [FEW])
async def test_a_neighbour_uses_up_one_share_of_a_network_and_no_more(
    api: Api, factors: FactorFactory
) -> None:
    neighbour, person = await api.person(), await api.person()
    theirs, app = await factors.totp(neighbour.id), await factors.totp(person.id)
    for _ in range(6):
        token = await begun(api, neighbour)
        await step(api, token, theirs.wrong_code)

    inside = await step(api, await begun(api, person), app.code)

    assert inside.status_code == 200


@pytest.mark.parametrize("options", [FEW])
async def test_neighbours_together_do_not_stop_whom_the_account_knows(
    api: Api, factors: FactorFactory
) -> None:
    person = await api.person()
    app = await factors.totp(person.id)
    device = person.tokens["device_token"]
    for _ in range(4):
        other = await api.person()
        theirs = await factors.totp(other.id)
        statuses = await use_up(api, other, theirs)
    stranger = await api.person()
    strangers = await factors.totp(stranger.id)

    refused = await step(api, await begun(api, stranger), strangers.code)
    inside = await step(api, await begun(api, person, device=device), app.code)

    assert statuses[-1] == 429
    assert refused.status_code == 429
    assert inside.status_code == 200


# --- What the log has of it ---


def reasons() -> list[str]:
    """Return every reason that the sources have for refusing a factor."""
    sources = Path(app.__path__[0]).rglob("*.py")
    found = re.compile(r'FactorRefused\(\s*"([^"]+)"')
    return [each for path in sources for each in found.findall(path.read_text("utf-8"))]


@pytest.mark.parametrize("factor", [*STORED, "first_totp"])
def test_every_reason_of_a_wrong_factor_is_in_the_log_whole(factor: str) -> None:
    known = reasons()
    said = [FactorAnswer(factor, "").reason(FactorRefused(each)) for each in known]

    assert {"wrong code", "used before", "no such factor"} <= {*known}
    assert [redact(f"invalid_code ({each})") for each in said] == [
        f"invalid_code ({each})" for each in said
    ]


async def test_the_log_tells_a_wrong_code_from_one_that_was_used(
    api: Api, factors: FactorFactory, runtime: Runtime
) -> None:
    person = await api.person()
    await factors.totp(person.id)
    token = await begun(api, person)

    with pytest.raises(InvalidCode) as refused:
        await SecondStepService(runtime).finish(token, FactorAnswer("totp", "000000"))

    assert redact(refused.value.hint) == "wrong code, by totp"
