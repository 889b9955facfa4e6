"""Signing in with a passkey: alone, as a second step, and what does not do."""

from collections.abc import Mapping
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import select, update

from app.models import OneTimeToken, Passkey, Session, User
from app.services.server.runtime import Runtime
from tests.factories.authenticator import (
    CLOUD,
    DEVICE,
    USER_PRESENT,
    Authenticator,
    decode,
    encode,
)
from tests.factories.factor import FactorFactory
from tests.support.api import Api, Person
from tests.support.chance import FakeClock


@pytest.fixture
def factors(runtime: Runtime) -> FactorFactory:
    """Second factors for accounts."""
    return FactorFactory(runtime)


async def asked(api: Api, body: Any = None) -> dict[str, Any]:
    """Return request options."""
    answer = await api.post("/auth/passkey/options", body)
    assert answer.status_code == 200, answer.text
    options: dict[str, Any] = answer.json()
    return options


async def verify(api: Api, response: Any) -> Response:
    """Answer with a passkey."""
    return await api.post("/auth/passkey/verify", {"response": response})


async def signed_in(api: Api, held: Authenticator, **changed: Any) -> Response:
    """Ask, and answer."""
    return await verify(api, held.get(await asked(api), **changed))


async def amr_of(api: Api, person: Person) -> list[str]:
    """Return how the latest session of somebody began."""
    query = select(Session).where(Session.user_id == person.id)
    query = query.order_by(Session.id.desc()).limit(1)
    async with api.runtime.database.session(read_only=True) as db:
        return (await db.scalars(query)).one().amr


async def stored(api: Api, person: Person) -> Passkey:
    """Return the only passkey of somebody."""
    query = select(Passkey).where(Passkey.user_id == person.id)
    async with api.runtime.database.session(read_only=True) as db:
        return (await db.scalars(query)).one()


async def set_user(api: Api, person: Person, **columns: Any) -> None:
    """Change columns of an account."""
    async with api.runtime.database.session() as db:
        await db.execute(update(User).where(User.id == person.id).values(**columns))
        await db.commit()


@pytest.mark.parametrize(
    ("flags", "amr"),
    [(DEVICE, ["hwk", "user", "mfa"]), (CLOUD, ["swk", "user", "mfa"])],
)
async def test_a_passkey_alone_is_two_factors(
    api: Api, factors: FactorFactory, flags: int, amr: list[str]
) -> None:
    person = await api.person()
    held = await factors.passkey(person.id, flags=flags)
    await factors.totp(person.id)  # which is not asked for besides

    answer = await signed_in(api, held)

    assert answer.status_code == 200
    person.tokens = answer.json()
    assert (await api.get("/users/me", person)).json()["id"] == str(person.id)
    assert await amr_of(api, person) == amr
    assert (await api.trail(person.id))[-1] == "sign_in.succeeded"
    row = await stored(api, person)
    assert row.sign_count == 1 and row.last_used_at == api.runtime.clock.now()


async def test_t088_options_are_about_nobody_and_store_nothing(
    api: Api, factors: FactorFactory
) -> None:
    person = await api.person()
    await factors.passkey(person.id)
    known, unknown = {"email": person.email}, {"email": "nobody@example.com"}

    answers = [await asked(api, body) for body in (None, {}, known, unknown)]

    challenges = {decode(each.pop("challenge"))[-32:] for each in answers}
    assert len(challenges) == 4 and {len(each) for each in challenges} == {32}
    assert answers == 4 * [
        {
            "rpId": "localhost",
            "allowCredentials": [],
            "timeout": 300_000,
            "userVerification": "required",
        }
    ]
    waiting = select(OneTimeToken).where(OneTimeToken.purpose != "setup")
    async with api.runtime.database.session(read_only=True) as db:
        assert (await db.scalars(waiting)).all() == []


async def test_an_answer_signs_in_once(api: Api, factors: FactorFactory) -> None:
    person = await api.person()
    held = await factors.passkey(person.id, step=0)  # no counter that would notice
    options = await asked(api)
    answer = held.get(options)

    statuses = [
        (await verify(api, answer)).status_code,
        (await verify(api, answer)).status_code,
        (await verify(api, held.get(options))).status_code,
    ]

    assert statuses == [200, 401, 401]


async def test_a_challenge_is_ours_and_lives_five_minutes(
    api: Api, factors: FactorFactory, clock: FakeClock
) -> None:
    person = await api.person()
    held = await factors.passkey(person.id)
    late, forged = await asked(api), await asked(api)
    clock.advance(minutes=5)
    forged["challenge"] = forged["challenge"][:-4] + "AAAA"
    made_up = {**forged, "challenge": encode(b"a" * 32)}

    for options in (late, forged, made_up):
        answer = await verify(api, held.get(options))
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_passkey")


# Each kind once; tests/factors has them all.
_HOSTILE: dict[str, Mapping[str, Any]] = {
    "not verified": {"flags": USER_PRESENT},
    "another origin": {"origin": "https://localhost"},
    "foreign credential": {"credential_id": b"nobody's"},
    "no handle": {"response": {"userHandle": None}},
    "no signature": {"response": {"signature": "AA"}},
    "counter back": {"sign_count": 0},
}


@pytest.mark.parametrize("hostile", _HOSTILE)
async def test_a_hostile_answer_signs_nobody_in(
    api: Api, factors: FactorFactory, hostile: str
) -> None:
    person = await api.person()
    held = await factors.passkey(person.id)
    assert (await signed_in(api, held)).status_code == 200

    answer = await signed_in(api, held, **_HOSTILE[hostile])

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_passkey")
    trail = await api.trail(None if hostile == "foreign credential" else person.id)
    assert trail[-1] == "sign_in.failed"
    assert (await stored(api, person)).sign_count == 1


@pytest.mark.parametrize(
    "junk", [{}, {"id": 7}, {"id": "AA", "response": []}, {"id": "A" * 9_000}]
)
async def test_junk_is_refused_like_a_wrong_passkey(api: Api, junk: Any) -> None:
    answer = await verify(api, junk)

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_passkey")


async def test_what_is_no_object_is_no_answer(api: Api) -> None:
    none: tuple[Any, ...] = (None, [], "text", 7)

    for junk in none:
        assert (await verify(api, junk)).status_code == 422


async def test_a_disabled_account_is_refused_like_a_wrong_passkey(
    api: Api, factors: FactorFactory
) -> None:
    person = await api.person()
    held = await factors.passkey(person.id)
    await set_user(api, person, status="disabled")
    options = await asked(api)
    answer = held.get(options)

    refused = await verify(api, answer)
    await set_user(api, person, status="active")
    again = await verify(api, answer)

    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_passkey")
    assert again.status_code == 401  # what was used up stays so
    assert (await api.trail(person.id)).count("sign_in.failed") == 2


@pytest.mark.parametrize("options", [{"registration": "verified"}])
async def test_an_unverified_account_is_told_so(
    api: Api, factors: FactorFactory
) -> None:
    person = await api.person()
    held = await factors.passkey(person.id)
    await set_user(api, person, email_verified=False)

    answer = await signed_in(api, held)

    assert (answer.status_code, answer.json()["code"]) == (403, "email_not_verified")


async def test_a_passkey_is_a_second_step(api: Api, factors: FactorFactory) -> None:
    person = await api.person()
    held = await factors.passkey(person.id)
    first = (await api.login(person.email)).json()

    options = await api.post("/auth/mfa/options", {"mfa_token": first["mfa_token"]})
    body = {
        "mfa_token": first["mfa_token"],
        "factor": "passkey",
        "response": held.get(options.json(), flags=USER_PRESENT),
    }
    answers = [await api.post("/auth/mfa", body) for _ in range(2)]

    assert first["factors"] == ["passkey"]
    (allowed,) = options.json()["allowCredentials"]
    assert allowed["id"] == encode(held.passkeys[0].credential_id)
    assert [each.status_code for each in answers] == [200, 401]
    assert await amr_of(api, person) == ["pwd", "hwk", "mfa"]


async def test_a_second_step_takes_no_answer_to_another(
    api: Api, factors: FactorFactory
) -> None:
    person, other = await api.person(), await api.person()
    held, theirs = await factors.passkey(person.id), await factors.passkey(other.id)
    mine = (await api.login(person.email)).json()["mfa_token"]
    later = (await api.login(person.email)).json()["mfa_token"]
    options = (await api.post("/auth/mfa/options", {"mfa_token": mine})).json()
    body = {"mfa_token": mine, "factor": "passkey"}
    asked_alone = held.get(await asked(api))

    tries = [
        {**body, "mfa_token": later, "response": held.get(options)},
        {**body, "response": asked_alone},
        {**body, "response": theirs.passkeys[0].answer(options, theirs.origin)},
        {**body, "response": {}},
    ]

    for each in tries:
        answer = await api.post("/auth/mfa", each)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_code")
    alone = await verify(api, held.get(options))
    assert alone.json()["code"] == "invalid_passkey"


async def test_who_has_no_passkey_gets_no_options(
    api: Api, factors: FactorFactory
) -> None:
    person = await api.person()
    await factors.totp(person.id)
    first = (await api.login(person.email)).json()

    none = await api.post("/auth/mfa/options", {"mfa_token": first["mfa_token"]})
    unknown = await api.post("/auth/mfa/options", {"mfa_token": "made up"})

    assert (none.status_code, none.json()["code"]) == (400, "invalid_code")
    assert unknown.json()["code"] == "invalid_mfa_token"


async def test_wrong_passkeys_are_counted_by_address_and_stop_no_right_one(
    api: Api, factors: FactorFactory
) -> None:
    person = await api.person()
    held = await factors.passkey(person.id)

    statuses = [(await verify(api, {})).status_code for _ in range(61)]

    assert statuses[:60] == [401] * 60 and statuses[60] == 429

    options = await asked(api)
    answer = held.get(options)
    before = await api.trail(person.id)
    tampered = await verify(api, answer | {"id": "AAAA", "rawId": "AAAA"})
    forged = await verify(api, held.get(options, origin="https://evil.example"))
    assert {tampered.status_code, forged.status_code} == {429}
    assert await api.trail(person.id) == before

    right = await verify(api, answer)
    replayed = await verify(api, answer)
    assert (right.status_code, replayed.status_code) == (200, 429)
    assert await api.trail(person.id) == [*before, "sign_in.succeeded"]
