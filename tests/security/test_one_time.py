"""Mailed links and codes: once, in time, for one thing and one account."""

import asyncio
import hashlib
import json
from typing import Any

import pytest
from sqlalchemy import select

from app.jobs.mail import MailJob
from app.models import Base
from app.services.server.runtime import Runtime
from tests.conftest import SECRET
from tests.support.api import PASSWORD, Api, Person
from tests.support.chance import FakeClock

NEW = "a brand new password"
JSON = {"Content-Type": "application/json"}
HASHES = ("md5", "sha1", "sha256", "sha512", "blake2b", "sha3_256")


async def reset_token(api: Api, email: str) -> str:
    """Ask for a reset link and return its token."""
    await api.post("/auth/forgot-password", {"email": email})
    return (await api.mailed("reset_password")).token


async def dump(runtime: Runtime) -> str:
    """Return every value of every table, as text."""
    lines = []
    async with runtime.database.session(read_only=True) as db:
        for table in Base.metadata.sorted_tables:
            for row in await db.execute(select(table)):
                lines.append(f"{table.name} {[_text(value) for value in row]}")
    return "\n".join(lines)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return f"{value!r} {value.hex()}"
    return str(value)


async def test_t122_no_step_of_a_reset_works_without_the_link(api: Api) -> None:
    victim, attacker = await api.person(), await api.person()
    await api.post("/auth/forgot-password", {"email": victim.email})
    code = (await api.mailed("reset_password")).code
    own = await reset_token(api, attacker.email)
    own_code = (await api.mailed("reset_password")).code
    tries: list[dict[str, Any]] = [
        {"new_password": NEW},
        {"email": victim.email, "new_password": NEW},
        {"email": victim.email, "code": own_code, "new_password": NEW},
        {"token": code, "new_password": NEW},
        {"token": own, "new_password": NEW, "user_id": str(victim.id)},
        {"token": own, "new_password": NEW, "email": victim.email},
        {"token": str(victim.id), "new_password": NEW},
    ]

    answers = [await api.post("/auth/reset-password", body) for body in tries]

    assert {answer.status_code for answer in answers} <= {400, 422}
    assert (await api.login(victim.email)).status_code == 200


async def test_t124_fifty_uses_at_once_are_one(api: Api) -> None:
    user = await api.users.with_password(PASSWORD)
    token = await reset_token(api, user.email)
    bodies = [{"token": token, "new_password": f"{NEW} {n}"} for n in range(50)]

    answers = await asyncio.gather(
        *(api.post("/auth/reset-password", body) for body in bodies)
    )

    statuses = [answer.status_code for answer in answers]
    assert statuses.count(204) == 1
    assert set(statuses) <= {204, 400, 503}
    trail = await api.trail(user.id)
    assert trail.count("password.reset") == 1


async def test_t124_a_link_is_dead_after_the_password_changed(api: Api) -> None:
    person = await api.person()
    token = await reset_token(api, person.email)
    body = {"current_password": PASSWORD, "new_password": NEW}
    changed = await api.post("/auth/change-password", body, person)

    late = await api.post(
        "/auth/reset-password", {"token": token, "new_password": "x" * 20}
    )

    assert (changed.status_code, late.status_code) == (204, 400)
    assert (await api.login(person.email, NEW)).status_code == 200


async def test_t125_a_link_to_an_address_that_was_left_is_dead(api: Api) -> None:
    person = await api.person()
    reset = await reset_token(api, person.email)
    await api.post("/users/me/email", {"email": "new@example.com"}, person)
    change = (await api.mailed("change_email")).token

    moved = await api.post("/users/me/email/confirm", {"token": change}, person)
    late = await api.post("/auth/reset-password", {"token": reset, "new_password": NEW})

    assert (moved.status_code, late.status_code) == (204, 400)
    assert (await api.login("new@example.com")).status_code == 200


async def test_t125_a_link_works_for_its_own_account_only(api: Api) -> None:
    owner, other = await api.person(), await api.person()
    await api.post("/users/me/email", {"email": "new@example.com"}, owner)
    mail = await api.mailed("change_email")

    taken = [
        await api.post("/users/me/email/confirm", body, other)
        for body in ({"token": mail.token}, {"code": mail.code})
    ]

    assert [answer.status_code for answer in taken] == [400, 400]
    assert (await api.get("/users/me", other)).json()["email"] == other.email


async def test_t125_every_link_expires(
    api: Api, runtime: Runtime, clock: FakeClock
) -> None:
    person = await api.person()
    await api.post("/users/me/email", {"email": "new@example.com"}, person)
    change = (await api.mailed("change_email")).token
    reset = await reset_token(api, person.email)
    await api.post("/auth/register", {"email": "b@example.com", "password": PASSWORD})
    verify = await api.mailed("verify_email")

    clock.advance(seconds=runtime.settings.one_time.verify_email_ttl)
    fresh = await api.signed_in(person)
    answers = [
        await api.post("/users/me/email/confirm", {"token": change}, fresh),
        await api.post("/auth/reset-password", {"token": reset, "new_password": NEW}),
        await api.post("/auth/verify-email", {"token": verify.token}),
        await api.post(
            "/auth/verify-email", {"email": "b@example.com", "code": verify.code}
        ),
    ]

    assert [answer.status_code for answer in answers] == [400] * 4


async def test_a_code_by_mail_has_eight_digits_and_ten_minutes(
    api: Api, clock: FakeClock
) -> None:
    bodies = []
    for user in (await api.users(), await api.users()):
        await api.post("/auth/email-code", {"email": user.email})
        code = (await api.mailed("email_code")).code
        bodies.append({"email": user.email, "code": code})

    clock.advance(seconds=599)
    last_second = await api.post("/auth/email-code/verify", bodies[0])
    clock.advance(seconds=1)
    after = await api.post("/auth/email-code/verify", bodies[1])

    for body in bodies:
        assert len(body["code"]) == 8 and body["code"].isdecimal()
    assert (last_second.status_code, after.status_code) == (200, 400)


async def test_t127_no_secret_that_was_handed_out_is_in_the_database(
    api: Api, runtime: Runtime
) -> None:
    person = await api.admin()
    secrets = [PASSWORD, *person.tokens.values()]
    refreshed = await api.post(
        "/auth/refresh", {"refresh_token": person.tokens["refresh_token"]}
    )
    secrets += refreshed.json().values()
    await api.post("/auth/register", {"email": "b@example.com", "password": PASSWORD})
    await api.post("/users/me/email", {"email": "c@example.com"}, person)
    await api.post("/users", {"email": "d@example.com"}, person)
    await api.post("/auth/email-code", {"email": person.email})
    await api.post("/auth/forgot-password", {"email": person.email})
    for template in (
        "verify_email",
        "change_email",
        "invitation",
        "email_code",
        "reset_password",
    ):
        mail = await api.mailed(template)
        secrets += [mail.token, mail.code]
    secrets += [SECRET]
    before = await dump(runtime)
    await MailJob(runtime).run()
    after = await dump(runtime)

    strings = [secret for secret in secrets if isinstance(secret, str)]
    longer = [secret for secret in strings if secret != "Bearer"]
    bodies = [s.removeprefix("as_rt_").removeprefix("as_ot_") for s in longer]
    pieces = [piece for body in bodies for piece in body.split(".")[-1:]]
    assert len(runtime.mailbox.list()) >= 5
    assert person.email in before  # the dump is one
    assert [piece for piece in pieces if piece in before + after] == []


async def test_t127_no_hash_of_a_password_is_kept_that_guesses_can_be_tried_on(
    api: Api, runtime: Runtime
) -> None:
    admin, headers = await api.admin(), {"Idempotency-Key": "a key of the client"}
    bodies = [
        json.dumps({"email": f"{name}@example.com", "password": PASSWORD}).encode()
        for name in ("ann", "bob")
    ]
    answers = [
        await api.client.post(path, content=body, headers=headers | sender)
        for path, body, sender in (
            ("/api/v1/auth/register", bodies[0], JSON),
            ("/api/v1/users", bodies[1], JSON | admin.headers),
        )
    ]

    kept = await dump(runtime)

    assert [answer.status_code for answer in answers] == [201, 201]
    assert kept.count("idempotency_keys [") == 2
    known = [*bodies, PASSWORD.encode(), headers["Idempotency-Key"].encode()]
    hashes = [hashlib.new(name, text) for name in HASHES for text in known]
    found = [each for each in hashes if each.hexdigest() in kept]
    assert found == [] and PASSWORD not in kept


BLANKS: list[Any] = [
    "",
    None,
    0,
    " ",
    "\t",
    "null",
    "undefined",
    [],
    {},
    False,
    "as_ot_",
]


@pytest.mark.parametrize("blank", BLANKS, ids=repr)
async def test_t128_a_blank_token_matches_nothing(api: Api, blank: Any) -> None:
    person = await api.person(email_verified=False)
    await api.post("/auth/forgot-password", {"email": person.email})
    await api.post("/auth/email-code", {"email": person.email})
    account = {"email": "new@example.com", "password": PASSWORD}
    tries: list[tuple[str, dict[str, Any]]] = [
        ("/auth/reset-password", {"token": blank, "new_password": NEW}),
        ("/auth/verify-email", {"token": blank}),
        ("/auth/verify-email", {"email": person.email, "code": blank}),
        ("/auth/email-code/verify", {"email": person.email, "code": blank}),
        ("/users/me/email/confirm", {"token": blank}),
        ("/users/me/email/confirm", {"code": blank}),
        ("/auth/refresh", {"refresh_token": blank}),
    ]
    if blank is not None:  # null is the same as no invitation, by the schema
        tries.append(("/auth/register", account | {"invitation": blank}))

    answers = [await api.post(path, body, person) for path, body in tries]

    assert {answer.status_code for answer in answers} <= {400, 401, 422}
    me = (await api.get("/users/me", person)).json()
    assert me["email_verified"] is False and me["email"] == person.email


async def invite(api: Api, admin: Person, email: str) -> str:
    """Invite somebody and return the token in the mail."""
    made = await api.post("/users", {"email": email}, admin)
    assert made.status_code == 201, made.text
    return (await api.mailed("invitation")).token


async def test_t130_an_invitation_is_for_its_address_and_once(
    api: Api, clock: FakeClock
) -> None:
    admin = await api.admin()
    token = await invite(api, admin, "guest@example.com")
    body = {"email": "guest@example.com", "password": PASSWORD, "invitation": token}

    forged = [
        await api.post("/auth/register", body | {"email": "evil@example.com"}),
        await api.post("/auth/register", body | {"roles": ["admin"]}),
        await api.post("/auth/register", body | {"invitation": token[:-4] + "AAAA"}),
    ]
    accepted = await api.post("/auth/register", body)
    again = await api.post("/auth/register", body | {"password": NEW})

    assert [answer.status_code for answer in forged] == [400, 422, 400]
    assert (accepted.status_code, again.status_code) == (201, 400)
    assert accepted.json()["roles"] == ["user"]
    assert (await api.login("guest@example.com")).status_code == 200
    assert (await api.login("evil@example.com")).status_code == 401


async def test_t130_an_invitation_expires(api: Api, clock: FakeClock) -> None:
    token = await invite(api, await api.admin(), "guest@example.com")
    body = {"email": "guest@example.com", "password": PASSWORD, "invitation": token}

    clock.advance(days=7)
    late = await api.post("/auth/register", body)

    assert late.status_code == 400
    assert (await api.login("guest@example.com")).status_code == 401


async def test_t079_an_invited_account_has_no_password_until_its_owner_chose_one(
    api: Api,
) -> None:
    await invite(api, await api.admin(), "guest@example.com")
    guesses = ("", " ", "guest@example.com", "password", "changeme", "admin", "None")

    answers = [await api.login("guest@example.com", guess) for guess in guesses]

    assert {answer.status_code for answer in answers} == {401}
