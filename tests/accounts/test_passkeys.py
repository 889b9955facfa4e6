"""An account's own passkeys: made, listed, named, removed."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import Response

from app.services.server.runtime import Runtime
from tests.factories.authenticator import CLOUD, USER_PRESENT, Authenticator, encode
from tests.factories.factor import FactorFactory
from tests.support.api import Api, Person
from tests.support.chance import FakeClock

ORIGIN = "http://localhost:8000"
PATH = "/users/me/passkeys"


@pytest.fixture
def factors(runtime: Runtime) -> FactorFactory:
    """Second factors for accounts."""
    return FactorFactory(runtime)


async def options_of(api: Api, person: Person) -> dict[str, Any]:
    """Return creation options."""
    answer = await api.post(f"{PATH}/options", None, person)
    assert answer.status_code == 200, answer.text
    options: dict[str, Any] = answer.json()
    return options


async def add(
    api: Api,
    person: Person,
    held: Authenticator,
    name: str | None = None,
    **changed: Any,
) -> Response:
    """Ask, make a passkey, and send it."""
    made = held.create(await options_of(api, person), **changed)
    body = {"response": made} | ({"name": name} if name else {})
    return await api.post(PATH, body, person)


async def entered(api: Api, person: Person, held: Authenticator) -> Person:
    """Sign somebody in with a passkey: what changes factors wants one by then."""
    asked = (await api.post("/auth/passkey/options")).json()
    answer = await api.post("/auth/passkey/verify", {"response": held.get(asked)})
    assert answer.status_code == 200, answer.text
    return Person(person.id, person.email, answer.json())


async def listed(api: Api, person: Person) -> list[dict[str, Any]]:
    """Return the passkeys that the account has."""
    found: list[dict[str, Any]] = (await api.get("/users/me/factors", person)).json()[
        "passkeys"
    ]
    return found


async def test_a_passkey_is_made_and_signs_in(api: Api) -> None:
    person, held = await api.person(), Authenticator(ORIGIN)
    other = await api.signed_in(person)

    made = await add(api, person, held, "My key")
    asked = (await api.post("/auth/passkey/options")).json()
    entered = await api.post("/auth/passkey/verify", {"response": held.get(asked)})

    assert (made.status_code, made.json()["name"]) == (201, "My key")
    assert [each["name"] for each in await listed(api, person)] == ["My key"]
    assert entered.status_code == 200
    assert (await api.get("/users/me", other)).status_code == 401  # all others ended
    assert (await api.login(person.email)).json()["factors"] == ["passkey"]
    [mail] = [m for m in await api.mails() if m["template"] == "factor_added"]
    assert (mail["to"], mail["data"]) == (person.email, {"factor": "passkey"})


async def test_the_options_know_the_account_and_what_it_has(api: Api) -> None:
    person, held = await api.person(name="Ada"), Authenticator(ORIGIN)
    await add(api, person, held)

    options = await options_of(api, await entered(api, person, held))

    user = options["user"]
    assert (user["name"], user["displayName"]) == (person.email, "Ada")
    assert user["id"] == encode(held.passkeys[0].user_handle)  # one for all of them
    assert str(person.id) not in json.dumps(options)
    [excluded] = options["excludeCredentials"]
    assert excluded["id"] == encode(held.passkeys[0].credential_id)


@pytest.mark.parametrize(
    ("agent", "name"),
    [("Mozilla/5.0 (iPhone; ...)", "Passkey on iPhone"), ("curl/8", "Passkey")],
)
async def test_one_without_a_name_is_called_after_its_system(
    api: Api, agent: str, name: str
) -> None:
    person = await api.person()
    api.client.headers["User-Agent"] = agent

    assert (await add(api, person, Authenticator(ORIGIN))).json()["name"] == name


async def test_an_answer_is_taken_once_and_in_its_session_only(
    api: Api, clock: FakeClock, factors: FactorFactory
) -> None:
    person, other = await api.person(), await api.person()
    person = await entered(api, person, await factors.passkey(person.id))
    options = await options_of(api, person)
    first, second = (Authenticator(ORIGIN).create(options) for _ in range(2))
    signed_in = (await api.post("/auth/passkey/options")).json()
    mixed = Authenticator(ORIGIN).create(
        {**options, "challenge": signed_in["challenge"]}
    )

    foreign = await api.post(PATH, {"response": first}, other)
    of_sign_in = await api.post(PATH, {"response": mixed}, person)
    answers = [
        await api.post(PATH, {"response": each}, person)
        for each in (first, first, second)
    ]
    late = await options_of(api, person)
    clock.advance(minutes=5)
    body = {"refresh_token": person.tokens["refresh_token"]}
    person.tokens = (await api.post("/auth/refresh", body)).json()
    too_late = await api.post(
        PATH, {"response": Authenticator(ORIGIN).create(late)}, person
    )

    assert [each.status_code for each in answers] == [201, 400, 400]
    for refused in (foreign, of_sign_in, too_late, *answers[1:]):
        assert refused.json()["code"] == "refused_passkey"
    assert len(await listed(api, person)) == 2


async def test_a_passkey_of_somebody_else_is_nobody_s_twice(api: Api) -> None:
    person, other = await api.person(), await api.person()
    held = Authenticator(ORIGIN)
    await add(api, person, held)

    credential_id = held.passkeys[0].credential_id
    answer = await add(api, other, Authenticator(ORIGIN), credential_id=credential_id)

    assert (answer.status_code, answer.json()["code"]) == (400, "refused_passkey")
    assert await listed(api, other) == []


async def test_one_that_did_not_know_its_user_is_a_second_step_only(api: Api) -> None:
    person, held = await api.person(), Authenticator(ORIGIN, flags=USER_PRESENT)
    await add(api, person, held)
    held.passkeys[0].flags = CLOUD & ~0x18  # somebody gave the key a PIN since

    asked = (await api.post("/auth/passkey/options")).json()
    alone = await api.post("/auth/passkey/verify", {"response": held.get(asked)})
    first = {"mfa_token": (await api.login(person.email)).json()["mfa_token"]}
    options = (await api.post("/auth/mfa/options", first)).json()
    body = {**first, "factor": "passkey", "response": held.get(options)}

    assert alone.json()["code"] == "invalid_passkey"
    assert (await api.post("/auth/mfa", body)).status_code == 200


async def test_there_are_at_most_twenty(api: Api, factors: FactorFactory) -> None:
    person = await api.person()
    waiting = await options_of(api, person)
    last = Authenticator(ORIGIN)
    response = last.create(waiting)
    for _ in range(20):
        await factors.passkey(person.id)

    answers = [
        await api.post(f"{PATH}/options", None, person),
        await api.post(PATH, {"response": response}, person),
    ]

    # The account has factors now, and this session proved none of them.
    codes = {each.json()["code"] for each in answers}
    assert codes <= {"too_many_passkeys", "reauthentication_required"}
    assert len(await listed(api, person)) == 20


async def test_names_are_changed_and_passkeys_removed(api: Api) -> None:
    person, held = await api.person(), Authenticator(ORIGIN)
    passkey = (await add(api, person, held)).json()["id"]
    person = await entered(api, person, held)

    renamed = await api.patch(f"{PATH}/{passkey}", {"name": "Desk"}, person)
    blank = await api.patch(f"{PATH}/{passkey}", {"name": ""}, person)
    removed = await api.delete(f"{PATH}/{passkey}", person)
    again = await api.delete(f"{PATH}/{passkey}", person)
    asked = (await api.post("/auth/passkey/options")).json()
    gone = await api.post("/auth/passkey/verify", {"response": held.get(asked)})

    assert (renamed.status_code, renamed.json()["name"]) == (200, "Desk")
    assert blank.status_code == 422
    assert [removed.status_code, again.status_code] == [204, 404]
    assert gone.json()["code"] == "invalid_passkey"
    assert (await api.mails())[-1]["template"] == "factor_removed"
    assert (await api.login(person.email)).status_code == 200


async def test_other_people_s_passkeys_do_not_exist(
    api: Api, factors: FactorFactory
) -> None:
    person, other = await api.person(), await api.person()
    await factors.passkey(other.id)
    [theirs] = [each["id"] for each in await listed(api, other)]

    for passkey in (theirs, str(uuid4())):
        answers = [
            await api.patch(f"{PATH}/{passkey}", {"name": "Mine"}, person),
            await api.delete(f"{PATH}/{passkey}", person),
        ]
        assert [each.status_code for each in answers] == [404, 404]
    assert len(await listed(api, other)) == 1


async def test_a_frozen_account_changes_nothing(
    api: Api, runtime: Runtime, clock: FakeClock
) -> None:
    person, held = await api.person(), Authenticator(ORIGIN)
    passkey = (await add(api, person, held)).json()["id"]
    person = await entered(api, person, held)
    waiting = Authenticator(ORIGIN).create(await options_of(api, person))
    async with runtime.unit_of_work() as uow:
        user = await uow.users.by_id(person.id)
        assert user is not None
        user.factors_frozen_until = clock.now() + timedelta(hours=1)

    answers = [
        await api.post(f"{PATH}/options", None, person),
        await api.post(PATH, {"response": waiting}, person),
        await api.patch(f"{PATH}/{passkey}", {"name": "Desk"}, person),
        await api.delete(f"{PATH}/{passkey}", person),
    ]

    assert {each.json()["code"] for each in answers} == {"factors_frozen"}


async def test_signals_tell_what_is_still_good(api: Api) -> None:
    person, held = await api.person(name="Ada"), Authenticator(ORIGIN)
    await add(api, person, held)

    told = (await api.get(f"{PATH}/signals", person)).json()

    assert told == {
        "rpId": "localhost",
        "userId": encode(held.passkeys[0].user_handle),
        "name": person.email,
        "displayName": "Ada",
        "allAcceptedCredentialIds": [encode(held.passkeys[0].credential_id)],
    }


async def test_the_export_tells_of_passkeys(api: Api) -> None:
    person = await api.person()
    await add(api, person, Authenticator(ORIGIN), "Desk")

    exported = (await api.get("/users/me/export", person)).json()

    [passkey] = exported["passkeys"]
    assert passkey["name"] == "Desk" and UUID(passkey["id"])
