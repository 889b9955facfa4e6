"""The second step of a sign-in: when it is due, what passes it, and how often."""

from typing import Any
from uuid import UUID

import pytest
from httpx2 import Response
from sqlalchemy import select

from app.factors.otpauth import read_uri
from app.models import Session, User
from app.services.accounts.password import PasswordService
from app.services.server.runtime import Runtime
from tests.factories.factor import Authenticator, FactorFactory
from tests.support.api import PASSWORD, Api, Person
from tests.support.chance import FakeClock


@pytest.fixture
def factors(runtime: Runtime) -> FactorFactory:
    """Second factors for accounts."""
    return FactorFactory(runtime)


async def begun(api: Api, person: Person) -> dict[str, Any]:
    """Return what somebody gets for the right password alone."""
    answer = await api.login(person.email)
    assert answer.status_code == 401
    document: dict[str, Any] = answer.json()
    assert document["code"] == "mfa_required"
    return document


async def step(
    api: Api, begun: dict[str, Any], code: str, factor: str = "totp"
) -> Response:
    """Answer the second step with a code."""
    body = {"mfa_token": begun["mfa_token"], "factor": factor, "code": code}
    return await api.post("/auth/mfa", body)


async def amr_of(api: Api, person: Person) -> list[str]:
    """Return how the latest session of somebody began."""
    query = select(Session).where(Session.user_id == person.id)
    query = query.order_by(Session.id.desc()).limit(1)
    async with api.runtime.database.session(read_only=True) as db:
        return (await db.scalars(query)).one().amr


async def test_a_password_alone_signs_in_whoever_has_no_second_factor(
    api: Api,
) -> None:
    person = await api.person()

    assert await amr_of(api, person) == ["pwd"]


async def test_a_code_finishes_what_the_password_began(
    api: Api, factors: FactorFactory
) -> None:
    person = await api.person()
    app = await factors.totp(person.id)

    first = await begun(api, person)
    tokens = await step(api, first, app.code)

    assert first["factors"] == ["totp"]
    assert tokens.status_code == 200
    person.tokens = tokens.json()
    assert (await api.get("/users/me", person)).status_code == 200
    assert await amr_of(api, person) == ["pwd", "otp", "mfa"]
    trail = await api.trail(person.id)
    assert trail[-2:] == ["sign_in.second_step_demanded", "sign_in.succeeded"]


async def test_a_wrong_password_says_nothing_of_a_second_factor(
    api: Api, factors: FactorFactory
) -> None:
    person = await api.person()
    await factors.totp(person.id)

    answer = await api.login(person.email, "not the password of anybody")

    assert answer.json()["code"] == "invalid_credentials"
    assert "mfa_token" not in answer.json()


async def test_a_recovery_code_stands_in_once(api: Api, factors: FactorFactory) -> None:
    person = await api.person()
    await factors.totp(person.id)
    code, other = await factors.recovery_codes(person.id)

    first = await begun(api, person)
    answers = [
        await step(api, first, code.lower().replace("-", " "), "recovery_code"),
        await step(api, await begun(api, person), code, "recovery_code"),
        await step(api, await begun(api, person), other, "recovery_code"),
    ]

    assert first["factors"] == ["totp", "recovery_code"]
    assert [each.status_code for each in answers] == [200, 400, 200]


async def test_recovery_codes_alone_are_no_second_factor(
    api: Api, factors: FactorFactory
) -> None:
    person = await api.person()
    await factors.recovery_codes(person.id)

    assert (await api.login(person.email)).status_code == 200


async def test_a_code_is_accepted_once_ever(
    api: Api, factors: FactorFactory, clock: FakeClock
) -> None:
    person = await api.person()
    app = await factors.totp(person.id)
    code = app.code
    waiting = await begun(api, person)
    assert (await step(api, await begun(api, person), code)).status_code == 200

    again = await step(api, waiting, code)
    clock.advance(seconds=30)
    drifted = await step(api, waiting, code)
    later = await step(api, waiting, app.code)

    assert [again.status_code, drifted.status_code] == [400, 400]
    assert again.json()["code"] == drifted.json()["code"] == "invalid_code"
    assert later.status_code == 200


async def test_a_token_is_used_once_and_not_for_ever(
    api: Api, factors: FactorFactory, clock: FakeClock
) -> None:
    person = await api.person()
    app = await factors.totp(person.id)
    used, expired = await begun(api, person), await begun(api, person)
    assert (await step(api, used, app.code)).status_code == 200
    clock.advance(seconds=30)

    again = await step(api, used, app.code)
    clock.advance(minutes=10)
    late = await step(api, expired, app.code)

    assert [again.status_code, late.status_code] == [401, 401]
    assert again.json()["code"] == late.json()["code"] == "invalid_mfa_token"


async def test_t091_after_five_wrong_codes_it_begins_anew_and_the_owner_is_told(
    api: Api, factors: FactorFactory
) -> None:
    person = await api.person()
    app = await factors.totp(person.id)
    first = await begun(api, person)

    wrong = [await step(api, first, app.wrong_code) for _ in range(5)]
    mails = [mail["template"] for mail in await api.mails()]
    right = await step(api, first, app.code)

    assert [each.json()["code"] for each in wrong] == ["invalid_code"] * 5
    assert right.json()["code"] == "invalid_mfa_token"
    assert mails == ["second_step_guessed"]
    assert (await step(api, await begun(api, person), app.code)).status_code == 200


async def test_t092_t094_codes_are_limited_however_often_the_password_is_given(
    api: Api, factors: FactorFactory, clock: FakeClock
) -> None:
    person = await api.person()
    app = await factors.totp(person.id)

    async def guess() -> int:
        waiting = await begun(api, person)
        return (await step(api, waiting, app.wrong_code)).status_code

    answers = [await guess() for _ in range(12)]
    waiting = await begun(api, person)
    limited = await step(api, waiting, app.code)
    clock.advance(minutes=5)
    later = await step(api, waiting, app.code)

    assert answers == [400] * 10 + [429] * 2
    assert limited.status_code == 429 and "Retry-After" in limited.headers
    assert later.status_code == 200


async def test_the_factor_of_somebody_else_proves_nothing(
    api: Api, factors: FactorFactory
) -> None:
    owner, other = await api.person(), await api.person()
    await factors.totp(owner.id)
    [code] = await factors.recovery_codes(other.id, 1)

    answer = await step(api, await begun(api, owner), code, "recovery_code")

    assert answer.json()["code"] == "invalid_code"


@pytest.mark.parametrize(
    "change", [{"status": "disabled"}, {"password_hash": None}], ids=lambda c: [*c][0]
)
async def test_what_ends_the_account_meanwhile_ends_the_sign_in(
    api: Api, factors: FactorFactory, change: dict[str, Any]
) -> None:
    person = await api.person()
    app = await factors.totp(person.id)
    first = await begun(api, person)
    admin = await api.admin()
    if "status" in change:
        await api.patch(f"/users/{person.id}", change, admin)
    else:
        await api.post(f"/users/{person.id}/sessions/revoke", None, admin)
        await api.post("/auth/forgot-password", {"email": person.email})
        link = await api.mailed("reset_password")
        body = {"token": link.token, "new_password": "another horse entirely"}
        assert (await api.post("/auth/reset-password", body)).status_code == 204

    answer = await step(api, first, app.code)

    assert answer.json()["code"] == "invalid_mfa_token"


async def test_t098_a_code_from_a_mail_is_one_factor(
    api: Api, factors: FactorFactory
) -> None:
    person = await api.person()
    app = await factors.totp(person.id)
    await api.post("/auth/email-code", {"email": person.email})
    mail = await api.mailed("email_code")

    body = {"email": person.email, "code": mail.code}
    first = await api.post("/auth/email-code/verify", body)
    tokens = await step(api, first.json(), app.code)

    assert first.json()["code"] == "mfa_required"
    assert tokens.status_code == 200
    assert await amr_of(api, person) == ["otp", "mfa"]


async def test_t098_a_reset_does_not_skip_the_second_factor(
    api: Api, factors: FactorFactory
) -> None:
    person = await api.person()
    await factors.totp(person.id)
    await api.post("/auth/forgot-password", {"email": person.email})
    link = await api.mailed("reset_password")
    body = {"token": link.token, "new_password": "another horse entirely"}
    await api.post("/auth/reset-password", body)

    answer = await api.login(person.email, "another horse entirely")

    assert answer.json()["code"] == "mfa_required"


async def test_a_role_asks_for_a_second_factor_of_whoever_has_it(
    api: Api, factors: FactorFactory
) -> None:
    admin, person = await api.admin(), await api.person()

    changed = await api.patch("/roles/admin", {"mfa_required": True}, admin)

    assert changed.json()["mfa_required"] is True
    assert (await begun(api, admin))["factors"] == []
    assert (await api.login(person.email)).status_code == 200


@pytest.mark.parametrize(
    "change",
    [{"permissions": []}, {"description": "x"}, {"mfa_required": "yes"}],
    ids=lambda change: [*change][0],
)
async def test_nothing_else_of_a_built_in_role_changes(
    api: Api, change: dict[str, Any]
) -> None:
    admin = await api.admin()

    answer = await api.patch("/roles/user", {"mfa_required": True} | change, admin)

    assert answer.status_code in (403, 422)
    read = await api.get("/roles/user", admin)
    assert read.json()["mfa_required"] is False


async def test_who_may_do_less_than_a_role_cannot_ease_it(api: Api) -> None:
    admin = await api.admin()
    role = {"name": "roles", "permissions": ["roles:read", "roles:write"]}
    await api.post("/roles", role, admin)
    await api.patch("/roles/admin", {"mfa_required": True}, admin)
    manager = await api.person("roles")

    eased = await api.patch("/roles/admin", {"mfa_required": False}, manager)

    assert eased.status_code == 403


@pytest.mark.parametrize(
    "token", ["", "asot_forged", "not a token", "x" * 512], ids=len
)
async def test_a_forged_token_is_refused(api: Api, token: str) -> None:
    body = {"mfa_token": token, "factor": "totp", "code": "123456"}

    answer = await api.post("/auth/mfa", body)

    assert answer.status_code == 401
    assert answer.json()["code"] == "invalid_mfa_token"


@pytest.mark.parametrize(
    "body",
    [
        {"factor": "totp"},
        {"factor": "totp", "response": {}},
        {"factor": "totp", "code": "1", "response": {}},
        {"factor": "passkey", "code": "123456"},
        {"factor": "password", "code": PASSWORD},
        {"factor": "email_code", "code": "12345678"},
    ],
    ids=str,
)
async def test_an_answer_that_is_none_is_422(api: Api, body: dict[str, Any]) -> None:
    answer = await api.post("/auth/mfa", {"mfa_token": "asot_x"} | body)

    assert answer.status_code == 422


async def test_a_code_as_people_type_it_is_read(
    api: Api, factors: FactorFactory
) -> None:
    person = await api.person()
    app: Authenticator = await factors.totp(person.id)
    code = f" {app.code[:3]} {app.code[3:]} "

    assert (await step(api, await begun(api, person), code)).status_code == 200


async def test_who_signs_in_with_two_factors_is_noted(
    api: Api, factors: FactorFactory
) -> None:
    person = await api.person()
    app = await factors.totp(person.id)
    before = await _last_sign_in(api, person.id)

    await step(api, await begun(api, person), app.code)

    after = await _last_sign_in(api, person.id)
    assert before is not None and after is not None and after >= before


async def _last_sign_in(api: Api, user_id: UUID) -> Any:
    async with api.runtime.database.session(read_only=True) as db:
        return (await db.get_one(User, user_id)).last_sign_in_at


@pytest.mark.parametrize("age", [61, 90, -61])
async def test_t095_a_code_of_long_ago_or_to_come_is_refused(
    api: Api, factors: FactorFactory, clock: FakeClock, age: int
) -> None:
    person = await api.person()
    app = await factors.totp(person.id)
    instant = clock.now().timestamp() - age
    code = app.key.code_at(int(instant) // app.key.period)

    answer = await step(api, await begun(api, person), code)

    assert answer.json()["code"] == "invalid_code"


async def test_a_factor_that_comes_meanwhile_ends_the_sign_in(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether one factor is enough was judged by those that there were before."""
    person = await api.person()
    verify = PasswordService.verify_stranger

    async def slow(*arguments: Any, **named: Any) -> Any:
        monkeypatch.undo()
        setup = (await api.post("/users/me/totp", None, person)).json()
        key = read_uri(setup["uri"])
        code = key.code_at(key.step_at(api.runtime.clock.now()))
        added = await api.post("/users/me/totp/confirm", {"code": code}, person)
        assert added.status_code == 204
        return await verify(*arguments, **named)

    monkeypatch.setattr(PasswordService, "verify_stranger", slow)
    meanwhile = await api.login(person.email)

    assert meanwhile.status_code == 401
    assert meanwhile.json()["code"] == "invalid_credentials"
    assert (await api.login(person.email)).json()["code"] == "mfa_required"
